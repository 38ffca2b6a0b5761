import { hostname } from 'node:os';
import type { Subscription } from '@nats-io/transport-node';
import type { AgentNews } from '../../core/agent-news.ts';
import {
  type AgentState,
  decodeMessage,
  encodeMessage,
  type Job,
  NO_COUNTS,
  type Order,
  orderSchema,
  type Reply,
} from '../../cluster/messages.ts';
import { runSubjects, type RunSubjects } from '../../cluster/subjects.ts';
import { secretsOf } from '../../config/redact.ts';
import type { RunConfig } from '../../config/schema.ts';
import { assertNever, errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { countedText } from '../../core/quantity-text.ts';
import { createRunClock, type RunClock } from '../../core/time.ts';
import type { WorkerPool } from '../../engine/worker-pool.ts';
import type { PhasePlan } from '../../plan/plan.ts';
import { limitedTo } from '../../plan/sample-limit.ts';
import type { PlanChange } from '../../plan/steered-time.ts';
import { RunLogWriter } from '../../runlog/append.ts';
import { type Frame, FrameKind } from '../../transport/frame.ts';
import { FrameShipper } from '../cluster/frame-shipper.ts';
import type { NatsPlace } from '../cluster/nats-place.ts';
import { type EngineLimits, pacingOf, watchIdleCores } from '../machine/engine-limits.ts';
import { RunDirectory } from '../run-folder/run-directory.ts';
import { encodeRunHeader, jsonFrame, type RunHeader } from '../run-folder/run-header.ts';
import { phasesOf } from '../run/phases.ts';
import { Closers } from '../run/closers.ts';
import type { PreparedRun } from '../run/prepare.ts';
import { RunRecorder } from '../run/run-recorder.ts';
import { SecretMask } from '../run/secret-mask.ts';
import { startEngine } from '../run/start-engine.ts';
import { withStagesOfFile } from '../../config/rate-file.ts';
import { agentFolder } from './abandoned-logs.ts';
import { ClockLink } from './clock-link.ts';
import { ownLog } from './log-owner.ts';
import { StartWatch } from './start-watch.ts';

const STATE_MS = 250;
/** Without a sign of life for so long, while NATS is there, the coordinator is lost. */
const COORDINATOR_LOSS_MS = 5000;
/** With the coordinator silent and the stream taking nothing for so long, nobody waits for the rest. */
const HAND_OVER_STALL_MS = 120_000;

export interface AgentRunOptions {
  readonly place: NatsPlace;
  readonly job: Job;
  readonly config: RunConfig;
  readonly prepared: PreparedRun;
  readonly limits: EngineLimits;
  readonly name: string;
  /** Folder of the run folders. */
  readonly runsPath: string;
  readonly log: Log;
}

/** What there is once the engine runs. */
interface OpenRun {
  readonly directory: RunDirectory;
  readonly clock: RunClock;
  readonly writer: RunLogWriter;
  readonly recorder: RunRecorder;
  readonly shipper: FrameShipper;
  readonly pool: WorkerPool;
  readonly phases: readonly PhasePlan[];
  readonly starts: StartWatch;
  /** As it was settled: times of the log are the coordinator's by this. */
  readonly offsetNs: bigint;
}

/** An agent's part of one run, from its settings to the end: carries out the coordinator's orders, and logs before it tells. */
export class AgentRun {
  /** Resolves when the run is over and all of its log is published, or never will be. */
  readonly finished: Promise<void>;
  readonly #finished = Promise.withResolvers<void>();
  readonly #options: AgentRunOptions;
  readonly #subjects: RunSubjects;
  readonly #clockLink: ClockLink;
  readonly #idleCores = watchIdleCores(() => 0);
  readonly #subscriptions: Subscription[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #answers = new Map<number, Promise<Reply>>();
  #beginning: Promise<Reply> | undefined;
  #open: OpenRun | undefined;
  #heardMs = performance.now();
  #phase: number | null = null;
  /** Number of the latest order to stop: what was ordered before it is not begun after it. */
  #lastStop = -1;
  #isIssuing = false;
  #isPhaseOver = true;
  #hasTakenLoss = false;
  #ending: Promise<void> | undefined;

  constructor(options: AgentRunOptions) {
    this.#options = options;
    const { place, job } = options;
    const { connection } = place;
    const subjects = runSubjects(job.run_id);
    this.#subjects = subjects;
    this.finished = this.#finished.promise;
    this.#clockLink = new ClockLink({ connection, subject: subjects.clock });
    this.#subscriptions.push(
      connection.subscribe(subjects.coordinator, {
        callback: () => {
          this.#heardMs = performance.now();
        },
      }),
      connection.subscribe(subjects.orders(job.index), {
        callback: (error, message) => {
          if (error !== null) return;
          this.#heardMs = performance.now();
          void this.#answer(message.data).then((reply) => message.respond(encodeMessage(reply)));
        },
      }),
    );
    this.#timer = setInterval(() => this.#onTime(), STATE_MS);
  }

  /** Ends it from this side: what is in flight is cancelled, and the coordinator hears why. */
  async leave(reason: string): Promise<void> {
    if (this.#open !== undefined) this.#tell({ event: 'failed', phase: this.#phase, reason });
    this.#open?.pool.stopIssuing();
    this.#open?.pool.cancelInFlight();
    await this.#end();
  }

  /** An order that comes again, as its answer was lost, gets the same answer. */
  #answer(bytes: Uint8Array): Promise<Reply> {
    let order: Order;
    try {
      order = decodeMessage(orderSchema, bytes, 'an order');
    } catch (error) {
      return Promise.resolve({ kind: 'refused', reason: errorText(error) });
    }
    const before = this.#answers.get(order.number);
    if (before !== undefined) return before;
    const answer = this.#carryOut(order).catch((error: unknown): Reply => ({
      kind: 'refused',
      reason: errorText(error),
    }));
    this.#answers.set(order.number, answer);
    return answer;
  }

  async #carryOut(order: Order): Promise<Reply> {
    if (order.kind === 'open') {
      if (this.#ending !== undefined) return { kind: 'refused', reason: 'this run has ended on this agent' };
      this.#beginning = this.#begin(order);
      return this.#beginning;
    }
    if (order.kind === 'end') {
      void this.#end();
      return { kind: 'done' };
    }
    const open = this.#open;
    if (open === undefined) return { kind: 'refused', reason: 'its engine was not started' };
    switch (order.kind) {
      case 'warm': {
        const { opened, failed, failure } = await open.pool.warm(order.connections);
        const told = failure && { error_type: failure.errorType, error_message: failure.errorMessage };
        return { kind: 'warmed', opened, failed, failure: told ?? null };
      }
      case 'phase':
        if (order.number < this.#lastStop)
          return { kind: 'refused', reason: 'the phase was stopped before it began' };
        this.#runPhase(open, order);
        return { kind: 'done' };
      case 'change':
        if (order.number > this.#lastStop) open.pool.changePlan(order.change satisfies PlanChange);
        return { kind: 'done' };
      case 'stop':
        this.#lastStop = Math.max(this.#lastStop, order.number);
        open.pool.stopIssuing();
        return { kind: 'done' };
      case 'cancel':
        open.pool.cancelInFlight();
        return { kind: 'done' };
      default:
        return assertNever(order);
    }
  }

  /** What was opened before a failure is closed again. */
  async #begin(order: Extract<Order, { kind: 'open' }>): Promise<Reply> {
    const closers = new Closers();
    try {
      return await this.#openRun(order, closers);
    } catch (error) {
      await closers.run(this.#options.log);
      throw error;
    }
  }

  async #openRun(order: Extract<Order, { kind: 'open' }>, closers: Closers): Promise<Reply> {
    const { job, config, prepared, limits, name, runsPath, log, place } = this.#options;
    const offset = await this.#clockLink.settle();
    const clock = createRunClock(BigInt(order.origin_ns) - offset.offsetNs);
    const path = agentFolder(runsPath, job.run_id, job.index);
    const directory = await RunDirectory.create(path);
    await ownLog(path);
    const writer = RunLogWriter.open(directory.logPath);
    closers.add(() => writer.close());
    const recorder = new RunRecorder({
      ...{ writer, clock, mask: new SecretMask(secretsOf(config).map(({ text }) => text)) },
      // The shipper reads them from the log.
      publisher: NOBODY,
      onFailure: (error) => void this.leave(`its run log can't be written: ${errorText(error)}`),
    });
    // Of the coordinator's, with the origin on this machine's clock.
    const header = { ...(order.header as unknown as RunHeader), origin_ns: String(clock.originNs) };
    recorder.record(FrameKind.runHeader, encodeRunHeader(header));
    const shipper = await FrameShipper.open({
      ...{ place, log, runId: job.run_id, logPath: directory.logPath },
      subject: this.#subjects.frames(job.index),
      publisher: `${job.run_id}.${job.index}`,
    });
    closers.add(() => shipper.close());
    const starts = new StartWatch((lateNs) =>
      this.#tell({ event: 'started', phase: this.#phase ?? 0, late_ns: lateNs }),
    );
    const pool = await startEngine({
      ...{ config, limits, prepared, log },
      pacing: pacingOf(config.client.pacing, limits.workers, this.#idleCores()),
      services: { recorder, clock, mask: new SecretMask(secretsOf(config).map(({ text }) => text)) },
      segment: { index: job.index, count: job.count, firstWorker: order.first_worker },
      onFirstFailure: ({ errorType, errorMessage }) => {
        log.warning(`the first response failed: ${errorType}: ${errorMessage}`);
        if (this.#open === undefined) return;
        this.#tell({ event: 'first_failure', error_type: errorType, error_message: errorMessage });
      },
      onEvents: (frame) => starts.look(frame),
    });
    const phases = phasesOf(withStagesOfFile(config), prepared.parts);
    this.#open = {
      directory,
      clock,
      writer,
      recorder,
      shipper,
      pool,
      phases,
      starts,
      offsetNs: offset.offsetNs,
    };
    log.info(`run ${job.run_id}: part ${job.index + 1} of ${job.count}, in ${path}`);
    this.#tell({
      ...{ event: 'opened', name, host: hostname(), workers: pool.workerCount },
      clock_offset_ns: String(offset.offsetNs),
      clock_error_ns: offset.errorNs,
    });
    return {
      kind: 'opened',
      clock_offset_ns: String(offset.offsetNs),
      clock_error_ns: offset.errorNs,
      pings: this.#clockLink.pings,
    };
  }

  #runPhase(open: OpenRun, order: Extract<Order, { kind: 'phase' }>): void {
    const { pool, phases, starts } = open;
    const { first_sample: firstSampleSeq, first_conversation: firstConversation } = order;
    const plan = phases[order.phase]!;
    // The clocks may have drifted apart since the origin was settled; a phase begins by the newest estimate.
    const driftNs = Number((this.#clockLink.now()?.offsetNs ?? open.offsetNs) - open.offsetNs);
    const startNs = Math.round(order.start_ns - driftNs);
    const { phase } = order;
    this.#phase = phase;
    this.#isPhaseOver = false;
    this.#isIssuing = true;
    starts.expect(startNs);
    const run = pool.runPhase({
      plan: limitedTo(order.max_samples ?? Infinity, plan),
      ...{ firstSampleSeq, firstConversation, startNs },
    });
    void run.issuingDone.then(() => {
      this.#isIssuing = false;
      this.#tell({ event: 'issuing_done', phase });
    });
    run.finished.then(
      (counts) => {
        this.#isPhaseOver = true;
        this.#tell({
          ...{ event: 'phase_done', phase },
          ...{ tickets: counts.tickets, conversations: counts.conversations, cut_off: counts.cutOff },
          ...{ sent: counts.sent, not_sent: counts.notSent, ended_by: counts.endedBy },
          stopped_measuring: counts.hasStoppedMeasuring,
        });
      },
      (error: unknown) => {
        this.#isPhaseOver = true;
        this.#tell({ event: 'failed', phase, reason: errorText(error) });
      },
    );
  }

  /** Into the log, and with it to the coordinator. */
  #tell(news: NewsBody): void {
    const { recorder, clock } = this.#open!;
    const { index: agent } = this.#options.job;
    recorder.record(FrameKind.agent, jsonFrame({ agent, at_ns: clock.nowNs(), ...news } satisfies AgentNews));
  }

  #onTime(): void {
    const { place, job } = this.#options;
    const open = this.#open;
    if (place.connectedSinceMs === undefined) return;
    place.connection.publish(this.#subjects.state(job.index), encodeMessage(stateOf(open)));
    const silentMs = performance.now() - Math.max(this.#heardMs, place.connectedSinceMs);
    if (silentMs > COORDINATOR_LOSS_MS) this.#onCoordinatorLost();
    else this.#hasTakenLoss = false;
  }

  /** What was agreed for this: carry the phase out, or end it; then there is nobody to tell what comes next. */
  #onCoordinatorLost(): void {
    const { job, log } = this.#options;
    if (!this.#hasTakenLoss) {
      const isStopping = job.on_coordinator_loss === 'stop';
      const then = this.#isPhaseOver ? 'leaving the run' : isStopping ? 'stopping' : 'finishing the phase';
      log.warning(`nothing was heard from the coordinator for ${COORDINATOR_LOSS_MS / 1000} s; ${then}`);
      if (isStopping && this.#isIssuing) this.#open?.pool.stopIssuing();
    }
    this.#hasTakenLoss = true;
    if (this.#isPhaseOver) void this.#end();
  }

  #end(): Promise<void> {
    this.#ending ??= this.#close().then(
      () => this.#finished.resolve(),
      (error: unknown) => {
        this.#options.log.error(errorText(error));
        this.#finished.resolve();
      },
    );
    return this.#ending;
  }

  async #close(): Promise<void> {
    await this.#beginning?.catch(() => undefined);
    try {
      if (this.#open !== undefined) await this.#handOver(this.#open);
    } finally {
      this.#clockLink.close();
      clearInterval(this.#timer);
      for (const subscription of this.#subscriptions) subscription.unsubscribe();
    }
  }

  /** Ends the engine, and waits until the stream has what it logged, or won't take it. */
  async #handOver({ pool, writer, shipper, directory }: OpenRun): Promise<void> {
    const { log } = this.#options;
    try {
      const { errorNs, driftPpm } = await this.#clockLink.end();
      await pool.close();
      const pings = { pings: this.#clockLink.pings, clock_error_ns: errorNs ?? 0, clock_drift_ppm: driftPpm };
      this.#tell({ event: 'left', ...pings });
      const hasShippedAll = await shipper.endAt(writer.nextSeq, (stalledMs) => {
        const silentMs = performance.now() - this.#heardMs;
        return silentMs > COORDINATOR_LOSS_MS && stalledMs > HAND_OVER_STALL_MS;
      });
      if (!hasShippedAll) {
        const missing = countedText(writer.nextSeq - shipper.shipped, 'frame');
        log.warning(
          `NATS did not take the last ${missing} of the run log; they are in ${directory.path} only`,
        );
      }
    } finally {
      await shipper.close();
      await writer.close();
    }
    log.info(`run finished; this agent's log is in ${directory.path}`);
  }
}

/** What it tells of itself, also before it has an engine: that it is there. */
function stateOf(open: OpenRun | undefined): AgentState {
  if (open === undefined) return { counts: NO_COUNTS, frames: 0, shipped: 0, stream: 'ok' };
  const { pool, writer, shipper } = open;
  const { shipped, streamState } = shipper;
  return { counts: pool.counts(), frames: writer.nextSeq, shipped, stream: streamState };
}

/** News without what all have. */
type NewsBody = AgentNews extends infer One
  ? One extends AgentNews
    ? Omit<One, 'agent' | 'at_ns'>
    : never
  : never;

const NOBODY = {
  address: 'none',
  publish: (_: Frame) => undefined,
  flush: () => undefined,
  close: () => Promise.resolve(),
};
