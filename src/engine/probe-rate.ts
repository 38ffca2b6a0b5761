import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';

/** Reads are counted over stretches of at least so long. */
const STRETCH_NS = 50 * NS_PER_MS;
/** A lower rate of reads counts only as it lasts: a loop that is held up reads nothing, and then all at once. */
const DECAY_NS = NS_PER_SECOND;
/** The least rate, as a share of the highest: a probe costs most where it wakes a core that sleeps. */
const IDLE_SHARE = 1 / 16;
/** Probes for each read: what no probe saw is known from a sample of them, which a short run with few reads needs too. */
const PER_READ = 4;

/**
 * How many probes a second are worth it: four times as many as there are reads to bound, between a sixteenth of `mostPerSecond` and all of it. It follows from
 * reads in the past only, so that a probe's time knows nothing of what the loop does then, and each second's probes speak for the reads of that
 * second.
 */
export class ProbeRate {
  readonly #mostPerSecond: number;
  #perSecond: number;
  #averageReads = 0;
  #reads = 0;
  #atNs = -Infinity;

  constructor(mostPerSecond: number) {
    this.#mostPerSecond = mostPerSecond;
    this.#perSecond = mostPerSecond * IDLE_SHARE;
  }

  /** The rate from now on; `reads`: how many there have been in all, modulo 2^32. */
  at(nowNs: number, reads: number): number {
    const elapsedNs = nowNs - this.#atNs;
    if (elapsedNs < STRETCH_NS) return this.#perSecond;
    if (elapsedNs !== Infinity) {
      const readsPerSecond = (((reads - this.#reads) | 0) * NS_PER_SECOND) / elapsedNs;
      const weight = readsPerSecond > this.#averageReads ? 1 : 1 - Math.exp(-elapsedNs / DECAY_NS);
      this.#averageReads += weight * (readsPerSecond - this.#averageReads);
      const least = this.#mostPerSecond * IDLE_SHARE;
      this.#perSecond = Math.min(this.#mostPerSecond, Math.max(least, PER_READ * this.#averageReads));
    }
    this.#reads = reads;
    this.#atNs = nowNs;
    return this.#perSecond;
  }
}
