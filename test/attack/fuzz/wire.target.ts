import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { buildEventBatch } from '../../../src/events/batch-builder.ts';
import { decodeBatch, encodeBatchFrame } from '../../../src/events/columnar-codec.ts';
import { textOutputJson } from '../../../src/events/payload-json.ts';
import {
  decodePayload,
  type EventPayload,
  PayloadEncoder,
  payloadToJson,
} from '../../../src/events/payload.ts';
import { decodePrompts, encodePromptsFrame } from '../../../src/events/prompts-codec.ts';
import { WireFormatError } from '../../../src/events/wire-format-error.ts';
import { EventKind } from '../../../src/core/event-types.ts';
import type { SampleSeq } from '../../../src/core/ids.ts';
import type { Nanoseconds } from '../../../src/core/time.ts';
import { FRAME_HEADER_BYTES, FrameKind, openFrame, sealFrame } from '../../../src/transport/frame.ts';
import type { FuzzTarget } from './targets.ts';

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const payloads = new PayloadEncoder();
const TEXT = latin1(payloads.textModelOutput({ output: ['a', 'b'], reasoning: 'r', toolCalls: [{ id: 1 }] }));
const TEXTS = latin1(payloads.textModelOutput({ output: 'é "a"', reasoning: ['r'], toolCalls: null }));
const ERROR = latin1(payloads.errorData({ errorType: 'timeout', errorMessage: 'why' }));
const BATCH = encodeBatchFrame(
  buildEventBatch([
    {
      kind: EventKind.sampleIssued,
      timestampNs: 5 as Nanoseconds,
      sampleSeq: 1 as SampleSeq,
      extras: [4, 0],
    },
    {
      kind: EventKind.sampleComplete,
      timestampNs: 9 as Nanoseconds,
      sampleSeq: 1 as SampleSeq,
      finishReason: 'odd',
    },
  ]),
);
const PROMPTS = encodePromptsFrame({ firstRow: 0, prompts: [Buffer.from(TEXT, 'latin1'), Buffer.from('x')] });
const WORDS = [
  '\u0000\u0000\u0000\u0000',
  '\u0001\u0000\u0000\u0000',
  '\u00ff\u00ff\u00ff\u00ff',
  '\u0090',
  '\u00c0',
  '\u00dc\u0000\u0001',
];

/** What is read is written again as the same, and anything else is refused as a `WireFormatError`. */
function codecTarget<T>(
  seeds: readonly string[],
  decode: (bytes: Buffer) => T,
  encode: (value: T) => Uint8Array,
): FuzzTarget {
  return {
    seeds,
    words: WORDS,
    check: (bytes) => {
      let value: T;
      try {
        value = decode(Buffer.from(bytes));
      } catch (error) {
        if (!(error instanceof WireFormatError)) throw error;
        return;
      }
      const again = decode(Buffer.from(encode(value)));
      if (!isDeepStrictEqual(again, value)) assert.deepEqual(again, value);
    },
  };
}

export const batchTarget = codecTarget([latin1(BATCH.subarray(FRAME_HEADER_BYTES))], decodeBatch, (batch) =>
  encodeBatchFrame(batch).subarray(FRAME_HEADER_BYTES),
);

export const promptsTarget = codecTarget(
  [latin1(PROMPTS.subarray(FRAME_HEADER_BYTES))],
  decodePrompts,
  (rows) => encodePromptsFrame(rows).subarray(FRAME_HEADER_BYTES),
);

/** Half a surrogate pair, which some bytes read as, is written as U+FFFD. What becomes JSON without being decoded is the same as decoded. */
export const payloadTarget = codecTarget(
  [TEXT, TEXTS, ERROR],
  (bytes) => {
    const payload = decodePayload(bytes);
    const json = textOutputJson(bytes);
    if (json !== undefined) assert.equal(json, JSON.stringify(payloadToJson(payload)));
    return wellFormed(payload) as EventPayload;
  },
  encodePayload,
);

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.toWellFormed(), wellFormed(inner)]),
  );
}

function encodePayload(payload: EventPayload): Uint8Array {
  switch (payload.type) {
    case 'TextModelOutput':
      return payloads.textModelOutput(payload.data);
    case 'PromptData':
      return payloads.promptData(payload.data);
    case 'ErrorData':
      return payloads.errorData(payload.data);
  }
}

/** A frame that opens is the one that was sealed. */
export const framesTarget: FuzzTarget = {
  seeds: [latin1(sealFrame(Uint8Array.from(BATCH), FrameKind.events, 3).bytes), 'INFR'],
  words: ['INFR', ...WORDS],
  check: (bytes) => {
    const frame = openFrame(Uint8Array.from(bytes));
    if (typeof frame === 'string') return;
    const again = sealFrame(Uint8Array.from(frame.bytes), frame.kind, frame.seq);
    assert.deepEqual(Buffer.from(again.body), Buffer.from(frame.body));
    assert.equal(frame.bytes.length <= bytes.length, true);
  },
};
