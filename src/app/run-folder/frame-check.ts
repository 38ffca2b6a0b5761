import { isAgentNews } from '../../core/agent-news.ts';
import { CONNECTION_STAGES } from '../../core/connection-stages.ts';
import { EVENT_TOPICS, EventKind } from '../../core/event-types.ts';
import { InferometerError } from '../../core/errors.ts';
import { NO_SAMPLE } from '../../core/ids.ts';
import { decodeBatch } from '../../events/columnar-codec.ts';
import {
  COMPLETE_EXTRA,
  type EventBatch,
  extraOf,
  ISSUED_EXTRA,
  ATTEMPT_EXTRA,
  payloadOf,
} from '../../events/event-batch.ts';
import { decodeWindows } from '../../events/lateness-windows.ts';
import { decodeRecords } from '../../events/read-records.ts';
import { decodeMessages } from '../../events/received-messages.ts';
import { PayloadChecker } from '../../events/payload-check.ts';
import { decodePayload } from '../../events/payload.ts';
import { decodePrompts } from '../../events/prompts-codec.ts';
import { LATENESS_BUCKETS } from '../../stats/lateness-counts.ts';
import { powerSampleOf } from '../../server-metrics/power-sample.ts';
import { serverSampleOf } from '../../server-metrics/server-sample.ts';
import { type Frame, FrameKind } from '../../transport/frame.ts';
import { accountOfFrame } from './engine-account.ts';
import { decodeRunHeader, jsonOfFrame, publishersOf } from './run-header.ts';
import { type Reception, receptionOfFrame } from './reception.ts';
import { markOfFrame } from './run-marks.ts';

/** Of `late_ms_beyond` and `send_delay_counts`, which double from position to position. */
const MOST_POSITIONS = 64;

/**
 * A check of the frames of one log, in order: throws for content that cannot be what a run recorded, although its checksum is right. All
 * that read a log leave out what it refuses, and so agree. It takes about as long as decoding.
 */
export function frameCheck(): (frame: Frame) => void {
  const payloads = new PayloadChecker();
  let hasHeader = false;
  let publishers = 0;
  return (frame) => {
    switch (frame.kind) {
      case FrameKind.runHeader:
        if (hasHeader) throw malformed('a second header');
        publishers = publishersOf(decodeRunHeader(frame)).length;
        hasHeader = true;
        return;
      case FrameKind.events:
        checkBatch(decodeBatch(frame.body), payloads);
        return;
      case FrameKind.messages: {
        // What is wrong inside was wrong when it was received, and counts as the reference counts it.
        const { publisher } = decodeMessages(frame.body);
        if (publisher >= publishers)
          throw malformed(`messages of publisher ${publisher}, of ${publishers} in the header`);
        return;
      }
      case FrameKind.records: {
        const { publisher, batch } = decodeRecords(frame.body);
        if (publisher >= publishers)
          throw malformed(`records of publisher ${publisher}, of ${publishers} in the header`);
        checkBatch(batch, payloads);
        for (const [i, { sampleUuid }] of batch.notes ?? []) {
          if (sampleUuid !== undefined && batch.sampleSeqs[i] === NO_SAMPLE)
            throw malformed(`record ${i} with the uuid of a sample and no sample`);
        }
        return;
      }
      case FrameKind.reception:
        checkReception(receptionOfFrame(frame), publishers);
        return;
      case FrameKind.prompts:
        for (const bytes of decodePrompts(frame.body).prompts) {
          if (bytes.length > 0 && decodePayload(bytes).type !== 'PromptData')
            throw malformed('a prompt of another type');
        }
        return;
      case FrameKind.windows:
        if (decodeWindows(frame.body).windows.some(Number.isNaN))
          throw malformed('a window that is not a number');
        return;
      case FrameKind.health:
        checkHealth(jsonOfFrame(frame));
        return;
      case FrameKind.mark:
        markOfFrame(frame);
        return;
      case FrameKind.account:
        accountOfFrame(frame);
        return;
      case FrameKind.serverMetrics:
        if (serverSampleOf(jsonOfFrame(frame)) === undefined) throw malformed('server metrics that are none');
        return;
      case FrameKind.power:
        if (powerSampleOf(jsonOfFrame(frame)) === undefined)
          throw malformed('readings of power that are none');
        return;
      case FrameKind.agent:
        if (!isAgentNews(jsonOfFrame(frame))) throw malformed('news of an agent that are none');
    }
  };
}

function checkReception({ publisher }: Reception, publishers: number): void {
  if (publisher !== null && publisher >= publishers)
    throw malformed(`a reception frame of publisher ${publisher}, of ${publishers} in the header`);
}

function checkBatch(batch: EventBatch, payloads: PayloadChecker): void {
  const { count, kinds, timestampsNs, payload } = batch;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let i = 0; i < count; i++) {
    const kind = kinds[i]! as EventKind;
    const what = () => `record ${i} (${EVENT_TOPICS[kind]})`;
    if (!Number.isSafeInteger(timestampsNs[i])) throw malformed(`${what()} at ${timestampsNs[i]} ns`);
    checkExtras(batch, i, kind, what);
    const bytes = payloadOf(batch, i);
    if (bytes === undefined) continue;
    const from = bytes.byteOffset - payload.byteOffset;
    if (payloads.endOf(view, from, from + bytes.length) !== from + bytes.length) decodePayload(bytes);
  }
}

