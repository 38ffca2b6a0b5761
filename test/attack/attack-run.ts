import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRunHeader, jsonFrame, type RunHeader } from '../../src/app/run-folder/run-header.ts';
import { markFrame } from '../../src/app/run-folder/run-marks.ts';
import { EventKind } from '../../src/core/event-types.ts';
import type { RunId, SampleSeq } from '../../src/core/ids.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { encodeWindowsFrame } from '../../src/events/lateness-windows.ts';
import { PayloadEncoder } from '../../src/events/payload.ts';
import { encodePromptsFrame } from '../../src/events/prompts-codec.ts';
import { FrameKind, sealFrame } from '../../src/transport/frame.ts';
import { HEALTH } from '../wire/scripted-log.ts';

/** What the author of a run folder can put into texts that reach a terminal or a report. */
export const HOSTILE_TEXT = 'x\u001b]0;owned\u0007\u001b[2J\r\nVALID: forged\u202e\u009b31m\u007f';

/** Beside a hostile run: it must be listed whatever the other one holds. */
export const SOUND_RUN = 'sound';

const MS = 1e6;
const SAMPLES = 60;
const SAMPLES_A_FRAME = 6;
const NO_PROMPT = { tokenIds: null, messages: null, tools: null };
const NO_TEMPLATE = { chatTemplateKwargs: null, chatTemplate: null, toolChoice: null };

export interface AttackRunOptions {
  /** Texts of the log; default harmless ones. */
  readonly text?: string;
  readonly tokenizer?: string | null;
}

/** The frames of a small run with every kind of content: 60 samples of three chunks in 0.6 s, each tenth one failing. */
export function framesOfRun({ text = 'model', tokenizer = null }: AttackRunOptions = {}): Uint8Array[] {
  const payloads = new PayloadEncoder();
  const header: RunHeader = {
    format: 1,
    run_id: '00112233aabbccdd' as RunId,
    origin_ns: '1000000',
    started_at: '2026-01-02T03:04:05.678Z',
    version: '0.1.0',
    streaming: true,
    tokenizer,
    requested_rate_per_second: null,
    planned_samples: SAMPLES,
    output_limit: null,
    skipped_rows: 0,
    config: {
      api: 'openai-chat',
      model: text,
      endpoints: ['http://127.0.0.1:1/'],
      load: { pattern: 'burst' },
    },
  };
  const bodies: [FrameKind, Uint8Array][] = [
    [FrameKind.runHeader, encodeRunHeader(header)],
    [
      FrameKind.prompts,
      encodePromptsFrame({
        firstRow: 0,
        prompts: [0, 1].map(() => payloads.promptData({ text, ...NO_PROMPT, ...NO_TEMPLATE })),
      }),
    ],
    events([at(0, EventKind.sessionStarted), at(1, EventKind.sessionStartTracking)]),
    [FrameKind.mark, markFrame({ at_ns: MS, kind: 'note', value: null, text })],
  ];
  for (let first = 0; first < SAMPLES; first += SAMPLES_A_FRAME) {
    const seqs = Array.from({ length: SAMPLES_A_FRAME }, (_, i) => first + i);
    bodies.push([FrameKind.windows, encodeWindowsFrame(lateReads(first))]);
    bodies.push(
      events(
        seqs.flatMap((seq) => recordsOf(seq, text, payloads)),
        0,
      ),
    );
  }
  const end = SAMPLES * 10 + 100;
  bodies.push([FrameKind.health, jsonFrame({ ...HEALTH, at_ns: end * MS })]);
  bodies.push(events([at(end, EventKind.sessionStopTracking), at(end + 1, EventKind.sessionEnded)]));
  return bodies.map(([kind, bytes], seq) => sealFrame(bytes, kind, seq).bytes);
}

/** Makes a run folder: its log and the files that lie beside one. What a report adds is left to whoever reports. */
export function writeRun(path: string, options: AttackRunOptions = {}): void {
  mkdirSync(join(path, 'metrics'), { recursive: true });
  mkdirSync(join(path, 'performance'));
  writeFileSync(join(path, 'run.log'), Buffer.concat(framesOfRun(options)));
  writeFileSync(join(path, 'config.yaml'), 'model: m\nload:\n  pattern: burst\n');
  writeFileSync(join(path, 'run.json'), JSON.stringify(manifestOf(), null, 2));
}

/** As of a run that ended well, or whose process is gone, on no machine of today. */
export function manifestOf(state: 'complete' | 'running' = 'complete'): object {
  return {
    ...{ format: 1, run_id: '00112233aabbccdd', version: '0.1.0', started_at: '2026-01-02T03:04:05.678Z' },
    origin_ns: '1000000',
    machine: { platform: 'none', cpu: null, cores: 1, memory_bytes: 1, node: 'v24.0.0' },
    pids: { main: 0, aggregator: null },
    main_process: { pid: 0, start_ticks: 1 },
    addresses: { events: 'ipc:///nowhere/a', snapshots: 'ipc:///nowhere/b' },
    outcome: state === 'running' ? { state } : { state, verdict: 'valid' },
  };
}

function at(ms: number, kind: EventKind, more: Partial<EventRecord> = {}): EventRecord {
  return { kind, timestampNs: (ms * MS) as Nanoseconds, ...more };
}

function events(records: readonly EventRecord[], workerId = -1): [FrameKind, Uint8Array] {
  return [FrameKind.events, encodeBatchFrame(buildEventBatch(records, workerId))];
}

function recordsOf(seq: number, text: string, payloads: PayloadEncoder): EventRecord[] {
  const start = 10 + seq * 10;
  const sampleSeq = seq as SampleSeq;
  const issued = at(start, EventKind.sampleIssued, { sampleSeq, extras: [start * MS, seq % 2] });
  if (seq % 10 === 9) {
    const payload = payloads.errorData({ errorType: text, errorMessage: text });
    return [
      issued,
      at(start + 3, EventKind.errorClient, { sampleSeq, payload }),
      at(start + 3, EventKind.sampleComplete, { sampleSeq }),
    ];
  }
  const payload = payloads.textModelOutput({ output: [text, ' more'], reasoning: null, toolCalls: null });
  return [
    issued,
    at(start + 2, EventKind.sampleRecvFirst, { sampleSeq, extras: [0] }),
    at(start + 4, EventKind.sampleRecvNonFirst, { sampleSeq }),
    at(start + 6, EventKind.sampleRecvNonFirst, { sampleSeq }),
    at(start + 7, EventKind.sampleComplete, { sampleSeq, payload, finishReason: text, extras: [7, 3] }),
  ];
}

function lateReads(first: number): { readonly workerId: number; readonly windows: Float64Array } {
  const from = (10 + first * 10) * MS;
  return { workerId: 0, windows: Float64Array.of(from, from + MS, from - MS) };
}
