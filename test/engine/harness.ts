import { EVENT_TOPICS, type EventTopic } from '../../src/core/event-types.ts';
import type { ErrorData, TextModelOutput } from '../../src/core/model-output.ts';
import { createRunClock, monotonicNs, NS_PER_MS, type RunClock } from '../../src/core/time.ts';
import { RequestArena } from '../../src/dataset/arena.ts';
import { EngineWorker } from '../../src/engine/engine-worker.ts';
import type { PhaseOutcome } from '../../src/engine/phase-progress.ts';
import type { PlacedPhase, EngineSettings } from '../../src/engine/settings.ts';
import {
  COUNTERS,
  type WarmResult,
  type WorkerHealth,
  type WorkerNews,
  type WorkerOrder,
} from '../../src/engine/worker-messages.ts';
import { type PhaseRun, WorkerPool } from '../../src/engine/worker-pool.ts';
import { finishReasonOf } from '../../src/events/batch-builder.ts';
import { decodeBatch } from '../../src/events/columnar-codec.ts';
import { type EventBatch, extraOf, payloadOf } from '../../src/events/event-batch.ts';
import { decodePayload } from '../../src/events/payload.ts';
import type { ArrivalSettings, PhasePlan } from '../../src/plan/plan.ts';
import { createTicketCounter } from '../../src/plan/tickets.ts';
import { adapterOf, type Api, pathOf } from '../../src/protocol/adapters.ts';
import { parseEndpoint } from '../../src/protocol/endpoint.ts';
import { encodeRequest, type RequestHead } from '../../src/protocol/http-request.ts';
import { FRAME_HEADER_BYTES } from '../../src/transport/frame.ts';

/** One event as a test likes to see it. */
export interface SeenEvent {
  readonly topic: EventTopic;
  readonly seq: number;
  readonly atNs: number;
  readonly worker: number;
  readonly finishReason: string | undefined;
  readonly extras: readonly number[];
  readonly output: TextModelOutput | undefined;
  readonly error: ErrorData | undefined;
}

/** All events of one sample, in order. */
export interface SeenSample {
  readonly seq: number;
  readonly topics: readonly EventTopic[];
  readonly issuedNs: number;
  readonly dueNs: number;
  readonly row: number;
  readonly completedNs: number;
  readonly chunksNs: readonly number[];
  /** What each chunk opened, by position in `CHANNELS`; undefined for nothing. */
  readonly channels: readonly (number | undefined)[];
  readonly finishReason: string | undefined;
  readonly usage: readonly number[];
  /** As of `COMPLETE_EXTRA`. */
  readonly completeExtras: readonly number[];
  /** Channels in the order they opened, by position in `CHANNELS`. */
  readonly opened: readonly number[];
  readonly output: TextModelOutput | undefined;
  readonly error: ErrorData | undefined;
}

export interface EngineOptions extends Partial<Omit<EngineSettings, 'originNs' | 'endpoints' | 'arenas'>> {
  readonly urls: readonly string[];
  readonly rows?: readonly Record<string, unknown>[];
  /** Bodies to send as they are, in place of rows. */
  readonly bodies?: readonly Readonly<Record<string, unknown>>[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a phase begins, and how many rows its plan thinks there are. */
interface Placement {
  readonly firstSampleSeq: number;
  readonly startNs: number;
  readonly datasetSize: number;
}

/** What an engine told, collected. */
class Seen {
  readonly events: SeenEvent[] = [];
  readonly health: WorkerHealth[] = [];

  addFrame(bytes: Uint8Array): void {
    this.events.push(...eventsOf(decodeBatch(bytes.subarray(FRAME_HEADER_BYTES))));
  }

  /** The samples so far, by number. */
  samples(): readonly SeenSample[] {
    const bySeq = Map.groupBy(this.events, ({ seq }) => seq);
    return [...bySeq.keys()].sort((a, b) => a - b).map((seq) => sampleOf(bySeq.get(seq)!));
  }
}

export interface StopAfter {
  readonly maxSamples?: number;
  readonly maxDurationMs?: number;
}

/** A worker pool with real threads, and what it told. */
export class ThreadedEngine extends Seen {
  readonly clock: RunClock;
  readonly deaths: Error[] = [];
  readonly #settings: EngineSettings;
  #pool: WorkerPool | undefined;
  #nextSeq = 0;

  private constructor(settings: EngineSettings) {
    super();
    this.#settings = settings;
    this.clock = createRunClock(settings.originNs);
  }

  static async start(options: EngineOptions): Promise<ThreadedEngine> {
    const engine = new ThreadedEngine(settingsOf(options));
    engine.#pool = await WorkerPool.start(engine.#settings, {
      onFrame: (bytes) => engine.addFrame(bytes),
      onHealth: (health) => engine.health.push(health),
      onWorkerDied: (error) => engine.deaths.push(error),
    });
    return engine;
  }

