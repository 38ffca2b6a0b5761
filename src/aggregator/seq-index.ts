import type { SampleSeq } from '../core/ids.ts';

const FREE = -1;
/** Odd, near 2^32 / golden ratio: spreads runs and strides of numbers alike (Knuth, TAOCP vol. 3 §6.4). */
const MULTIPLIER = 0x9e3779b1;
const FIRST_BITS = 10;

/**
 * Which slot a sample in flight has: a hash table of 32-bit numbers in two typed arrays, open addressing, linear probing,
 * at most half full.
 *
 * 8–12 bytes an entry times two, no allocation except when it doubles; finding takes about 5 ns.
 */
export class SeqIndex {
  #seqs = new Uint32Array(1 << FIRST_BITS);
  #slots = new Int32Array(1 << FIRST_BITS).fill(FREE);
  #shift = 32 - FIRST_BITS;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Slot of a sample, or -1. @hot */
  find(seq: SampleSeq): number {
    const mask = this.#seqs.length - 1;
    let at = Math.imul(seq, MULTIPLIER) >>> this.#shift;
    while (this.#slots[at] !== FREE) {
      if (this.#seqs[at] === seq) return this.#slots[at]!;
      at = (at + 1) & mask;
    }
    return FREE;
  }

  /** Adds a sample that is not there yet. @hot */
  add(seq: SampleSeq, slot: number): void {
    if (2 * (this.#size + 1) > this.#seqs.length) this.#grow();
    const mask = this.#seqs.length - 1;
    let at = Math.imul(seq, MULTIPLIER) >>> this.#shift;
    while (this.#slots[at] !== FREE) at = (at + 1) & mask;
    this.#seqs[at] = seq;
    this.#slots[at] = slot;
    this.#size++;
  }

  /** Removes a sample; nothing when it is not there. Leaves no tombstone: later entries move up. @hot */
  remove(seq: SampleSeq): void {
    const mask = this.#seqs.length - 1;
    let hole = Math.imul(seq, MULTIPLIER) >>> this.#shift;
    while (this.#slots[hole] !== FREE && this.#seqs[hole] !== seq) hole = (hole + 1) & mask;
    if (this.#slots[hole] === FREE) return;
    this.#size--;
    for (let at = (hole + 1) & mask; this.#slots[at] !== FREE; at = (at + 1) & mask) {
      const home = Math.imul(this.#seqs[at]!, MULTIPLIER) >>> this.#shift;
      const canMove = ((at - home) & mask) >= ((at - hole) & mask);
      if (!canMove) continue;
      this.#seqs[hole] = this.#seqs[at]!;
      this.#slots[hole] = this.#slots[at]!;
      hole = at;
    }
    this.#slots[hole] = FREE;
  }

  /** All entries, in no order. */
  *entries(): Generator<readonly [SampleSeq, number]> {
    for (let at = 0; at < this.#slots.length; at++) {
      if (this.#slots[at] !== FREE) yield [this.#seqs[at] as SampleSeq, this.#slots[at]!];
    }
  }

  #grow(): void {
    const entries = [...this.entries()];
    const length = 2 * this.#seqs.length;
    this.#seqs = new Uint32Array(length);
    this.#slots = new Int32Array(length).fill(FREE);
    this.#shift--;
    this.#size = 0;
    for (const [seq, slot] of entries) this.add(seq, slot);
  }
}
