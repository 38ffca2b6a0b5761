import { FINISH_ABSENT, FINISH_OTHER, type EventKind } from '../core/event-types.ts';
import { finishReasonCode } from '../events/batch-builder.ts';
import { encodeBatchFrame } from '../events/columnar-codec.ts';
import { COMPLETE_EXTRA, type RecordNote } from '../events/event-batch.ts';
import { MsgpackWriter } from '../transport/msgpack-writer.ts';

/** A batch is handed over when it has so many records, … */
export const MAX_BATCH_RECORDS = 4096;
/** … when its payload has so many bytes, … */
export const MAX_BATCH_PAYLOAD_BYTES = 256 * 1024;
/** … or when its first record is so old. Younger ones cost a closed loop CPU time by the frame; a run that is killed loses so much. */
export const MAX_BATCH_AGE_MS = 20;
/** No record has more extras (those of a completed one), … */
const MAX_EXTRAS = Object.keys(COMPLETE_EXTRA).length;
/** … and on average records have no more than this: a batch is handed over before they run out. */
const MEAN_EXTRAS = 2;
const EXTRAS_ROOM = MAX_BATCH_RECORDS * MEAN_EXTRAS;

/**
 * Collects the records of one worker in columns that are reused, and hands them over in frames.
 *
 * A record is `open`, then `payload`, `extra`, `finishReason` and `note` as needed, then `close`. No allocation but at a flush, for a note
 * and for a finish reason nobody knows. Memory: about 400 kB, more after a larger payload.
 */
export class BatchWriter {
  /** Takes the payload of the open record. */
  readonly payload = new MsgpackWriter();
  readonly #workerId: number;
  readonly #send: (frame: Uint8Array) => void;
  readonly #onTimer = () => {
    this.#timer = undefined;
    this.flush();
  };
  readonly #kinds = new Uint8Array(MAX_BATCH_RECORDS);
  readonly #finishReasons = new Uint8Array(MAX_BATCH_RECORDS);
  readonly #sampleSeqs = new Uint32Array(MAX_BATCH_RECORDS);
  readonly #payloadEnds = new Uint32Array(MAX_BATCH_RECORDS);
  readonly #extraEnds = new Uint32Array(MAX_BATCH_RECORDS);
  readonly #timestampsNs = new Float64Array(MAX_BATCH_RECORDS);
  readonly #extras = new Float64Array(EXTRAS_ROOM + MAX_EXTRAS);
  #notes: Map<number, RecordNote> | undefined;
  #count = 0;
  #flushedCount = 0;
  #extraEnd = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `send` may keep the frame. */
  constructor(workerId: number, send: (frame: Uint8Array) => void) {
    this.#workerId = workerId;
    this.#send = send;
  }

  /** Records so far, handed over or not. */
  get recordCount(): number {
    return this.#flushedCount + this.#count;
  }

  /**
   * Begins a record.
   * @hot
   */
  open(kind: EventKind, sampleSeq: number, timestampNs: number): void {
    const index = this.#count;
    this.#kinds[index] = kind;
    this.#finishReasons[index] = FINISH_ABSENT;
    this.#sampleSeqs[index] = sampleSeq;
    this.#timestampsNs[index] = timestampNs;
  }

  /**
   * Adds a number to the open record.
   * @hot
   */
  extra(value: number): void {
    this.#extras[this.#extraEnd++] = value;
  }

  /** Gives the open record a finish reason. */
  finishReason(reason: string): void {
    const code = finishReasonCode(reason);
    this.#finishReasons[this.#count] = code;
    if (code === FINISH_OTHER) this.note({ finishReason: reason });
  }

  /** Gives the open record a note, once at most. */
  note(note: RecordNote): void {
    this.#notes ??= new Map();
    this.#notes.set(this.#count, note);
  }

  /**
   * Ends the record; hands a full batch over.
   * @hot
   */
  close(): void {
    const index = this.#count++;
    this.#payloadEnds[index] = this.payload.length;
    this.#extraEnds[index] = this.#extraEnd;
    const isFull = this.#count === MAX_BATCH_RECORDS || this.#extraEnd > EXTRAS_ROOM;
    if (isFull || this.payload.length >= MAX_BATCH_PAYLOAD_BYTES) this.flush();
    else this.#timer ??= setTimeout(this.#onTimer, MAX_BATCH_AGE_MS);
  }

  /** Hands over what was collected, if anything. No record may be open. */
  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    const frame = encodeBatchFrame({
      count,
      workerId: this.#workerId,
      kinds: this.#kinds.subarray(0, count),
      finishReasons: this.#finishReasons.subarray(0, count),
      sampleSeqs: this.#sampleSeqs.subarray(0, count),
      payloadEnds: this.#payloadEnds.subarray(0, count),
      extraEnds: this.#extraEnds.subarray(0, count),
      timestampsNs: this.#timestampsNs.subarray(0, count),
      extras: this.#extras.subarray(0, this.#extraEnd),
      payload: this.payload.written(),
      notes: this.#notes,
    });
    this.#count = 0;
    this.#flushedCount += count;
    this.payload.clear();
    this.#extraEnd = 0;
    this.#notes = undefined;
    this.#send(frame);
  }
}