  get pool(): WorkerPool {
    return this.#pool!;
  }

  start(arrivals: ArrivalSettings, stop: StopAfter, datasetSize = rowCountOf(this.#settings)): PhaseRun {
    const placement = { firstSampleSeq: this.#nextSeq, startNs: this.clock.nowNs(), datasetSize };
    return this.pool.runPhase(phaseOf(arrivals, stop, placement));
  }

  /** Runs a phase to its end. */
  async run(arrivals: ArrivalSettings, stop: StopAfter): Promise<PhaseOutcome> {
    const outcome = await this.start(arrivals, stop).finished;
    this.#nextSeq += outcome.tickets;
    return outcome;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

/** One worker on this very thread, and what it told. */
export class LocalEngine extends Seen {
  readonly clock: RunClock;
  readonly #settings: EngineSettings;
  readonly #worker: EngineWorker;
  #phase = Promise.withResolvers<number>();
  #issuing = Promise.withResolvers<boolean>();
  #warming = Promise.withResolvers<WarmResult>();
  #nextSeq = 0;

  constructor(options: EngineOptions) {
    super();
    this.#settings = settingsOf(options);
    this.clock = createRunClock(this.#settings.originNs);
    const counters = new SharedArrayBuffer(COUNTERS.length * Int32Array.BYTES_PER_ELEMENT);
    this.#worker = new EngineWorker(
      { settings: this.#settings, workerIndex: 0, workerCount: 1, counters },
      (news) => this.#onNews(news),
    );
  }

  warm(connections: number): Promise<WarmResult> {
    this.#warming = Promise.withResolvers();
    this.take({ kind: 'warm', connections });
    return this.#warming.promise;
  }

  /** Begins a phase: resolves with the number of samples issued. */
  start(arrivals: ArrivalSettings, stop: StopAfter): Promise<number> {
    this.#phase = Promise.withResolvers();
    this.#issuing = Promise.withResolvers();
    const datasetSize = rowCountOf(this.#settings);
    const placement = { firstSampleSeq: this.#nextSeq, startNs: this.clock.nowNs(), datasetSize };
    const phase = phaseOf(arrivals, stop, placement);
    this.take({
      kind: 'phase',
      phase,
      ticketCounter: createTicketCounter(),
      sampleCounter: createTicketCounter(),
      firstIdleTicket: createTicketCounter(),
    });
    return this.#phase.promise;
  }

  /** Whether issuing was stopped. */
  get issuingDone(): Promise<boolean> {
    return this.#issuing.promise;
  }

  async run(arrivals: ArrivalSettings, stop: StopAfter): Promise<number> {
    const issued = await this.start(arrivals, stop);
    this.#nextSeq += issued;
    return issued;
  }

  /** Sends requests one after another and returns their samples. */
  async sendOneByOne(count = 1): Promise<readonly SeenSample[]> {
    const first = this.#nextSeq;
    await this.run({ pattern: 'concurrency', concurrency: 1 }, { maxSamples: count });
    return this.samples().filter(({ seq }) => seq >= first);
  }

  take(order: WorkerOrder): void {
    this.#worker.take(order);
  }

  close(): void {
    this.#worker.close();
  }

  #onNews(news: WorkerNews): void {
    if (news instanceof Uint8Array) this.addFrame(news);
    else if (news.kind === 'phaseDone') this.#phase.resolve(news.counts.tickets);
    else if (news.kind === 'issuingDone') this.#issuing.resolve(news.stopped);
    else if (news.kind === 'warmed') this.#warming.resolve(news.result);
    else if (news.kind === 'health') this.health.push(news.health);
  }
}

const ROWS: readonly Record<string, unknown>[] = [{ prompt: 'one' }, { prompt: 'two' }, { prompt: 'three' }];

/** Settings for a test, all that it leaves out filled in. */
export function settingsOf({
  urls,
  headers = {},
  rows = ROWS,
  bodies,
  ...rest
}: EngineOptions): EngineSettings {
  const { api = 'chat', streaming = false } = rest;
  const options = { model: 'mock', streaming, includeUsage: streaming };
  const sent = bodies ?? rows.map((row) => adapterOf(api).requestBody(row, options));
  return {
    originNs: monotonicNs(),
    workers: 1,
    endpoints: urls.map(parseEndpoint),
    api: 'chat',
    streaming: false,
    requestTimeoutMs: 10_000,
    connectTimeoutMs: 10_000,
    maxConnections: 64,
    pacing: 'economy',
    connections: 'reuse',
    tlsVerify: true,
    ...rest,
    arenas: urls.map((url) => arenaOf(url, sent, api, { streaming, headers })),
  };
}

function rowCountOf({ arenas }: EngineSettings): number {
  return RequestArena.fromShared(arenas[0]!).rowCount;
}

function phaseOf(arrivals: ArrivalSettings, stop: StopAfter, placement: Placement): PlacedPhase {
  const { maxSamples = Infinity, maxDurationMs = Infinity } = stop;
  const { firstSampleSeq, startNs, datasetSize } = placement;
  const plan: PhasePlan = {
    name: 'test',
    kind: 'performance',
    arrivals,
    order: { order: 'sequential', datasetSize, seed: 1 },
    stop: { maxSamples, maxDurationNs: maxDurationMs * NS_PER_MS },
  };
  return { plan, firstSampleSeq, firstConversation: 0, startNs };
}

function arenaOf(
  url: string,
  bodies: readonly Readonly<Record<string, unknown>>[],
  api: Api,
  head: RequestHead,
) {
  const adapter = adapterOf(api);
  const endpoint = parseEndpoint(url);
  const path = pathOf(adapter, head.streaming, 'mock');
  const { method = 'POST', headers: apiHeaders = {}, isLiteralPath } = adapter;
  const whole = { ...head, method, apiHeaders, ...(isLiteralPath === true && { path }) };
  const encoded = (body: Readonly<Record<string, unknown>>) =>
    adapter.encodeBody?.(body) ?? Buffer.from(JSON.stringify(body));
  const encode = (row: number) => encodeRequest(endpoint, path, encoded(bodies[row]!), whole);
  return RequestArena.build(bodies.length, encode, (row) => adapter.choicesOf(bodies[row]!)).shared;
}

export function eventsOf(batch: EventBatch): SeenEvent[] {
  return Array.from({ length: batch.count }, (_, index) => {
    const payload = payloadOf(batch, index);
    const data = payload === undefined ? undefined : decodePayload(payload);
    const extras = [...Array(11).keys()].map((position) => extraOf(batch, index, position));
    return {
      topic: EVENT_TOPICS[batch.kinds[index]!]!,
      seq: batch.sampleSeqs[index]!,
      atNs: batch.timestampsNs[index]!,
      worker: batch.workerId,
      finishReason: finishReasonOf(batch, index),
      extras,
      output: data?.type === 'TextModelOutput' ? data.data : undefined,
      error: data?.type === 'ErrorData' ? data.data : undefined,
    };
  });
}

function sampleOf(events: readonly SeenEvent[]): SeenSample {
  const issued = events.find(({ topic }) => topic === 'sample.issued');
  const complete = events.find(({ topic }) => topic === 'sample.complete');
  const chunks = events.filter(({ topic }) => topic.startsWith('sample.recv'));
  return {
    seq: events[0]!.seq,
    topics: events.map(({ topic }) => topic),
    issuedNs: issued?.atNs ?? NaN,
    dueNs: issued?.extras[0] ?? NaN,
    row: issued?.extras[1] ?? NaN,
    completedNs: complete?.atNs ?? NaN,
    chunksNs: chunks.map(({ atNs }) => atNs),
    channels: chunks.map(({ extras: [channel] }) => (Number.isNaN(channel) ? undefined : channel)),
    finishReason: complete?.finishReason,
    usage: complete?.extras.slice(0, 2) ?? [],
    completeExtras: complete?.extras ?? [],
    opened: chunks.flatMap(({ extras }) => extras.filter((code) => code >= 0)),
    output: complete?.output,
    error: events.find(({ topic }) => topic === 'error.generic')?.error,
  };
}
