import { type EventKind, eventKindOfTopic } from '../core/event-types.ts';
import { MsgpackReader } from '../transport/msgpack-reader.ts';
import { decodePayload } from './payload.ts';
import { EXTRAS_KEY } from './record-keys.ts';
import { WIRE_FORMAT_FAULTS, WireFormatError } from './wire-format-error.ts';

/** A record as it stands on the wire. */
export interface WireRecord {
  kind: EventKind;
  timestampNs: bigint | undefined;
  sampleUuid: string;
  note: { conversationId?: string; turn?: number; workerId?: number };
  data: Uint8Array | undefined;
  finishReason: string | undefined;
  /** Of a record of ours; a due time is absolute. Null = unknown. */
  extras: (bigint | null)[];
}

/** More than any kind of record has. */
const MOST_EXTRAS = 16;

type WireRecordSoFar = Omit<WireRecord, 'kind'> & { kind?: EventKind };

/**
 * Reads the map of one record: missing keys take their defaults, unknown ones are passed over; only `turn` and
 * `data` may be nil. Throws {@link WireFormatError}.
 */
export function readRecord(bytes: Uint8Array): WireRecord {
  const reader = new MsgpackReader(bytes, WIRE_FORMAT_FAULTS);
  const wire: WireRecordSoFar = {
    timestampNs: undefined,
    sampleUuid: '',
    note: {},
    data: undefined,
    finishReason: undefined,
    extras: [],
  };
  for (let entries = reader.mapHeader(); entries > 0; entries--) readEntry(reader, wire);
  reader.end();
  if (wire.kind === undefined) throw invalid('event_type is missing');
  return { ...wire, kind: wire.kind };
}

function readEntry(reader: MsgpackReader, wire: WireRecordSoFar): void {
  const key = reader.text();
  switch (key) {
    case 'event_type':
      wire.kind = kindOf(reader.text());
      break;
    case 'timestamp_ns':
      wire.timestampNs = reader.int();
      break;
    case 'sample_uuid':
      wire.sampleUuid = reader.text();
      break;
    case 'conversation_id': {
      const conversationId = reader.text();
      if (conversationId !== '') wire.note.conversationId = conversationId;
      break;
    }
    case 'turn':
      if (!reader.nil()) wire.note.turn = safeInteger(reader.int(), key);
      break;
    case 'data':
      if (!reader.nil()) wire.data = readData(reader);
      break;
    case 'finish_reason':
      wire.finishReason = reader.text();
      break;
    case 'worker_id':
      wire.note.workerId = safeInteger(reader.int(), key);
      break;
    case EXTRAS_KEY:
      wire.extras = readExtras(reader);
      break;
    default:
      reader.skip();
  }
}

/** Throws {@link WireFormatError} for a topic there is not. */
export function kindOf(topic: string): EventKind {
  const kind = eventKindOfTopic(topic);
  if (kind === undefined) throw invalid(`event_type ${JSON.stringify(topic)} is unknown`);
  return kind;
}

/** A whole number of the entry `key` as a number. Throws {@link WireFormatError} beyond 2^53. */
export function safeInteger(whole: bigint, key: string): number {
  const value = Number(whole);
  if (!Number.isSafeInteger(value)) throw invalid(`${key} ${value} is beyond 2^53`);
  return value;
}

function readExtras(reader: MsgpackReader): (bigint | null)[] {
  const length = reader.arrayHeader();
  if (length > MOST_EXTRAS) throw invalid(`${EXTRAS_KEY} has ${length} elements, at most ${MOST_EXTRAS}`);
  return Array.from({ length }, () => (reader.nil() ? null : reader.int()));
}

/** The bytes of a payload, kept as they are once they are known to be one. */
function readData(reader: MsgpackReader): Uint8Array {
  const data = reader.skip();
  decodePayload(data);
  return data;
}

function invalid(message: string): WireFormatError {
  return new WireFormatError('ValidationError', message);
}
