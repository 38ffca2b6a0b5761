import { NS_PER_SECOND } from '../core/time.ts';

/** Probes whose times are kept; a worker that is further behind has not read for seconds. */
const KEPT = 8192;
/**
 * Due times are announced so long ahead, and at least so many: a worker that wakes from a stop of the whole process sees the first ones that
 * the stop covered.
 */
export const ANNOUNCED_AHEAD_NS = 100e6;
export const LEAST_ANNOUNCED = 2;
/** And at most so many. */
export const MOST_ANNOUNCED = 256;
/** A probe later than this was held up with the whole process, and carries its due time. */
export const PROBE_GRACE_NS = 2e6;

/** Positions in the counters. */
const ANNOUNCED = 0;
const SENT = 1;
const SEEN = 2;
const IS_IDLE = 3;
const COUNTER_BYTES = 16;

/** What the probe thread shares with the workers, which only tell that they read and send. */
export type SharedProbes = SharedArrayBuffer;

export function createSharedProbes(): SharedProbes {
  return new SharedArrayBuffer(COUNTER_BYTES + 2 * KEPT * Float64Array.BYTES_PER_ELEMENT);
}

/**
 * When the probes are due and when they left, by their number; ns since the run's origin. One thread writes, all others read and tell
 * what they read and send.
 */
export class ProbeTimes {
  readonly #counters: Int32Array;
  readonly #dueNs: Float64Array;
  readonly #sentNs: Float64Array;

  constructor(shared: SharedProbes) {
    this.#counters = new Int32Array(shared, 0, 4);
    this.#dueNs = new Float64Array(shared, COUNTER_BYTES, KEPT);
    this.#sentNs = new Float64Array(shared, COUNTER_BYTES + KEPT * Float64Array.BYTES_PER_ELEMENT, KEPT);
  }

  /** Probes that have left. @hot */
  get sent(): number {
    return Atomics.load(this.#counters, SENT);
  }

  get announced(): number {
    return Atomics.load(this.#counters, ANNOUNCED);
  }

  /** Reads of answers, and requests, by all workers; modulo 2^32. */
  get seen(): number {
    return Atomics.load(this.#counters, SEEN);
  }

  /** @hot */
  addSeen(count: number): void {
    Atomics.add(this.#counters, SEEN, count);
    if (Atomics.load(this.#counters, IS_IDLE) === 1) Atomics.notify(this.#counters, SEEN);
  }

  /** Sleeps for so long, or while nothing is seen beyond `seen`. */
  sleepWhileIdle(seen: number, ms: number): void {
    Atomics.store(this.#counters, IS_IDLE, 1);
    Atomics.wait(this.#counters, SEEN, seen, ms);
    Atomics.store(this.#counters, IS_IDLE, 0);
  }

  /** Takes back what was announced and is not due yet: nobody looks at it before. */
  takeBack(): void {
    Atomics.store(this.#counters, ANNOUNCED, this.sent);
  }

  /** Rounds down: times of a run are whole ns, and what is told by a probe may only be later than it was. */
  announce(dueNs: number): void {
    const index = this.announced;
    this.#dueNs[index % KEPT] = Math.floor(dueNs);
    Atomics.store(this.#counters, ANNOUNCED, index + 1);
  }

  /** To be called right before the probe is written. */
  send(atNs: number): void {
    const index = this.sent;
    const dueNs = this.dueNs(index);
    this.#sentNs[index % KEPT] = atNs - dueNs > PROBE_GRACE_NS ? dueNs : atNs;
    Atomics.store(this.#counters, SENT, index + 1);
  }

  dueNs(index: number): number {
    return this.#dueNs[index % KEPT]!;
  }

  /** When a probe that has left did so; its due time, if it was held up. @hot */
  sentNs(index: number): number {
    return this.#sentNs[index % KEPT]!;
  }

  /** @hot */
  hasLeft(index: number): boolean {
    return index < this.sent;
  }

  /** When a probe that has not left was due, if it should have left long ago at `nowNs`; else Infinity. @hot */
  overdueNs(index: number, nowNs: number): number {
    if (index >= this.announced) return Infinity;
    const dueNs = this.dueNs(index);
    return nowNs - dueNs > PROBE_GRACE_NS ? dueNs : Infinity;
  }
}

/** A Poisson process: gaps that know nothing of one another. */
export function exponentialGapNs(ratePerSecond: number, uniform: number): number {
  return (-Math.log(1 - uniform) * NS_PER_SECOND) / ratePerSecond;
}
