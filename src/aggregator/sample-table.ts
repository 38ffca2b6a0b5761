import type { SampleSeq } from '../core/ids.ts';
import type { Nanoseconds } from '../core/time.ts';
import { SeqIndex } from './seq-index.ts';

/** Bits of a row's `flags`. */
export const RowFlag = {
  /** Its prompt's tokens are counted, or will be. */
  islAsked: 1,
  /** It met an error other than being cancelled. */
  errored: 2,
  /** We cancelled it: the run gave it up, or its plan says so. */
  cancelled: 4,
  /** Its reasoning was streamed. */
  reasoningStreamed: 8,
  /** Beside `cancelled`: its plan says so. */
  cancelledByPlan: 16,
  /** An attempt has failed, and it is tried again. */
  retried: 32,
} as const;

/** A tracked sample in flight, for reading outside the hot path. */
export interface SampleRow {
  readonly seq: SampleSeq;
  readonly issuedNs: Nanoseconds;
  readonly recvFirstNs: Nanoseconds | undefined;
  readonly lastRecvNs: Nanoseconds | undefined;
  readonly dueNs: Nanoseconds | undefined;
  readonly windowIndex: number;
}

const FIRST_CAPACITY = 1024;

/**
 * The tracked samples in flight, a column a field; a stamp not taken yet is NaN.
 *
 * A row keeps its slot from {@link open} to {@link close}; slots are used again, so the columns are as long as most
 * samples were ever in flight at once: 57 bytes each. Only growing allocates. The columns are replaced when they grow:
 * read them from the table each time.
 */
export class SampleTable {
  issuedNs = new Float64Array(FIRST_CAPACITY);
  recvFirstNs = new Float64Array(FIRST_CAPACITY);
  lastRecvNs = new Float64Array(FIRST_CAPACITY);
  /** How late the reads of the first and the latest chunk may be, by their windows. */
  recvFirstLateNs = new Float64Array(FIRST_CAPACITY);
  lastRecvLateNs = new Float64Array(FIRST_CAPACITY);
  /** When the plan wanted it issued. */
  dueNs = new Float64Array(FIRST_CAPACITY);
  /** Tracking window it was issued in. */
  windows = new Uint32Array(FIRST_CAPACITY);
  /** Chunks received so far. */
  chunks = new Uint32Array(FIRST_CAPACITY);
  flags = new Uint8Array(FIRST_CAPACITY);

  readonly #index = new SeqIndex();
  #freeSlots = new Uint32Array(FIRST_CAPACITY);
  #freeCount = 0;
  #usedCount = 0;

  /** Samples in flight. */
  get size(): number {
    return this.#index.size;
  }

  /** Slot of a sample in flight, or -1. @hot */
  slotOf(seq: SampleSeq): number {
    return this.#index.find(seq);
  }

  /** Gives a sample that has none a row without stamps and returns its slot. @hot */
  open(seq: SampleSeq): number {
    const slot = this.#takeSlot();
    this.#index.add(seq, slot);
    this.issuedNs[slot] = NaN;
    this.recvFirstNs[slot] = NaN;
    this.lastRecvNs[slot] = NaN;
    this.recvFirstLateNs[slot] = 0;
    this.lastRecvLateNs[slot] = 0;
    this.dueNs[slot] = NaN;
    this.chunks[slot] = 0;
    this.flags[slot] = 0;
    return slot;
  }

  /** Drops the row of a sample. @hot */
  close(seq: SampleSeq, slot: number): void {
    this.#index.remove(seq);
    this.#freeSlots[this.#freeCount++] = slot;
  }

  /** The samples in flight by number. Allocates. */
  rows(): readonly SampleRow[] {
    const rows = [...this.#index.entries()].map(([seq, slot]) => ({
      seq,
      issuedNs: this.issuedNs[slot] as Nanoseconds,
      recvFirstNs: stampOrUndefined(this.recvFirstNs[slot]!),
      lastRecvNs: stampOrUndefined(this.lastRecvNs[slot]!),
      dueNs: stampOrUndefined(this.dueNs[slot]!),
      windowIndex: this.windows[slot]!,
    }));
    return rows.sort((a, b) => a.seq - b.seq);
  }

  #takeSlot(): number {
    if (this.#freeCount > 0) return this.#freeSlots[--this.#freeCount]!;
    if (this.#usedCount === this.issuedNs.length) this.#grow();
    return this.#usedCount++;
  }

  #grow(): void {
    const capacity = 2 * this.issuedNs.length;
    this.issuedNs = copyInto(new Float64Array(capacity), this.issuedNs);
    this.recvFirstNs = copyInto(new Float64Array(capacity), this.recvFirstNs);
    this.lastRecvNs = copyInto(new Float64Array(capacity), this.lastRecvNs);
    this.recvFirstLateNs = copyInto(new Float64Array(capacity), this.recvFirstLateNs);
    this.lastRecvLateNs = copyInto(new Float64Array(capacity), this.lastRecvLateNs);
    this.dueNs = copyInto(new Float64Array(capacity), this.dueNs);
    this.windows = copyInto(new Uint32Array(capacity), this.windows);
    this.chunks = copyInto(new Uint32Array(capacity), this.chunks);
    this.flags = copyInto(new Uint8Array(capacity), this.flags);
    this.#freeSlots = copyInto(new Uint32Array(capacity), this.#freeSlots);
  }
}

function copyInto<T extends { set(values: T): void }>(target: T, source: T): T {
  target.set(source);
  return target;
}

function stampOrUndefined(stampNs: number): Nanoseconds | undefined {
  return Number.isNaN(stampNs) ? undefined : (stampNs as Nanoseconds);
}
