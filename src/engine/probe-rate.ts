import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';

/** Reads and requests are counted over stretches of at least so long. */
const STRETCH_NS = 50 * NS_PER_MS;
/** Less of them counts only as it lasts: a loop that is held up reads nothing, and then all at once. */
const DECAY_NS = NS_PER_SECOND / 2;
/** Without any for so long, the loop is idle. */
const IDLE_NS = NS_PER_SECOND;
/** The least rate, as a share of the highest: a probe costs most where it wakes a core that sleeps. */
const LEAST_SHARE = 1 / 16;
/** Probes for each: what no probe saw is known from a sample of them, which a short run with few reads needs too. */
const PER_READ = 4;

/**
 * How many probes a second are worth it: four times as many as there are reads to bound and requests whose answers are to be read, between a
 * sixteenth of `mostPerSecond` and all of it. All of it, too, from the first request behind an idle time: what follows is not known yet.
 * It follows from the past only, so that a probe's time knows nothing of what the loop does then.
 */
export class ProbeRate {
  readonly #mostPerSecond: number;
  #perSecond: number;
  #average: number;
  #seen = 0;
  #lastSeenNs = 0;
  #atNs = -Infinity;
  #isIdle = false;

  constructor(mostPerSecond: number) {
    this.#mostPerSecond = mostPerSecond;
    this.#perSecond = mostPerSecond;
    this.#average = mostPerSecond / PER_READ;
  }

  /** Nothing was read or sent for a second: be told at once when that changes, and call {@link at} again. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** The rate from now on; `seen`: how many reads and requests there have been in all, modulo 2^32. */
  at(nowNs: number, seen: number): number {
    if (this.#atNs === -Infinity) {
      this.#start(nowNs, seen);
      this.#lastSeenNs = nowNs;
    }
    const isWoken = this.#isIdle && seen !== this.#seen;
    const elapsedNs = nowNs - this.#atNs;
    if (elapsedNs < STRETCH_NS && !isWoken) return this.#perSecond;
    const count = (seen - this.#seen) | 0;
    if (count > 0) this.#lastSeenNs = nowNs;
    const countPerSecond = (count * NS_PER_SECOND) / elapsedNs;
    if (isWoken) this.#average = this.#mostPerSecond / PER_READ;
    else if (countPerSecond > this.#average) this.#average = countPerSecond;
    else this.#average += (1 - Math.exp(-elapsedNs / DECAY_NS)) * (countPerSecond - this.#average);
    this.#isIdle = nowNs - this.#lastSeenNs >= IDLE_NS;
    const least = this.#mostPerSecond * LEAST_SHARE;
    this.#perSecond = Math.min(this.#mostPerSecond, Math.max(least, PER_READ * this.#average));
    this.#start(nowNs, seen);
    return this.#perSecond;
  }

  #start(nowNs: number, seen: number): void {
    this.#atNs = nowNs;
    this.#seen = seen;
  }
}
