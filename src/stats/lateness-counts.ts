import { NS_PER_US } from '../core/time.ts';

/** Buckets an octave: 9 % wide. */
const PER_OCTAVE = 8;
/** From 1 µs to 67 s; what is longer is counted there. */
const BUCKETS = 26 * PER_OCTAVE + 1;

/** Counts as they travel: position and count by turns, of the buckets that have any. */
export type SparseCounts = readonly number[];

/**
 * Counts of lateness in logarithmic buckets from 1 µs; bucket 0 holds what is shorter. A value is taken for the highest of its bucket, so
 * that nothing is told to be shorter than it was. Recording costs about 20 ns and allocates nothing.
 */
export class LatenessCounts {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** @hot */
  add(latenessNs: number, count = 1): void {
    this.#counts[bucketOf(latenessNs)]! += count;
    this.#total += count;
  }

  /** Forgets all, and returns what there was. */
  take(): SparseCounts {
    const sparse: number[] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) sparse.push(bucket, count);
    });
    this.#counts.fill(0);
    this.#total = 0;
    return sparse;
  }
}

/** @hot */
function bucketOf(ns: number): number {
  if (ns <= NS_PER_US) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(PER_OCTAVE * Math.log2(ns / NS_PER_US)));
}

/** The longest lateness that a bucket counts, ns. */
export function bucketEdgeNs(bucket: number): number {
  return NS_PER_US * 2 ** (bucket / PER_OCTAVE);
}

export const LATENESS_BUCKETS = BUCKETS;
