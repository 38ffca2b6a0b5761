import { decode, encode } from '@msgpack/msgpack';

// A reader of MLCommons' event wire, made from its rules alone, with none of our code. It is strict: what it reads must be what the reference's
// writer would have written, byte for byte.

const TOPIC_BYTES = 40;
const TOPICS = [
  ...['started', 'ended', 'stop_loadgen', 'start_performance_tracking', 'stop_performance_tracking'].map(
    (value) => `session.${value}`,
  ),
  ...['generic', 'loadgen', 'session', 'client'].map((value) => `error.${value}`),
  ...['issued', 'complete', 'recv_first', 'recv_non_first'].map((value) => `sample.${value}`),
];
const KEYS = ['event_type', 'timestamp_ns', 'sample_uuid', 'conversation_id', 'turn', 'data'];
const OPTIONAL_KEYS = ['finish_reason', 'worker_id'];
const DATA_LENGTHS: Readonly<Record<string, number>> = { TextModelOutput: 4, PromptData: 8, ErrorData: 3 };

export interface MlcommonsRecord {
  readonly event_type: string;
  readonly timestamp_ns: bigint;
  readonly sample_uuid: string;
  readonly data: readonly unknown[] | null;
  readonly finish_reason?: string;
  readonly worker_id?: number;
  /** Keys it does not know, which it passes over. */
  readonly unknown: Readonly<Record<string, unknown>>;
}

/** A message of the bus, read. */
export interface MlcommonsMessage {
  readonly topic: string;
  readonly payloads: readonly Uint8Array[];
  readonly records: readonly MlcommonsRecord[];
}

export function readMlcommonsMessage(message: Uint8Array): MlcommonsMessage {
  const topic = Buffer.from(message.subarray(0, TOPIC_BYTES)).toString().replace(/\0+$/, '');
  const rest = message.subarray(TOPIC_BYTES);
  const payloads = topic === 'batch' ? readBatch(rest) : [rest];
  const records = payloads.map(readRecord);
  if (topic !== 'batch' && records[0]!.event_type !== topic) throw new Error(`${topic}: another record`);
  return { topic, payloads, records };
}

function readBatch(bytes: Uint8Array): readonly Uint8Array[] {
  const payloads = decode(bytes) as unknown[];
  if (payloads.length < 2) throw new Error(`a batch of ${payloads.length}`);
  for (const payload of payloads) {
    if (!(payload instanceof Uint8Array)) throw new Error('a batch of something else than binaries');
  }
  requireBytes(bytes, payloads);
  return payloads as Uint8Array[];
}

function readRecord(payload: Uint8Array): MlcommonsRecord {
  const fields = decode(payload, { useBigInt64: true }) as Record<string, unknown>;
  requireBytes(payload, fields);
  const keys = Object.keys(fields);
  const known = keys.filter((key) => KEYS.includes(key) || OPTIONAL_KEYS.includes(key));
  const expected = [...KEYS, ...OPTIONAL_KEYS.filter((key) => key in fields)];
  if (known.join() !== expected.join() || keys.slice(0, known.length).join() !== known.join())
    throw new Error(`keys ${keys.join()}`);
  const { event_type, timestamp_ns, sample_uuid, conversation_id, turn, data } = fields;
  if (!TOPICS.includes(event_type as string)) throw new Error(`event type ${String(event_type)}`);
  if (
    typeof timestamp_ns !== 'bigint' ||
    typeof sample_uuid !== 'string' ||
    conversation_id !== '' ||
    turn !== null
  )
    throw new Error(`fields of ${String(event_type)}`);
  if (data !== null) {
    if (!Array.isArray(data) || data.length !== DATA_LENGTHS[data[0] as string]) throw new Error('data');
  }
  for (const key of known) delete fields[key];
  return { ...(decode(payload, { useBigInt64: true }) as MlcommonsRecord), unknown: fields };
}

/** Each integer and length in its smallest form, as msgspec writes them. */
function requireBytes(bytes: Uint8Array, value: unknown): void {
  if (!Buffer.from(encode(value, { useBigInt64: true })).equals(bytes))
    throw new Error('other bytes than msgspec writes');
}
