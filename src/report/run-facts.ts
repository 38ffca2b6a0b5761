import { type ResponseKind, responseKindOf } from '../core/response-kind.ts';
import { type ReplayFacts, replayOf } from './replay-facts.ts';
import { readResponseFacts, type ResponseFacts } from './response-facts.ts';
import type { SnapshotInput } from './snapshot-input.ts';

/** How often an error type occurred, with the message of one occurrence. */
export interface ErrorTypeCount {
  readonly type: string;
  readonly count: number;
  readonly example: string;
}

/** How many values of a token series came from which source (`server`, `tokenizer`, `token_ids`). */
export type TokenSources = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** How the events came to the aggregator. */
export interface EventStreamFacts {
  readonly frames: number;
  /** Times the stream had a gap that was filled from the run log, and the frames read for it. */
  readonly heals: number;
  readonly healedFrames: number;
  /** Frames neither the stream nor the log could give. */
  readonly lostFrames: number;
  /** Bytes behind the last whole frame of the log. */
  readonly tornBytes: number;
  /** Bytes in corrupt places of the log, which were left out. */
  readonly corruptBytes: number;
  /** Whole frames of the log whose content could not be used. */
  readonly malformedFrames: number;
  readonly aggregatorRestarts: number;
}

/** What is missing of a run that was aggregated from other programs, for how their events were received. */
export interface ReceptionFacts {
  /** How often the aggregator was started again: what was published meanwhile is missing. */
  readonly resumed: number;
  readonly framesMissed: number;
  /** How often a publisher was away and came back: what it published meanwhile is missing. */
  readonly reconnected: number;
  readonly publishersLost: number;
  /** Left out for what they are, such as a second run's. */
  readonly messagesRefused: number;
  /** Dropped whole, and counted as error.generic, as they could not be read. */
  readonly messagesUnread: number;
  readonly recordsUnread: number;
}

/** The engine's threads over the performance phases, the worst of them where it is about one; null where it was not measured. */
export interface ClientFacts {
  readonly workers: number | null;
  /** How they waited for due times: `precise` or `economy`. */
  readonly pacing: string | null;
  readonly connectionsOpened: number | null;
  readonly connectFailures: number | null;
  /** How long attempts to connect were put off, as those before had failed, over all threads and endpoints, ms. */
  readonly connectBackOffMs: number | null;
  /** How long reading requests from the file of a dataset larger than memory took, over all threads, ms. */
  readonly requestReadMs: number | null;
  /** Samples that got another connection because the server had closed the first before their request reached it. */
  readonly resent: number | null;
  /** Messages that a server sent behind the terminator of a stream. */
  readonly strayMessages: number | null;
  /** The name in a response of a model that no request asked for; null for none. */
  readonly otherModel: string | null;
  /** Endpoints whose connections carry one request each, as the server closes them. */
  readonly singleUseEndpoints: number | null;
  /** In the worst second of a worker. */
  readonly eventLoopDelayP99Ms: number | null;
  readonly eventLoopDelayMaxMs: number | null;
  /** In 1 % of the time an event that came was handled so late, or later. */
  readonly lateP99Ms: number | null;
  /** From a request's due time to when the issuer turned to it, whether or not a connection was free. */
  readonly sendDelayP99Ns: number | null;
  readonly gcPauseMaxMs: number | null;
  /** Share of the time. */
  readonly gcShare: number | null;
  /** Share of a core put to use in the worst second, 0 to 1; turning the loop until a due time is none. */
  readonly workerCpuMax: number | null;
  /** Share of its worst second a worker had no core and could have used one. */
  readonly workerCpuWaitMax: number | null;
  /** Share of the time in which a worker was at work, or waiting for a core, nearly throughout. */
  readonly busyShare: number | null;
  /** Furthest the wall clock went from the monotonic one within a second. */
  readonly clockStepMs: number | null;
  /** The longest time a worker's event loop stood still, from 2 s on. */
  readonly stuckMaxMs?: number | null;
}

/** What the engine itself counted over the performance phases. */
export interface EngineFacts {
  /** Drawn from the plan. */
  readonly tickets: number;
  readonly sent: number;
  readonly notSent: number;
  /** A phase ended early because it had used up the numbers for its samples. */
  readonly isSampleLimitReached: boolean;
}

