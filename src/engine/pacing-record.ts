import { NS_PER_US } from '../core/time.ts';

/** Powers of two of a µs, up to 36 minutes and the rest. */
const DELAY_BUCKETS = 33;
const MAX_UINT32 = 2 ** 32 - 1;
/** A turn of the event loop up to so many times the shortest seen had nothing to do but come round. */
const EMPTY_TURNS = 2;

/** What a worker's issuing did since it was asked last. */
export interface PacingFacts {
  /** Time the event loop turned for nothing, waiting for a due time. */
  readonly spinNs: number;
  /** Samples by how late the issuer turned to them: position b > 0 counts delays from 2^(b − 1) to below 2^b µs, 0 those below 1 µs. */
  readonly sendDelayCounts: readonly number[];
}

/**
 * How an issuer kept its times: how late it turned to each sample, whatever the connections did with it then, and how much of the
 * thread's CPU time went into waiting. One a worker, over all phases. Recording costs some ns and allocates nothing.
 */
export class PacingRecord {
  readonly #delayCounts = new Uint32Array(DELAY_BUCKETS);
  #spinNs = 0;
  #shortestTurnNs = Infinity;

  /**
   * A sample is sent `lateNs` after it was due.
   * @hot
   */
  sent(lateNs: number): void {
    this.#delayCounts[32 - Math.clz32(Math.min(lateNs / NS_PER_US, MAX_UINT32))]! += 1;
  }

  /**
   * The event loop came round in `turnNs` while a due time was awaited. What goes beyond a multiple of the shortest turn was
   * other work in between, and no waiting.
   * @hot
   */
  spun(turnNs: number): void {
    if (turnNs < this.#shortestTurnNs) this.#shortestTurnNs = turnNs;
    this.#spinNs += Math.min(turnNs, EMPTY_TURNS * this.#shortestTurnNs);
  }

  /** The facts since the last call. */
  take(): PacingFacts {
    const facts = { spinNs: this.#spinNs, sendDelayCounts: [...this.#delayCounts] };
    this.#spinNs = 0;
    this.#delayCounts.fill(0);
    return facts;
  }
}
