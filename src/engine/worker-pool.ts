import { setTimeout as sleep } from 'node:timers/promises';
import { InferometerError } from '../core/errors.ts';
import type { ErrorData } from '../core/model-output.ts';
import { createResponseMemory, HISTORY_MEMORY_BYTES } from '../protocol/response-memory.ts';
import { segmentSize } from '../plan/share.ts';
import type { PlanChange } from '../plan/steered-time.ts';
import type { PhasePlan } from '../plan/plan.ts';
import { createTicketCounter } from '../plan/tickets.ts';
import { BeatWatch, type StuckListener } from './beat-watch.ts';
import { EngineThread } from './engine-thread.ts';
import { PhaseProgress, type PhaseOutcome } from './phase-progress.ts';
import { ProbeThread } from './probe-thread.ts';
import { ReadAhead } from './read-ahead.ts';
import { type PlacedPhase, type EngineSettings, shareOf } from './settings.ts';
import { totalOf } from './warming.ts';
import {
  COUNTERS,
  type WarmResult,
  type WorkerHealth,
  type WorkerNews,
  type WorkerOrder,
} from './worker-messages.ts';

/** A machine on which the first probe takes longer goes without. */
const FIRST_PROBE_MS = 2000;

/** Who is told what the workers send. Called on the main thread, in each worker's order. */
export interface WorkerPoolHandlers {
  /** A batch of events as an unsealed frame (`encodeBatchFrame`), in a buffer of its own that the handler may keep. */
  onFrame(bytes: Uint8Array, workerIndex: number): void;
  /** How late the reads of the frame that follows may be: see `LoopLateness.takeWindows`. */
  onWindows?(windows: Float64Array, workerIndex: number): void;
  /** About once a second from each worker. */
  onHealth(health: WorkerHealth, workerIndex: number): void;
  /** A worker's event loop stands still in a phase, or moves again: see {@link BeatWatch}. */
  onStuck?: StuckListener;
  /** Once at most from each worker: its first sample that failed, other than by being cancelled. */
  onFirstFailure?(failure: ErrorData): void;
  /** Once at most: the first worker that ended without being told to. */
  onWorkerDied(error: Error): void;
}

/** A phase under way. */
export interface PhaseRun {
  /** Settles, and never rejects, once no further request will be issued. */
  readonly issuingDone: Promise<void>;
  /**
   * Resolves when issuing is over, nothing of the phase is in flight and all its frames went to `onFrame`. Rejects when a worker
   * has died, after the others cancelled what they had in flight.
   */
  readonly finished: Promise<PhaseOutcome>;
}

/** Samples so far, over all phases and workers. */
export interface SampleCounts {
  readonly issued: number;
  /** Ended in any way. */
  readonly completed: number;
  readonly succeeded: number;
  /** Neither succeeded nor cancelled. */
  readonly errored: number;
  readonly inFlight: number;
  /** Due and waiting for a connection, as of the last beat. */
  readonly waiting: number;
  /** When a response was last read, ms since the run's origin, as of the last beat; 0 where {@link EngineSettings.watchesReads} is off. */
  readonly lastReadMs: number;
}

/** The engine as seen from the main thread: worker threads that issue a phase's requests and send the events. */
export class WorkerPool {
  readonly #handlers: WorkerPoolHandlers;
  readonly #threads: readonly EngineThread[];
  readonly #probes: ProbeThread | undefined;
  readonly #settings: EngineSettings;
  #threadIds: readonly (number | undefined)[] = [];
  #phase: PhaseProgress | undefined;
  #death: Error | undefined;
  #isClosing = false;

