import type { HdrHistogram } from './hdr.ts';
import type { LatenessMass } from './lateness-mixture.ts';
import { poissonLimit } from './poisson-limit.ts';
import { quantilePlace } from './quantile.ts';

/** What is known of the values of a metric. The histograms have one layout. */
export interface LateValues {
  /** All, as observed. */
  readonly observed: HdrHistogram;
  /** Those of reads whose lateness is known one by one: as observed, and the least and the most they may have been. */
  readonly late?: {
    readonly observed: HdrHistogram;
    readonly least: HdrHistogram;
    readonly most: HdrHistogram;
  };
}

/** How the reads may be late beyond what is known one by one. */
export interface OtherLateness {
  /** Ascending; the shares sum to 1. */
  readonly masses: readonly LatenessMass[];
  /** The time begins with a read too, so that it may be too short. */
  readonly isTwoSided: boolean;
  /** Reads that are late together, for being of one turn; default 1. */
  readonly together?: number;
  /**
   * Of values of any length, up to so many times the share of all are as late: 1 for lateness that knows nothing of the values, Infinity for
   * any dependence. Default {@link DEPENDENCE}.
   */
  readonly dependence?: number;
}

/** How far a percentile may be off, in the unit of the values. */
export interface PercentileBound {
  /** The true one may be lower by up to this. */
  readonly added: number;
  /** It may be higher by up to this; null where nothing limits it. */
  readonly missing: number | null;
}

/** Stalls that no probe saw are short, and chance says which those are; twice is allowed for all the same. */
export const DEPENDENCE = 2;
/** Of 1000 bounds one may be too narrow by chance: a report shows a dozen, and all of them are to hold. */
const CONFIDENCE = 0.999;

interface Candidate {
  readonly latenessNs: number;
  /** Share of the reads later than that. */
  readonly beyond: number;
  /** Position of the masses beyond. */
  readonly from: number;
}

/**
 * How far each percentile of a metric may be off.
 *
 * What is known one by one is taken off each value: no assumption is needed. Beyond that, a value that was observed above x had a true value
 * above x − l, or was later than l. How many of the latter there are is limited twofold: by the share of reads later than l, whatever they
 * were (union bound), and by the values close enough below x − l to get there, times the share that was late enough. The second is much
 * smaller where values are spread out. It needs that lateness beyond what is known does not pick out values: `dependence` says how much
 * of that is allowed for. The best l is taken for each percentile, and chance is allowed for (Poisson, in turns of the loop).
 *
 * Built in one pass over the histograms; a percentile then costs some 10,000 look-ups at most. Exact but for the buckets of the histograms,
 * 0.1 % wide, which widen the bound.
 */
export class LatenessBound {
  readonly #observed: Ranks;
  readonly #least: Ranks;
  readonly #most: Ranks;
  readonly #masses: readonly LatenessMass[];
  readonly #candidates: readonly Candidate[];
  readonly #dependence: number;
  readonly #together: number;
  readonly #isTwoSided: boolean;

