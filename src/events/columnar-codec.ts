import { endianness } from 'node:os';
import { decode } from '@msgpack/msgpack';
import { errorText, InferometerError } from '../core/errors.ts';
import { EVENT_TOPICS, FINISH_OTHER, FINISH_REASONS } from '../core/event-types.ts';
import { FRAME_HEADER_BYTES } from '../transport/frame.ts';
import { MsgpackWriter } from '../transport/msgpack-writer.ts';
import type { EventBatch, RecordNote } from './event-batch.ts';
import { WireFormatError } from './wire-format-error.ts';

/**
 * Body of an `events` frame, little-endian:
 *
 * | bytes | what |
 * |---|---|
 * | 0–3 | records n |
 * | 4–7 | worker id, signed |
 * | 8–11 | extras x |
 * | 12–15 | payload bytes p |
 * | 16–19 | note bytes m |
 * | 20–23 | zero |
 * | 8 n | timestamps, ns since the origin, float64 |
 * | 8 x | extras, float64 |
 * | 4 n | sample sequence numbers, uint32 |
 * | 4 n | payload ends, uint32 |
 * | 4 n | extra ends, uint32 |
 * | n | kinds, uint8 |
 * | n | finish reasons, uint8 |
 * | p | payload |
 * | m | notes, MessagePack: `[[record, conversation id, turn, finish reason, worker id, sample uuid], …]`, absent when m = 0 |
 *
 * Sections follow each other without gaps and each number is aligned when the body is, to 8 bytes, as it is in a frame.
 */
export const BATCH_HEADER_BYTES = 24;
const BYTES_PER_RECORD = 8 + 3 * 4 + 2;
const BYTES_PER_EXTRA = 8;

/**
 * A batch as an unsealed frame: {@link FRAME_HEADER_BYTES} of room for `sealFrame`, then the body, in one `ArrayBuffer`
 * of exactly that size, which may be transferred. Copies each column once; about 10 ns a record.
 */
export function encodeBatchFrame(batch: EventBatch): Uint8Array {
  return encodeBatchBehind(FRAME_HEADER_BYTES, batch);
}

/** The same body behind `startsAt` bytes of room, in `memory` when that is large enough, from its start on. */
export function encodeBatchBehind(startsAt: number, batch: EventBatch, memory?: Uint8Array): Uint8Array {
  requireLittleEndian();
  const { count } = batch;
  const notes = encodeNotes(batch.notes);
  const bytes =
    startsAt +
    BATCH_HEADER_BYTES +
    count * BYTES_PER_RECORD +
    batch.extras.length * BYTES_PER_EXTRA +
    batch.payload.length +
    notes.length;
  const frame =
    memory !== undefined && memory.buffer.byteLength >= bytes
      ? new Uint8Array(memory.buffer, 0, bytes)
      : new Uint8Array(bytes);
  const header = new DataView(frame.buffer, startsAt);
  header.setUint32(0, count, true);
  header.setInt32(4, batch.workerId, true);
  header.setUint32(8, batch.extras.length, true);
  header.setUint32(12, batch.payload.length, true);
  header.setUint32(16, notes.length, true);
  header.setUint32(20, 0, true);
  let at = startsAt + BATCH_HEADER_BYTES;
  for (const column of [
    batch.timestampsNs,
    batch.extras,
    batch.sampleSeqs,
    batch.payloadEnds,
    batch.extraEnds,
    batch.kinds,
    batch.finishReasons,
    batch.payload,
    notes,
  ]) {
    frame.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  return frame;
}

/**
 * The batch in the body of an `events` frame. The columns are views into `body` when that starts at a multiple of 8 in its
 * buffer, and views into one copy of it otherwise. Throws {@link WireFormatError} when lengths, ends or codes are not
 * what they must be.
 */
export function decodeBatch(body: Uint8Array): EventBatch {
  requireLittleEndian();
  const aligned = body.byteOffset % 8 === 0 ? body : new Uint8Array(body);
  if (aligned.length < BATCH_HEADER_BYTES) throw malformed(`batch of ${aligned.length} bytes has no header`);
  const { buffer, byteOffset } = aligned;
  const header = new DataView(buffer, byteOffset);
  const count = header.getUint32(0, true);
  const extraCount = header.getUint32(8, true);
  const payloadBytes = header.getUint32(12, true);
  const noteBytes = header.getUint32(16, true);
  const wantedBytes =
    BATCH_HEADER_BYTES + count * BYTES_PER_RECORD + extraCount * BYTES_PER_EXTRA + payloadBytes + noteBytes;
  if (aligned.length !== wantedBytes) {
    throw malformed(`a batch of ${count} records must have ${wantedBytes} bytes (got ${aligned.length})`);
  }
  const extrasAt = byteOffset + BATCH_HEADER_BYTES + 8 * count;
  const sampleSeqsAt = extrasAt + 8 * extraCount;
  const kindsAt = sampleSeqsAt + 12 * count;
  const payloadAt = kindsAt + 2 * count;
  const batch: EventBatch = {
    count,
    workerId: header.getInt32(4, true),
    timestampsNs: new Float64Array(buffer, byteOffset + BATCH_HEADER_BYTES, count),
    extras: new Float64Array(buffer, extrasAt, extraCount),
    sampleSeqs: new Uint32Array(buffer, sampleSeqsAt, count),
    payloadEnds: new Uint32Array(buffer, sampleSeqsAt + 4 * count, count),
    extraEnds: new Uint32Array(buffer, sampleSeqsAt + 8 * count, count),
    kinds: new Uint8Array(buffer, kindsAt, count),
    finishReasons: new Uint8Array(buffer, kindsAt + count, count),
    payload: new Uint8Array(buffer, payloadAt, payloadBytes),
    notes: decodeNotes(new Uint8Array(buffer, payloadAt + payloadBytes, noteBytes), count),
  };
  requireEnds('payload', batch.payloadEnds, payloadBytes);
  requireEnds('extras', batch.extraEnds, extraCount);
  requireCodes(batch);
  return batch;
}

function requireEnds(what: string, ends: Uint32Array, total: number): void {
  let previous = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i]!;
    if (end < previous)
      throw malformed(`${what} of record ${i} ends at ${end}, before it starts at ${previous}`);
    previous = end;
  }
  if (previous !== total) throw malformed(`${what} must end at ${total} (got ${previous})`);
}

