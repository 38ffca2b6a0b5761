/**
 * Places of a server that generates a limited number of answers at a time, first come, first served: an answer that finds none free begins
 * when the first one becomes free. Since every answer is drawn when it arrives, its wait is known then, too.
 */
export class Slots {
  readonly #freeNs: Float64Array;

  constructor(count: number) {
    this.#freeNs = new Float64Array(count);
  }

  /** Takes the place that is free first, from `nowNs` for `lengthNs`. Returns how long it has to be waited for. */
  take(nowNs: number, lengthNs: number): number {
    let first = 0;
    for (let slot = 1; slot < this.#freeNs.length; slot++) {
      if (this.#freeNs[slot]! < this.#freeNs[first]!) first = slot;
    }
    const beginNs = Math.max(nowNs, this.#freeNs[first]!);
    this.#freeNs[first] = beginNs + lengthNs;
    return beginNs - nowNs;
  }
}
