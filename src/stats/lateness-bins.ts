import { SumColumn } from './bin-columns.ts';
import type { SparseCounts } from './lateness-counts.ts';
import { LatenessMixture, type LatenessMass } from './lateness-mixture.ts';
import { sumOfLateness } from './lateness-sum.ts';
import type { BinColumn } from './time-bins.ts';

/** Lateness beyond what is known read by read, in a stretch of time of one worker. */
export interface ToldLateness {
  readonly reads: number;
  /** How many there were in the turn of a read, on average. */
  readonly together: number;
  /** Of a sample of moments, and of the reads themselves. */
  readonly unseen: SparseCounts;
  readonly waits: SparseCounts;
}

interface Mixtures {
  readonly unseen: LatenessMixture;
  readonly waits: LatenessMixture;
}

/** What is known of a bin. */
export interface BinLateness {
  readonly masses: readonly LatenessMass[];
  readonly together: number;
}

/** Lateness beyond what is known read by read, bin by bin: 3.4 KB a bin. */
export class LatenessBins implements BinColumn {
  #mixtures: (Mixtures | undefined)[] = [];
  readonly #reads: SumColumn;
  readonly #readsTogether: SumColumn;

  constructor(maxBins: number) {
    this.#reads = new SumColumn(maxBins);
    this.#readsTogether = new SumColumn(maxBins);
  }

  /** A stretch of time of which a share, `part`, lies in the bin. */
  add(bin: number, { reads, together, unseen, waits }: ToldLateness, part: number): void {
    const mixtures = (this.#mixtures[bin] ??= {
      unseen: new LatenessMixture(),
      waits: new LatenessMixture(),
    });
    mixtures.unseen.add(reads, unseen, part);
    mixtures.waits.add(reads, waits, part);
    this.#reads.add(bin, part * reads);
    this.#readsTogether.add(bin, part * reads * together);
  }

  /** Probes in a bin, a part of one where a stretch is divided. */
  probesIn(bin: number): number {
    return this.#mixtures[bin]?.unseen.count ?? 0;
  }

  /** Undefined when nothing was told of the bin. */
  of(bin: number): BinLateness | undefined {
    const mixtures = this.#mixtures[bin];
    if (mixtures === undefined) return undefined;
    const reads = this.#reads.at(bin);
    return {
      masses: sumOfLateness(mixtures.unseen.distribution(true), mixtures.waits.distribution(false)),
      together: reads === 0 ? 1 : this.#readsTogether.at(bin) / reads,
    };
  }

  extend(): void {
    // Nothing is known of a new bin.
  }

  coarsen(length: number): void {
    this.#reads.coarsen(length);
    this.#readsTogether.coarsen(length);
    const before = this.#mixtures;
    this.#mixtures = [];
    for (let bin = 0; 2 * bin < length; bin++) {
      const [first, second] = [before[2 * bin], before[2 * bin + 1]];
      if (first !== undefined && second !== undefined) {
        first.unseen.merge(second.unseen);
        first.waits.merge(second.waits);
      }
      this.#mixtures[bin] = first ?? second;
    }
  }
}