function requireCodes({ kinds, finishReasons }: EventBatch): void {
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i]! >= EVENT_TOPICS.length) throw malformed(`record ${i} is of unknown kind ${kinds[i]!}`);
    const finishReason = finishReasons[i]!;
    if (finishReason > FINISH_REASONS.length && finishReason !== FINISH_OTHER) {
      throw malformed(`record ${i} has unknown finish reason ${finishReason}`);
    }
  }
}

const notesWriter = new MsgpackWriter();

function encodeNotes(notes: EventBatch['notes']): Uint8Array {
  if (notes === undefined || notes.size === 0) return new Uint8Array(0);
  const writer = notesWriter;
  writer.clear();
  writer.arrayHeader(notes.size);
  for (const [index, { conversationId, turn, finishReason, workerId, sampleUuid }] of notes) {
    writer.arrayHeader(6);
    writer.int(index);
    writeText(conversationId);
    writeInt(turn);
    writeText(finishReason);
    writeInt(workerId);
    writeText(sampleUuid);
  }
  return writer.written();
}

function writeText(text: string | undefined): void {
  if (text === undefined) notesWriter.nil();
  else notesWriter.text(text);
}

function writeInt(value: number | undefined): void {
  if (value === undefined) notesWriter.nil();
  else notesWriter.int(value);
}

function decodeNotes(bytes: Uint8Array, count: number): EventBatch['notes'] {
  if (bytes.length === 0) return undefined;
  let rows: unknown;
  try {
    rows = decode(bytes);
  } catch (error) {
    throw new WireFormatError('DecodeError', `notes: ${errorText(error)}`, { cause: error });
  }
  if (!Array.isArray(rows)) throw malformed('notes are no list');
  return new Map(rows.map((row: unknown) => decodeNote(row, count)));
}

function decodeNote(row: unknown, count: number): [number, RecordNote] {
  if (!Array.isArray(row)) throw malformed('note is no list');
  const [index, conversationId, turn, finishReason, workerId, sampleUuid] = row as unknown[];
  if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count) {
    throw malformed(`note of record ${String(index)}, ${count} records`);
  }
  const note: { -readonly [key in keyof RecordNote]: RecordNote[key] } = {};
  if (typeof conversationId === 'string') note.conversationId = conversationId;
  if (typeof turn === 'number') note.turn = turn;
  if (typeof finishReason === 'string') note.finishReason = finishReason;
  if (typeof workerId === 'number') note.workerId = workerId;
  if (typeof sampleUuid === 'string') note.sampleUuid = sampleUuid;
  return [index as number, note];
}

function malformed(message: string): WireFormatError {
  return new WireFormatError('ValidationError', message);
}

/** Columns are copied as they stand in memory. */
function requireLittleEndian(): void {
  if (endianness() === 'LE') return;
  throw new InferometerError(
    'INFEROMETER_EVENTS_BIG_ENDIAN',
    'setup',
    'event batches need a little-endian machine, this one is big-endian',
  );
}
