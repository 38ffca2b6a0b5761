import { errorText } from '../core/errors.ts';
import { jsonText } from '../core/json-text.ts';
import { MsgpackWriter } from '../transport/msgpack-writer.ts';
import { decodePayload } from './payload.ts';
import { kindOf, safeInteger, type WireRecord } from './record-reader.ts';
import { WireFormatError } from './wire-format-error.ts';

/** The timestamp of a line as it is written: it may pass what a number holds. */
const TIMESTAMP = /"timestamp_ns"\s*:\s*(-?\d{1,20})\s*[,}]/;

/**
 * Reads lines of `events.jsonl`, the reference's or ours, by the rules of its wire: missing keys take their defaults, but for the time, and unknown ones are passed
 * over. Takes 2 to 3 µs a line, and more for long texts.
 */
export class RecordJsonReader {
  readonly #writer = new MsgpackWriter();

  /** Throws {@link WireFormatError} for a line that is no record. */
  read(line: string): WireRecord {
    const fields = objectOf(line);
    const { event_type: topic, sample_uuid: uuid = '', conversation_id: conversation = '' } = fields;
    const { turn = null, data = null, finish_reason: reason, worker_id: worker } = fields;
    if (typeof topic !== 'string') throw wrong('event_type', 'text', topic);
    if (typeof uuid !== 'string') throw wrong('sample_uuid', 'text', uuid);
    if (typeof conversation !== 'string') throw wrong('conversation_id', 'text', conversation);
    if (reason !== undefined && typeof reason !== 'string') throw wrong('finish_reason', 'text', reason);
    return {
      kind: kindOf(topic),
      timestampNs: timestampOf(fields.timestamp_ns, line),
      sampleUuid: uuid,
      note: {
        ...(conversation !== '' && { conversationId: conversation }),
        ...(turn !== null && { turn: wholeNumber('turn', turn) }),
        ...(worker !== undefined && { workerId: wholeNumber('worker_id', worker) }),
      },
      data: data === null ? undefined : this.#dataOf(data),
      finishReason: reason,
      extras: [],
    };
  }

  #dataOf(data: unknown): Uint8Array {
    this.#writer.clear();
    this.#writer.value(data);
    const bytes = this.#writer.finish();
    decodePayload(bytes);
    return bytes;
  }
}

function objectOf(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new WireFormatError('DecodeError', errorText(error), { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong('line', 'an object', value);
  return value as Readonly<Record<string, unknown>>;
}

function timestampOf(value: unknown, line: string): bigint {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw wrong('timestamp_ns', 'a whole number', value);
  if (Number.isSafeInteger(value)) return BigInt(value);
  const written = TIMESTAMP.exec(line)?.[1];
  if (written === undefined || Number(written) !== value)
    throw wrong('timestamp_ns', 'a whole number', value);
  return BigInt(written);
}

function wholeNumber(key: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(key, 'a whole number', value);
  return safeInteger(BigInt(value), key);
}

function wrong(key: string, allowed: string, found: unknown): WireFormatError {
  return new WireFormatError(
    'ValidationError',
    `${key} must be ${allowed} (got ${jsonText(found).slice(0, 80)})`,
  );
}