  constructor(
    { observed, late }: LateValues,
    { masses, isTwoSided, together = 1, dependence = DEPENDENCE }: OtherLateness,
  ) {
    this.#observed = new Ranks(observed);
    this.#least = late === undefined ? this.#observed : new Ranks(observed, late.observed, late.least);
    this.#most = late === undefined ? this.#observed : new Ranks(observed, late.observed, late.most);
    this.#masses = masses;
    this.#isTwoSided = isTwoSided;
    this.#dependence = dependence;
    this.#together = Math.max(1, together);
    let beyond = 1;
    this.#candidates = masses.map(({ latenessNs, share }, i) => {
      beyond = i === masses.length - 1 ? 0 : Math.max(0, beyond - share);
      return { latenessNs, beyond, from: i + 1 };
    });
  }

  /** For a percentile from 0 to 100 of at least one value, which may lie between two values: see {@link quantilePlace}. */
  at(percentile: number): PercentileBound {
    const { lower, share } = quantilePlace(this.#observed.count, percentile);
    const first = this.#atRank(lower + 1);
    if (share === 0) return first;
    const second = this.#atRank(lower + 2);
    const between = (a: number, b: number) => (1 - share) * a + share * b;
    return {
      added: between(first.added, second.added),
      missing:
        first.missing === null || second.missing === null ? null : between(first.missing, second.missing),
    };
  }

  /** `rank`: from 1. */
  #atRank(rank: number): PercentileBound {
    let low = this.#candidates.length === 0 ? this.#least.lowest(rank) : 0;
    let high = this.#candidates.length === 0 ? this.#most.highest(rank) : Infinity;
    for (const candidate of this.#candidates) {
      low = Math.max(low, this.#reach(rank, candidate, -1, low));
      if (this.#isTwoSided) high = Math.min(high, -this.#reach(rank, candidate, 1, -high));
    }
    return {
      added: Math.max(0, this.#observed.highest(rank) - low),
      missing: !this.#isTwoSided
        ? 0
        : high === Infinity
          ? null
          : Math.max(0, high - this.#observed.lowest(rank)),
    };
  }

  /**
   * How low (`direction` −1) the true value of a rank may be when lateness up to the candidate's is taken off, or how high (1), with its
   * sign turned; −Infinity where that is not limited, or no better than `known`. Ranks are left one after another until no more values can
   * have passed than were left.
   */
  #reach(rank: number, candidate: Candidate, direction: -1 | 1, known: number): number {
    const ranks = direction < 0 ? this.#least : this.#most;
    const { count } = ranks;
    const room = direction < 0 ? rank - 1 : count - rank;
    let left = 0;
    for (;;) {
      if (left > room) return -Infinity;
      const at = rank + direction * left;
      const value = direction < 0 ? ranks.lowest(at) : ranks.highest(at);
      const reach = direction < 0 ? value - candidate.latenessNs : -(value + candidate.latenessNs);
      // Leaving ranks only makes it worse.
      if (reach <= known) return -Infinity;
      const mean = this.#passedMean(value, candidate, direction);
      // Reads of one turn are late together, so that chance deals in whole turns.
      const passed = Math.ceil(this.#together * poissonLimit(mean / this.#together, CONFIDENCE));
      if (passed <= left) return reach;
      left = passed;
    }
  }

  /** How many values may have passed `value` for being later than the candidate, in the mean. */
  #passedMean(value: number, { beyond, from }: Candidate, direction: -1 | 1): number {
    if (beyond === 0) return 0;
    const ranks = direction < 0 ? this.#least : this.#most;
    const unionMean = beyond * ranks.count;
    const allowed = this.#dependence * beyond;
    if (!(allowed < 1)) return unionMean;
    const below = ranks.countBelow(value);
    let sum = 0;
    for (let i = from; i < this.#masses.length; i++) {
      const { latenessNs, share } = this.#masses[i]!;
      const near =
        direction < 0
          ? below - ranks.countBelow(value - latenessNs)
          : ranks.countBelow(value + latenessNs) - below;
      sum += share * near;
    }
    return Math.min(unionMean, (this.#dependence * sum) / (1 - allowed));
  }
}

/** The values of a histogram by rank, some of them replaced by others. */
class Ranks {
  readonly count: number;
  readonly #lowest: Float64Array;
  readonly #highest: Float64Array;
  /** Values in this bucket and those before it. */
  readonly #upTo: Float64Array;

  constructor(all: HdrHistogram, without?: HdrHistogram, instead?: HdrHistogram) {
    const { first, length } = usedRange(all, without, instead);
    const counts = new Float64Array(length);
    const add = (histogram: HdrHistogram | undefined, sign: number) => {
      histogram?.forEachBucket((_highest, count, bucket) => {
        counts[bucket - first]! += sign * count;
      });
    };
    add(all, 1);
    add(without, -1);
    add(instead, 1);
    const buckets = counts.reduce((used, count) => (count > 0 ? used + 1 : used), 0);
    this.#lowest = new Float64Array(buckets);
    this.#highest = new Float64Array(buckets);
    this.#upTo = new Float64Array(buckets);
    let sum = 0;
    let at = 0;
    for (let i = 0; i < length; i++) {
      if (!(counts[i]! > 0)) continue;
      const lowest = all.lowestOf(first + i);
      this.#lowest[at] = lowest;
      this.#highest[at] = lowest + all.widthOf(first + i) - 1;
      this.#upTo[at] = sum += counts[i]!;
      at += 1;
    }
    this.count = sum;
  }

  lowest(rank: number): number {
    return this.#lowest[this.#bucketAt(rank)]!;
  }

  highest(rank: number): number {
    return this.#highest[this.#bucketAt(rank)]!;
  }

  /** Values in buckets that end below `value`, and so fewer than are below it. */
  countBelow(value: number): number {
    let low = 0;
    let high = this.#highest.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#highest[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#upTo[low - 1]!;
  }

  #bucketAt(rank: number): number {
    let low = 0;
    let high = this.#upTo.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#upTo[middle]! >= rank) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The buckets from the first to the last that one of the histograms uses. */
function usedRange(...histograms: readonly (HdrHistogram | undefined)[]) {
  const used = histograms.filter((one) => one !== undefined && one.count > 0).map((one) => one!.usedBuckets);
  const first = Math.min(...used.map(([from]) => from));
  const last = Math.max(...used.map(([, to]) => to));
  return { first, length: used.length === 0 ? 0 : last - first + 1 };
}
