import { EVENT_TOPICS, EventKind } from '../../src/core/event-types.ts';
import type { RunId, SampleSeq } from '../../src/core/ids.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import { encodeRunHeader, jsonFrame, type RunHeader } from '../../src/app/run-folder/run-header.ts';
import type { HealthReport } from '../../src/app/fold/client-health.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { encodePromptsFrame } from '../../src/events/prompts-codec.ts';
import { RunLogWriter } from '../../src/runlog/append.ts';
import { FRAME_HEADER_BYTES, FrameKind } from '../../src/transport/frame.ts';
import type { Data } from './data.ts';

/** Every key of a run header; the origin is beyond what a double tells apart. */
export const HEADER: RunHeader = {
  format: 1,
  run_id: '00112233aabbccdd' as RunId,
  origin_ns: String(2n ** 53n + 1n),
  started_at: '2026-01-02T03:04:05.678Z',
  version: '0.1.0',
  streaming: true,
  conversations: false,
  tokenizer: null,
  requested_rate_per_second: 12.5,
  rate_changes: false,
  replay: {
    ...{ trace: 't.jsonl', speed: 2, idle_cap_ms: null, from_ms: null, to_ms: 5000 },
    ...{ arrivals: 3, span_ns: 250e6 },
  },
  load: 'rate 10/s for 1m',
  max_in_flight: 512,
  response_kind: 'text',
  proxies: ['http://proxy:3128'],
  endpoint_here: true,
  planned_samples: 3,
  output_limit: 100,
  output_limit_mean: 80,
  skipped_rows: 0,
  groups: [{ name: 'endpoint', values: ['http://a:8000', 'http://b:8000'] }],
  echo_rows: 0,
  published_by: {
    addresses: ['tcp://127.0.0.1:5600'],
    load_generator: null,
    missing: ['a'],
    legacy_qps: false,
  },
  metrics: { significant_figures: 3, bucket_count: 30, early_stopping: false },
  config: { good: 'ttft < 1s', api: 'openai-chat', endpoints: ['http://127.0.0.1/€'] },
};

/** Every key of a health report. */
export const HEALTH: HealthReport = {
  worker: 0,
  measured: true,
  events: 2000,
  at_ns: 2_000_000_000,
  elapsed_ms: 1000,
  event_loop_delay_p99_ms: 1.25,
  event_loop_delay_max_ms: 3,
  late_ms_beyond: [2.5, 1, 0],
  gc_pause_max_ms: 0,
  gc_total_ms: 0,
  cpu_share: null,
  spin_share: 0.25,
  cpu_wait_share: null,
  clock_step_ms: 0,
  send_delay_counts: [90, 10, 0, 1],
  pacing: 'precise',
  connections_opened: 4,
  connect_failures: 1,
  connection_times: { tcp_connect: [120_000, 90_000], request_sent: [30_000] },
  connect_back_off_ms: 0,
  resent: 2,
  stray_messages: 1,
  other_model: 'tiny-8b',
  single_use_endpoints: 1,
};

/** A record as it goes in; its payload comes with its meaning. */
export type ScriptedRecord = Omit<EventRecord, 'payload'> & { readonly data?: Data };

export interface ScriptedBatch {
  readonly workerId: number;
  readonly records: readonly ScriptedRecord[];
}

/** Prompts of rows from `firstRow` on; `undefined` = unknown. */
export interface ScriptedPrompts {
  readonly firstRow: number;
  readonly prompts: readonly (Data | undefined)[];
}

export interface ScriptedLog {
  readonly prompts: readonly ScriptedPrompts[];
  readonly batches: readonly ScriptedBatch[];
}

/** An event as `read_run_log.py` prints it, but for the timestamp, kept as text to be exact. */
export interface PrintedEvent {
  readonly event_type: string;
  readonly timestamp_ns: string;
  readonly sample_uuid: string;
  readonly conversation_id: string;
  readonly turn: number | null;
  readonly data: unknown;
  readonly finish_reason?: string;
  readonly worker_id?: number;
  readonly sample_seq: number | null;
  readonly extras: readonly (number | null)[];
}

