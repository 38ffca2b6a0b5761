import type { EventKind } from '../../src/core/event-types.ts';
import { createLog, type Log } from '../../src/core/log.ts';
import { createRunClock, monotonicNs, NS_PER_MS, type RunClock } from '../../src/core/time.ts';
import { RequestArena } from '../../src/dataset/arena.ts';
import type { EngineSettings } from '../../src/engine/settings.ts';
import { WorkerPool } from '../../src/engine/worker-pool.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { decodeBatch, encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import type { ArrivalSettings, PhasePlan, SampleOrderSettings } from '../../src/plan/plan.ts';
import { OPENAI_CHAT } from '../../src/protocol/openai-chat.ts';
import { parseEndpoint } from '../../src/protocol/endpoint.ts';
import { encodeRequest } from '../../src/protocol/http-request.ts';
import { type PhaseRun, Session, type SessionOutcome } from '../../src/session/session.ts';
import { FRAME_HEADER_BYTES } from '../../src/transport/frame.ts';
import { eventsOf, type SeenEvent } from '../engine/harness.ts';

export interface SessionRunOptions {
  readonly url: string;
  readonly rows: readonly Record<string, unknown>[];
  readonly phases: readonly PhasePlan[];
  readonly workers?: number;
  readonly maxConnections?: number;
  /** Default 15 s. */
  readonly drainTimeoutMs?: number;
  /** Called after the events of a frame were added to `events`. */
  readonly onEvents?: (events: readonly SeenEvent[], run: SessionRun) => void;
  readonly onPhase?: (plan: PhasePlan, run: SessionRun) => void;
}

/** A session over a real worker pool, and every event of it in the order in which it reached the main thread. */
export class SessionRun {
  readonly clock: RunClock;
  readonly events: SeenEvent[] = [];
  /** The log, a line each. */
  readonly lines: string[] = [];
  readonly deaths: Error[] = [];
  readonly #options: SessionRunOptions;
  #pool: WorkerPool | undefined;
  #session: Session | undefined;
  #phase: PhaseRun | undefined;

  private constructor(options: SessionRunOptions, clock: RunClock) {
    this.#options = options;
    this.clock = clock;
  }

  static async start(options: SessionRunOptions): Promise<SessionRun> {
    const settings = settingsOf(options);
    const run = new SessionRun(options, createRunClock(settings.originNs));
    const pool = await WorkerPool.start(settings, {
      onFrame: (bytes) => run.#addFrame(bytes),
      onHealth: () => undefined,
      onWorkerDied: (error) => run.deaths.push(error),
    });
    run.#pool = pool;
    run.#session = run.#createSession(pool);
    return run;
  }

  get session(): Session {
    return this.#session!;
  }

  get pool(): WorkerPool {
    return this.#pool!;
  }

  /** Settles once the phase under way issues nothing more. */
  get issuingDone(): Promise<void> {
    return this.#phase!.issuingDone;
  }

  /** The topics in order, those of samples with the sample's number. */
  get story(): readonly string[] {
    return this.events.map(({ topic, seq }) => (topic.startsWith('session.') ? topic : `${topic} ${seq}`));
  }

  /** The events of each sample, in order, by its number. */
  get samples(): ReadonlyMap<number, readonly SeenEvent[]> {
    return Map.groupBy(
      this.events.filter(({ topic }) => !topic.startsWith('session.')),
      ({ seq }) => seq,
    );
  }

  run(): Promise<SessionOutcome> {
    return this.session.run();
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  #createSession(pool: WorkerPool): Session {
    const { phases, drainTimeoutMs = 15_000, onPhase } = this.#options;
    const log: Log = createLog((line) => this.lines.push(line));
    return new Session({
      engine: {
        runPhase: (phase) => (this.#phase = pool.runPhase(phase)),
        changePlan: (change) => pool.changePlan(change),
        stopIssuing: () => pool.stopIssuing(),
        cancelInFlight: () => pool.cancelInFlight(),
      },
      clock: this.clock,
      phases,
      drainTimeoutMs,
      record: (kind) => this.#recordSessionEvent(kind),
      onPhase: (plan) => onPhase?.(plan, this),
      log,
    });
  }

  #recordSessionEvent(kind: EventKind): void {
    this.#addFrame(encodeBatchFrame(buildEventBatch([{ kind, timestampNs: this.clock.nowNs() }])));
  }

  #addFrame(bytes: Uint8Array): void {
    const events = eventsOf(decodeBatch(bytes.subarray(FRAME_HEADER_BYTES)));
    this.events.push(...events);
    this.#options.onEvents?.(events, this);
  }
}

export interface PhaseSketch {
  readonly name?: string;
  readonly kind?: PhasePlan['kind'];
  readonly arrivals: ArrivalSettings;
  readonly order: SampleOrderSettings;
  readonly maxSamples?: number;
  readonly maxDurationMs?: number;
}

export function phaseOf(sketch: PhaseSketch): PhasePlan {
  const { kind = 'performance', name = kind, arrivals, order } = sketch;
  const { maxSamples = Infinity, maxDurationMs = Infinity } = sketch;
  return { name, kind, arrivals, order, stop: { maxSamples, maxDurationNs: maxDurationMs * NS_PER_MS } };
}

function settingsOf({ url, rows, workers = 1, maxConnections = 64 }: SessionRunOptions): EngineSettings {
  const endpoint = parseEndpoint(url);
  const arena = RequestArena.build(rows.length, (row) => {
    const body = OPENAI_CHAT.requestBody(rows[row]!, { model: 'm', streaming: true, includeUsage: false });
    return encodeRequest(endpoint, OPENAI_CHAT.path, Buffer.from(JSON.stringify(body)), {
      streaming: true,
      headers: {},
    });
  });
  return {
    originNs: monotonicNs(),
    workers,
    endpoints: [endpoint],
    arenas: [arena.shared],
    api: 'chat',
    streaming: true,
    requestTimeoutMs: 60_000,
    connectTimeoutMs: 10_000,
    maxConnections,
    pacing: 'economy',
    connections: 'reuse',
    tlsVerify: true,
  };
}
