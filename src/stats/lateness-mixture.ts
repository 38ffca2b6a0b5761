import { bucketEdgeNs, LATENESS_BUCKETS, type SparseCounts } from './lateness-counts.ts';

/** A share of the reads, and how late they were at most. */
export interface LatenessMass {
  readonly latenessNs: number;
  readonly share: number;
}

/** Standard errors by which a share of sampled lateness is taken for larger than it was seen: 99 % of the time enough. */
const CONFIDENCE_Z = 2.33;
/** Buckets that are told as one: an octave has two. */
const STRIDE = 4;

/**
 * Lateness over several stretches of time, each weighted by the reads in it: what was late when nobody read counts for nothing. Of
 * `add` either the lateness of probes, which are a sample, or of the reads themselves.
 */
export class LatenessMixture {
  readonly #weights = new Float64Array(LATENESS_BUCKETS);
  #total = 0;
  /** Sum of weight² over probes: what the sample is worth. */
  #spread = 0;
  #count = 0;

  /** How many probes or reads there were. */
  get count(): number {
    return this.#count;
  }

  /**
   * A stretch of time with so many reads, and the lateness of what was sampled in it, in ascending order. `part`: only that share of the
   * stretch is meant. Nothing tells which of the sampled were in it, so it is taken to have had the latest ones.
   */
  add(reads: number, counts: SparseCounts, part = 1): void {
    let sampled = 0;
    for (let at = 1; at < counts.length; at += 2) sampled += counts[at]!;
    if (sampled === 0 || reads === 0) return;
    let left = part * sampled;
    for (let at = counts.length - 2; at >= 0 && left > 0; at -= 2) {
      const taken = Math.min(left, counts[at + 1]!);
      this.#weights[counts[at]!]! += (reads * taken) / sampled;
      left -= taken;
    }
    this.#total += part * reads;
    this.#spread += (part * reads * reads) / sampled;
    this.#count += part * sampled;
  }

  /** Adds the stretches of another one. */
  merge(other: LatenessMixture): void {
    for (let bucket = 0; bucket < LATENESS_BUCKETS; bucket++) {
      this.#weights[bucket]! += other.#weights[bucket]!;
    }
    this.#total += other.#total;
    this.#spread += other.#spread;
    this.#count += other.#count;
  }

  /** The mean, ns, each taken for the highest of its bucket; 0 without any. */
  meanNs(): number {
    if (this.#total === 0) return 0;
    let sum = 0;
    for (let bucket = 0; bucket < LATENESS_BUCKETS; bucket++)
      sum += this.#weights[bucket]! * bucketEdgeNs(bucket);
    return sum / this.#total;
  }

  /** The lateness that a share of the reads, at most, exceeded, ns. */
  quantileNs(share: number): number {
    let above = 0;
    for (let bucket = LATENESS_BUCKETS - 1; bucket >= 0; bucket--) {
      above += this.#weights[bucket]!;
      if (above > (1 - share) * this.#total) return bucketEdgeNs(bucket);
    }
    return 0;
  }

  /**
   * The distribution from short to long lateness. `isSample`: the share beyond each lateness is an upper limit of what it may have been, for
   * probes that are but a sample; else it is what was. What may lie beyond the longest seen is put at twice that.
   */
  distribution(isSample: boolean): readonly LatenessMass[] {
    const masses: LatenessMass[] = [];
    if (this.#total === 0) return masses;
    const sampleSize = (this.#total * this.#total) / this.#spread;
    let above = this.#total;
    let beyond = 1;
    for (let bucket = 0; bucket < LATENESS_BUCKETS && above > 1e-9 * this.#total; bucket++) {
      above = Math.max(0, above - this.#weights[bucket]!);
      const isLast = above <= 1e-9 * this.#total;
      if (bucket % STRIDE !== 0 && !isLast) continue;
      const share = isLast ? 0 : above / this.#total;
      const limit = Math.min(beyond, isSample ? upperLimit(share, sampleSize) : share);
      if (beyond > limit) masses.push({ latenessNs: bucketEdgeNs(bucket), share: beyond - limit });
      beyond = limit;
    }
    const longest = masses.at(-1)?.latenessNs ?? 0;
    if (beyond > 0) masses.push({ latenessNs: 2 * longest, share: beyond });
    return masses;
  }
}

/** Wilson's upper limit of a share seen in a sample. */
function upperLimit(share: number, sampleSize: number): number {
  const z2 = CONFIDENCE_Z * CONFIDENCE_Z;
  const middle = share + z2 / (2 * sampleSize);
  const reach = Math.sqrt((share * (1 - share)) / sampleSize + z2 / (4 * sampleSize * sampleSize));
  return Math.min(1, (middle + CONFIDENCE_Z * reach) / (1 + z2 / sampleSize));
}