function checkExtras(batch: EventBatch, i: number, kind: EventKind, what: () => string): void {
  if (kind === EventKind.sampleIssued) {
    requireWhole(extraOf(batch, i, ISSUED_EXTRA.dueNs), 'due time', what);
    requireWhole(extraOf(batch, i, ISSUED_EXTRA.row), 'row', what);
  } else if (kind === EventKind.sampleAttemptFailed || kind === EventKind.sampleRetried) {
    requireWhole(extraOf(batch, i, ATTEMPT_EXTRA.attempt), 'attempt', what);
  } else if (kind === EventKind.sampleComplete) {
    requireWhole(extraOf(batch, i, COMPLETE_EXTRA.promptTokens), 'prompt tokens', what);
    requireWhole(extraOf(batch, i, COMPLETE_EXTRA.completionTokens), 'completion tokens', what);
    requireWhole(extraOf(batch, i, COMPLETE_EXTRA.items), 'items', what);
    requireWhole(extraOf(batch, i, COMPLETE_EXTRA.bytes), 'bytes', what);
    requireWhole(extraOf(batch, i, COMPLETE_EXTRA.audioNs), 'length of audio', what);
  } else if (kind === EventKind.sampleRecvFirst || kind === EventKind.sampleRecvNonFirst) {
    requireWhole(extraOf(batch, i, 0), 'choice or channel', what);
  }
}

/** NaN stands for what is not known. */
function requireWhole(value: number, name: string, what: () => string): void {
  if (!Number.isNaN(value) && !Number.isSafeInteger(value))
    throw malformed(`${what()} with ${name} ${value}`);
}

/** Numbers that the client's health is made of: all there are must be some. */
function checkHealth(report: unknown): void {
  if (!isFields(report)) throw malformed('a health report that is no object');
  for (const [key, value] of Object.entries(report)) {
    if (key === 'lateness') checkLateness(value);
    else if (key === 'connection_times') checkConnectionTimes(value);
    else if (Array.isArray(value)) requireNumbers(key, value, MOST_POSITIONS);
    else if (typeof value === 'object' && value !== null) throw malformed(`health with an object ${key}`);
  }
  const wanted = 'stuck_ms' in report ? STUCK_NUMBERS : HEALTH_NUMBERS;
  for (const key of wanted) {
    if (!Number.isFinite(report[key])) throw malformed(`health without a number ${key}`);
  }
  for (const key of OPTIONAL_NUMBERS) {
    const value = report[key] ?? 0;
    if (!Number.isFinite(value)) throw malformed(`health with ${key} that is no number`);
  }
  const { other_model: otherModel = '' } = report;
  if (typeof otherModel !== 'string') throw malformed('health with other_model that is no text');
  for (const key of LISTS) {
    if (!Array.isArray(report[key] ?? [])) throw malformed(`health with ${key} that is no list`);
  }
}

const STUCK_NUMBERS = ['worker', 'stuck_ms', 'at_ns'] as const;
const HEALTH_NUMBERS = [
  ...['worker', 'event_loop_delay_p99_ms', 'event_loop_delay_max_ms', 'gc_pause_max_ms'],
  ...['connections_opened', 'connect_failures'],
] as const;
const OPTIONAL_NUMBERS = [
  ...['events', 'at_ns', 'elapsed_ms', 'gc_total_ms', 'cpu_share', 'spin_share', 'cpu_wait_share'],
  ...['clock_step_ms', 'resent', 'stray_messages', 'single_use_endpoints'],
] as const;
const LISTS = ['late_ms_beyond', 'send_delay_counts'] as const;

function checkLateness(lateness: unknown): void {
  if (lateness === null) return;
  if (!isFields(lateness)) throw malformed('health with lateness that is no object');
  requireNumbers('lateness', [lateness.reads, lateness.together], 2);
  for (const key of ['late', 'unseen', 'waits']) {
    const counts = lateness[key];
    if (!Array.isArray(counts) || counts.length % 2 !== 0) throw malformed(`health with odd counts ${key}`);
    requireNumbers(key, counts, 2 * LATENESS_BUCKETS);
    const isBucket = (bucket: unknown) =>
      Number.isInteger(bucket) && (bucket as number) >= 0 && (bucket as number) < LATENESS_BUCKETS;
    if (!counts.every((value, i) => i % 2 === 1 || isBucket(value)))
      throw malformed(`health with a bucket of ${key} that there is not`);
  }
}

function checkConnectionTimes(times: unknown): void {
  if (!isFields(times)) throw malformed('health with connection_times that is no object');
  for (const stage of CONNECTION_STAGES) {
    const tookNs = times[stage] ?? [];
    if (!Array.isArray(tookNs)) throw malformed(`health with ${stage} that is no list`);
    if (!tookNs.every((ns) => Number.isSafeInteger(ns) && ns >= 0))
      throw malformed(`health with ${stage} that is no whole number of ns`);
  }
}

function requireNumbers(key: string, values: readonly unknown[], most: number): void {
  if (values.length > most) throw malformed(`health with ${values.length} values ${key}, at most ${most}`);
  if (!values.every(Number.isFinite)) throw malformed(`health with ${key} that are no numbers`);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(found: string): InferometerError {
  return new InferometerError('INFEROMETER_RUNLOG_CONTENT', 'input', `found ${found}`);
}