/** Which run this is and what it was asked to do; null where the snapshot does not tell. */
export interface RunIdentity {
  readonly runId: string | null;
  /** Wall clock, ISO 8601. */
  readonly startedAt: string | null;
  /** On average, where it changes as planned. */
  readonly requestedRatePerSecond: number | null;
  readonly doesRateChange: boolean;
  readonly responseKind: ResponseKind;
  /** The stages of the load in words; null without any. */
  readonly load: string | null;
  /** The trace that was replayed; null for any other load. */
  readonly replay: ReplayFacts | null;
  /** Proxies that the requests went through. */
  readonly proxies: readonly string[];
  readonly plannedSamples: number | null;
  /** Requests in flight at most, beside a rate; null where nothing limits them. */
  readonly maxInFlight: number | null;
  /** Why the run was stopped before its plan was done, where nobody did it by hand. */
  readonly endReason: string | null;
  /** The address of an endpoint is on the machine that sent the load. */
  readonly isEndpointHere: boolean;
  /** The largest limit of output tokens sent; null when a request had none. */
  readonly outputLimit: number | null;
  /** The mean of these limits over the rows of the dataset, likewise. */
  readonly meanOutputLimit: number | null;
  /** Rows of the dataset that were left out. */
  readonly skippedRows: number;
  /** The tokenizer that the log names and that was not opened to count again. */
  readonly tokenizerNotOpened: string | null;
  /** Null for a run of our own. */
  readonly publishedBy: PublishedByFacts | null;
}

/** Whose events a run is made of. */
export interface PublishedByFacts {
  /** Where an aggregator received them; none for a report directory. */
  readonly addresses: readonly string[];
  /** Null when nothing tells. */
  readonly loadGenerator: string | null;
  /** What its record lacks. */
  readonly missing: readonly string[];
}

/** What our aggregator tells in a snapshot beside the metrics. */
export interface RunFacts {
  readonly run: RunIdentity;
  readonly errorsByType: readonly ErrorTypeCount[];
  readonly tokenSources: TokenSources;
  readonly eventStream: EventStreamFacts | null;
  /** Null for a run of our own. */
  readonly reception: ReceptionFacts | null;
  readonly client: ClientFacts | null;
  /** Null before a performance phase was over, and for a snapshot of an earlier version. */
  readonly engine: EngineFacts | null;
  /** Null for a snapshot of an earlier version. */
  readonly responses: ResponseFacts | null;
}

/** Reads the extras of a snapshot; any part may be missing or of another shape, and is then left out. */
export function readRunFacts({ extras }: Pick<SnapshotInput, 'extras'>): RunFacts {
  const run = fieldsOf(extras.run);
  return {
    run: {
      runId: textOf(run.run_id),
      // Nobody knows of some runs when they started.
      startedAt: textOf(run.started_at) || null,
      requestedRatePerSecond: numberOf(run.requested_rate_per_second),
      doesRateChange: run.rate_changes === true,
      responseKind: responseKindOf(run.response_kind),
      load: textOf(run.load),
      replay: replayOf(run.replay),
      proxies: textsOf(run.proxies),
      plannedSamples: numberOf(run.planned_samples),
      maxInFlight: numberOf(run.max_in_flight),
      endReason: textOf(run.end_reason),
      isEndpointHere: run.endpoint_here === true,
      outputLimit: numberOf(run.output_limit),
      meanOutputLimit: numberOf(run.output_limit_mean),
      skippedRows: numberOf(run.skipped_rows) ?? 0,
      tokenizerNotOpened: textOf(run.tokenizer_not_opened),
      publishedBy: publishedByOf(run),
    },
    errorsByType: listOf(extras.errors_by_type).flatMap(errorTypeOf),
    tokenSources: Object.fromEntries(
      Object.entries(fieldsOf(extras.token_sources)).map(([series, counts]) => [series, countsOf(counts)]),
    ),
    eventStream: isFields(extras.event_stream) ? eventStreamOf(extras.event_stream) : null,
    reception: isFields(extras.reception) ? receptionOf(extras.reception) : null,
    client: isFields(extras.client) ? clientOf(extras.client) : null,
    engine: isFields(extras.engine) ? engineOf(extras.engine) : null,
    responses: isFields(extras.responses) ? readResponseFacts(extras.responses) : null,
  };
}

/** Whether the events were received from publishers. */
export function isAggregated({ publishedBy }: RunIdentity): boolean {
  return publishedBy !== null && publishedBy.addresses.length > 0;
}