  private constructor(given: EngineSettings, handlers: WorkerPoolHandlers) {
    const settings = withSharedMemory(given);
    this.#handlers = handlers;
    this.#settings = settings;
    const workerCount = usableWorkers(settings);
    const { originNs, probesPerSecond = 0 } = settings;
    this.#probes =
      probesPerSecond > 0
        ? new ProbeThread({ originNs, workers: workerCount, ratePerSecond: probesPerSecond })
        : undefined;
    this.#threads = Array.from(
      { length: workerCount },
      (_, index) =>
        new EngineThread(settings, index, workerCount, this.#probes?.shared, {
          onNews: (news) => this.#onNews(news, index),
          onEnd: (error) => this.#onEnd(error, index),
        }),
    );
  }

  /** Starts the threads and waits until each is ready; rejects with the error of one that can't start. */
  static async start(settings: EngineSettings, handlers: WorkerPoolHandlers): Promise<WorkerPool> {
    const pool = new WorkerPool(settings, handlers);
    try {
      pool.#threadIds = await Promise.all(pool.#threads.map((thread) => thread.ready));
      await pool.#startProbes();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** The system's numbers of the threads, where it tells them. */
  get threadIds(): readonly (number | undefined)[] {
    return this.#threadIds;
  }

  /** Threads at work; fewer than asked for when connections are scarce. */
  get workerCount(): number {
    return this.#threads.length;
  }

  /** Opens up to so many connections in all, shared out over workers and endpoints. Failures are counted, not thrown. */
  async warm(connections: number): Promise<WarmResult> {
    const count = this.#threads.length;
    const results = await Promise.all(
      this.#threads.map((thread, index) => thread.warm(shareOf(connections, index, count))),
    );
    return totalOf(results);
  }

  /** Runs a phase; one at a time. */
  runPhase(phase: PlacedPhase): PhaseRun {
    if (this.#phase !== undefined) {
      throw new InferometerError(
        'INFEROMETER_ENGINE_BUSY',
        'internal',
        `phase ${phase.plan.name} can't start: another phase is still running`,
      );
    }
    const progress = new PhaseProgress(this.#ownPlan(phase.plan), this.#threads.length);
    if (this.#death !== undefined) {
      progress.fail(this.#death);
      return progress;
    }
    this.#phase = progress;
    const { onStuck } = this.#handlers;
    const counters = this.#threads.map((thread) => thread.counters);
    const watch = onStuck && new BeatWatch(counters, onStuck);
    const ticketCounter = createTicketCounter();
    const samplesBefore = this.counts().issued;
    const readAhead = ReadAhead.of(this.#settings, phase.plan.order, {
      ...{ ticketCounter, counters, samplesBefore },
    });
    const leave = () => {
      watch?.close();
      void readAhead?.close();
      this.#phase = undefined;
    };
    progress.finished.then(leave, leave);
    this.#order({
      ...{ kind: 'phase', phase },
      ticketCounter,
      sampleCounter: createTicketCounter(),
      firstIdleTicket: createTicketCounter(),
    });
    return progress;
  }

  /** Changes the plan of the phase under way; without one, does nothing. Ahead of its time, so that every worker has it by then. */
  changePlan(change: PlanChange): void {
    if (this.#phase !== undefined) this.#order({ kind: 'change', change });
  }

  /** Issues nothing more in this phase; what is in flight goes on. */
  stopIssuing(): void {
    this.#order({ kind: 'stop' });
  }

  /** Ends what is in flight, or waits for a connection, as failed samples of type `cancelled`. */
  cancelInFlight(): void {
    this.#order({ kind: 'cancel' });
  }

  /** A read of shared memory: may be called at any rate. */
  counts(): SampleCounts {
    let issued = 0;
    let completed = 0;
    let succeeded = 0;
    let errored = 0;
    let waiting = 0;
    let lastReadMs = 0;
    for (const { counters } of this.#threads) {
      // In this order, so that a sample that ends meanwhile is not missing from the issued ones.
      completed += Atomics.load(counters, COUNTERS.ended) >>> 0;
      issued += Atomics.load(counters, COUNTERS.issued) >>> 0;
      succeeded += Atomics.load(counters, COUNTERS.succeeded) >>> 0;
      errored += Atomics.load(counters, COUNTERS.errored) >>> 0;
      waiting += Atomics.load(counters, COUNTERS.waiting);
      lastReadMs = Math.max(lastReadMs, Atomics.load(counters, COUNTERS.lastReadMs) >>> 0);
    }
    return { issued, completed, succeeded, errored, inFlight: issued - completed, waiting, lastReadMs };
  }

  /** Closes all connections and ends the threads, whatever they are doing. Idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([this.#probes?.close(), ...this.#threads.map((thread) => thread.close())]);
  }

  /** The plan with as many samples as are this load generator's. */
  #ownPlan(plan: PhasePlan): PhasePlan {
    const { segment } = this.#settings;
    if (segment === undefined) return plan;
    return { ...plan, stop: { ...plan.stop, maxSamples: segmentSize(plan.stop.maxSamples, segment) } };
  }

  /** Without a port to listen on there are no probes: the report then says that lateness was not measured. */
  async #startProbes(): Promise<void> {
    if (this.#probes === undefined) return;
    try {
      this.#order({ kind: 'probes', port: await this.#probes.port });
      // What is read before the first probe has nothing to be measured by.
      const probing = Promise.all(this.#threads.map((thread) => thread.probing));
      const timeout = new AbortController();
      await Promise.race([probing, sleep(FIRST_PROBE_MS, undefined, timeout)]).finally(() => timeout.abort());
    } catch {
      await this.#probes.close();
    }
  }

  #order(order: WorkerOrder): void {
    for (const thread of this.#threads) thread.order(order);
  }

  #onNews(news: WorkerNews, workerIndex: number): void {
    if (news instanceof Uint8Array) {
      this.#handlers.onFrame(news, workerIndex);
      return;
    }
    switch (news.kind) {
      case 'ready':
      case 'probing':
      case 'warmed':
        return;
      case 'windows':
        this.#handlers.onWindows?.(news.windows, workerIndex);
        return;
      case 'firstFailure':
        this.#handlers.onFirstFailure?.(news.failure);
        return;
      case 'health':
        this.#handlers.onHealth(news.health, workerIndex);
        return;
      case 'firstIdle':
        this.#onFirstIdle();
        return;
      case 'issuingDone':
        this.#phase?.issuingDoneBy(workerIndex, news.stopped);
        if (this.#phase?.isClosedLoop) this.#order({ kind: 'exhausted' });
        return;
      case 'phaseDone':
        this.#phase?.doneBy(workerIndex, news.counts);
    }
  }

  #onFirstIdle(): void {
    this.#phase?.measuringStopped();
    if (this.#settings.conversations?.rules.onFirstIdle === 'stop_issuing') this.#order({ kind: 'finish' });
  }

  #onEnd(error: Error, workerIndex: number): void {
    this.#phase?.diedWith(workerIndex, error);
    if (this.#isClosing || this.#death !== undefined) return;
    this.#death = error;
    this.stopIssuing();
    this.cancelInFlight();
    this.#handlers.onWorkerDied(error);
  }
}

/** As many workers as wanted, as long as each can have a connection to every endpoint. */
function usableWorkers({ workers, maxConnections, endpoints }: EngineSettings): number {
  return Math.max(1, Math.min(workers, Math.floor(maxConnections / endpoints.length)));
}

/** Limits that hold over all threads. */
function withSharedMemory(settings: EngineSettings): EngineSettings {
  const { responseMemory = createResponseMemory(), conversations } = settings;
  if (conversations === undefined) return { ...settings, responseMemory };
  const { historyMemory = createResponseMemory(HISTORY_MEMORY_BYTES) } = conversations;
  return { ...settings, responseMemory, conversations: { ...conversations, historyMemory } };
}
