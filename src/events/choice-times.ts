/** When the first chunk of a sample came, and its latest; NaN before there was one. */
export interface ChunkTimes {
  readonly firstNs: (slot: number) => number;
  readonly lastNs: (slot: number) => number;
}

interface StreamTimes {
  readonly firstNs: number;
  lastNs: number;
}

/**
 * When each choice of a sample's stream began and was heard of last, for the samples whose stream has several. Choices are streamed side by
 * side: a gap is between two chunks of one of them.
 */
export class ChoiceTimes {
  readonly #sample: ChunkTimes;
  /** By the sample's slot, then by the choice. */
  readonly #bySlot = new Map<number, Map<number, StreamTimes>>();

  /** `sample`: asked for the times of a sample when a second choice of it begins. */
  constructor(sample: ChunkTimes) {
    this.#sample = sample;
  }

  /** Whether the sample's stream has shown more than one choice. @hot */
  has(slot: number): boolean {
    return this.#bySlot.size > 0 && this.#bySlot.has(slot);
  }

  /** A chunk of a choice came; returns the gap since that choice's last one, NaN for its first. */
  onChunk(slot: number, choice: number, timestampNs: number): number {
    const times = this.#bySlot.get(slot) ?? this.#open(slot);
    const known = times.get(choice);
    if (known === undefined) {
      times.set(choice, { firstNs: timestampNs, lastNs: timestampNs });
      return NaN;
    }
    const gapNs = timestampNs - known.lastNs;
    known.lastNs = timestampNs;
    return gapNs;
  }

  /** How many choices have begun. */
  count(slot: number): number {
    return this.#bySlot.get(slot)?.size ?? 0;
  }

  /** From the first chunk to the last, added up over the choices, ns. */
  streamingNs(slot: number): number {
    let sumNs = 0;
    for (const { firstNs, lastNs } of this.#bySlot.get(slot)?.values() ?? []) sumNs += lastNs - firstNs;
    return sumNs;
  }

  /** The sample has ended. @hot */
  close(slot: number): void {
    if (this.#bySlot.size > 0) this.#bySlot.delete(slot);
  }

  /** Until now all chunks were of choice 0, and their times were the sample's. */
  #open(slot: number): Map<number, StreamTimes> {
    const times = new Map<number, StreamTimes>();
    const lastNs = this.#sample.lastNs(slot);
    if (!Number.isNaN(lastNs)) times.set(0, { firstNs: this.#sample.firstNs(slot), lastNs });
    this.#bySlot.set(slot, times);
    return times;
  }
}