/** Whether they were read from a report directory of another load generator. */
export function isReportDirectory({ publishedBy }: RunIdentity): boolean {
  return publishedBy !== null && publishedBy.addresses.length === 0;
}

type Fields = Readonly<Record<string, unknown>>;

/** Snapshots of versions before 0.2 tell it in two fields. */
function publishedByOf({ published_by, foreign, publishers }: Fields): PublishedByFacts | null {
  const by = published_by ?? foreign ?? (Array.isArray(publishers) ? {} : undefined);
  if (!isFields(by)) return null;
  return {
    addresses: textsOf(by.addresses ?? publishers),
    loadGenerator: textOf(by.load_generator),
    missing: textsOf(by.missing),
  };
}

function textsOf(list: unknown): readonly string[] {
  return listOf(list).filter((part) => typeof part === 'string');
}

function errorTypeOf(entry: unknown): ErrorTypeCount[] {
  const { type, count, example } = fieldsOf(entry);
  if (typeof type !== 'string') return [];
  return [{ type, count: numberOf(count) ?? 0, example: textOf(example) ?? '' }];
}

function countsOf(counts: unknown): Record<string, number> {
  return Object.fromEntries(
    Object.entries(fieldsOf(counts)).flatMap(([source, count]) =>
      typeof count === 'number' && count > 0 ? [[source, count]] : [],
    ),
  );
}

function engineOf({
  tickets,
  sent,
  not_sent: notSent,
  sample_limit_reached: isLimited,
}: Fields): EngineFacts {
  return {
    tickets: numberOf(tickets) ?? 0,
    sent: numberOf(sent) ?? 0,
    notSent: numberOf(notSent) ?? 0,
    isSampleLimitReached: isLimited === true,
  };
}

function eventStreamOf(stream: Fields): EventStreamFacts {
  return {
    frames: numberOf(stream.frames) ?? 0,
    heals: numberOf(stream.heals) ?? 0,
    healedFrames: numberOf(stream.healed_frames) ?? 0,
    lostFrames: numberOf(stream.lost_frames) ?? 0,
    tornBytes: numberOf(stream.torn_bytes) ?? 0,
    corruptBytes: numberOf(stream.corrupt_bytes) ?? 0,
    malformedFrames: numberOf(stream.malformed_frames) ?? 0,
    aggregatorRestarts: numberOf(stream.aggregator_restarts) ?? 0,
  };
}

function receptionOf(reception: Fields): ReceptionFacts {
  return {
    resumed: numberOf(reception.resumed) ?? 0,
    framesMissed: numberOf(reception.frames_missed) ?? 0,
    reconnected: numberOf(reception.reconnected) ?? 0,
    publishersLost: numberOf(reception.publishers_lost) ?? 0,
    messagesRefused: numberOf(reception.messages_refused) ?? 0,
    messagesUnread: numberOf(reception.messages_unread) ?? 0,
    recordsUnread: numberOf(reception.records_unread) ?? 0,
  };
}

function clientOf(client: Fields): ClientFacts {
  return {
    workers: numberOf(client.workers),
    pacing: textOf(client.pacing),
    connectionsOpened: numberOf(client.connections_opened),
    connectFailures: numberOf(client.connect_failures),
    connectBackOffMs: numberOf(client.connect_back_off_ms),
    requestReadMs: numberOf(client.request_read_ms),
    resent: numberOf(client.resent ?? client.retries),
    strayMessages: numberOf(client.stray_messages),
    otherModel: textOf(client.other_model),
    singleUseEndpoints: numberOf(client.single_use_endpoints),
    eventLoopDelayP99Ms: numberOf(client.event_loop_delay_p99_ms),
    eventLoopDelayMaxMs: numberOf(client.event_loop_delay_max_ms),
    lateP99Ms: numberOf(client.late_p99_ms),
    sendDelayP99Ns: numberOf(client.send_delay_p99_ns),
    gcPauseMaxMs: numberOf(client.gc_pause_max_ms),
    gcShare: numberOf(client.gc_share),
    workerCpuMax: numberOf(client.worker_cpu_max),
    workerCpuWaitMax: numberOf(client.worker_cpu_wait_max),
    busyShare: numberOf(client.busy_share),
    clockStepMs: numberOf(client.clock_step_ms),
    stuckMaxMs: numberOf(client.stuck_max_ms),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