/** Writes the log as a run does, with health reports and a frame of a later version's kind among the batches. */
export async function writeLog(path: string, log: ScriptedLog): Promise<void> {
  const writer = RunLogWriter.open(path);
  writer.append(FrameKind.runHeader, encodeRunHeader(HEADER));
  for (const { firstRow, prompts } of log.prompts) {
    const blobs = prompts.map((prompt) => prompt?.bytes ?? new Uint8Array(0));
    writer.append(FrameKind.prompts, encodePromptsFrame({ firstRow, prompts: blobs }));
  }
  writer.append(FrameKind.health, jsonFrame(HEALTH));
  writer.append(200 as FrameKind, new Uint8Array(FRAME_HEADER_BYTES + 3));
  for (const { workerId, records } of log.batches) {
    writer.append(FrameKind.events, encodeBatchFrame(buildEventBatch(records.map(recordOf), workerId)));
  }
  await writer.close();
}

function recordOf({ data, ...record }: ScriptedRecord): EventRecord {
  return data === undefined ? record : { ...record, payload: data.bytes };
}

/** What must come out of the log, from what went in alone: nothing here knows bytes. */
export function expectedEvents(log: ScriptedLog): PrintedEvent[] {
  const prompts = new Map(
    log.prompts.flatMap(({ firstRow, prompts }) => prompts.map((prompt, i) => [firstRow + i, prompt])),
  );
  const turns = new Map<number | undefined, Turn>();
  const all = log.batches.flatMap(({ workerId, records }) =>
    records.map((record) => {
      const turn = turnOf(record, turns);
      return { ...expectedEvent(record, workerId, prompts), ...turn, ...noted(record) };
    }),
  );
  const end = all.findIndex((event) => event.event_type === 'session.ended');
  return end < 0 ? all : all.slice(0, end + 1);
}

interface Turn {
  readonly conversation_id: string;
  readonly turn: number | null;
}

/** The issued record of a sample says where it belongs, and holds up to its completion. */
function turnOf(
  { kind, sampleSeq, extras = [], note }: ScriptedRecord,
  turns: Map<number | undefined, Turn>,
): Turn {
  const single = { conversation_id: '', turn: null };
  const [, , conversation = NaN, position = NaN] = extras;
  const isTurn = [conversation, position].every((value) => value >>> 0 === value);
  if (kind === EventKind.sampleIssued && !isTurn) return single;
  if (kind === EventKind.sampleIssued)
    turns.set(sampleSeq, {
      conversation_id: note?.conversationId ?? `${conversation}`,
      turn: note?.turn ?? position * 2 + 1,
    });
  const turn = turns.get(sampleSeq) ?? single;
  if (kind === EventKind.sampleComplete) turns.delete(sampleSeq);
  return turn;
}

function noted({ note }: ScriptedRecord): Partial<Turn> {
  return {
    ...(note?.conversationId !== undefined && { conversation_id: note.conversationId }),
    ...(note?.turn !== undefined && { turn: note.turn }),
  };
}

function expectedEvent(
  { kind, timestampNs, sampleSeq, finishReason, data, extras, note }: ScriptedRecord,
  batchWorkerId: number,
  prompts: ReadonlyMap<number, Data | undefined>,
): PrintedEvent {
  const row = kind === EventKind.sampleIssued ? extras?.[1] : undefined;
  const prompt = row === undefined ? undefined : prompts.get(row);
  const workerId = note?.workerId ?? (batchWorkerId < 0 ? undefined : batchWorkerId);
  const seqHex = sampleSeq === undefined ? '' : HEADER.run_id + sampleSeq.toString(16).padStart(16, '0');
  return {
    event_type: EVENT_TOPICS[kind],
    timestamp_ns: String(BigInt(HEADER.origin_ns) + BigInt(timestampNs)),
    sample_uuid: note?.sampleUuid ?? seqHex,
    conversation_id: '',
    turn: null,
    data: (data ?? prompt)?.json ?? null,
    ...(finishReason !== undefined && { finish_reason: finishReason }),
    ...(workerId !== undefined && { worker_id: workerId }),
    sample_seq: sampleSeq ?? null,
    extras: (extras ?? []).map((extra) => (Number.isFinite(extra) ? extra : null)),
  };
}

export const ns = (value: number) => value as Nanoseconds;
export const seq = (value: number) => value as SampleSeq;
