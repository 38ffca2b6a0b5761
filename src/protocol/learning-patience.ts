/** A message of another shape is learned when so many in a row did not match, for a stray one is not worth it, … */
const PATIENCE = 3;
/** … and so many times as many each time that what was learned matched nothing. */
const BACKOFF = 2;

/** When it is worth to learn another message: the first, and later ones the more seldom the less it helped. */
export class LearningPatience {
  #misses = 0;
  /** Misses in a row after which to learn. */
  #patience = 1;

  /** @hot */
  matched(): void {
    this.#misses = 0;
    this.#patience = PATIENCE;
  }

  /** A valid message did not match: whether to learn it. */
  missed(): boolean {
    this.#misses += 1;
    return this.#misses >= this.#patience;
  }

  learned(): void {
    this.#misses = 0;
    this.#patience = Math.max(PATIENCE, BACKOFF * this.#patience);
  }
}
