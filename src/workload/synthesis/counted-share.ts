/** The first prompts are all counted, and then one in so many. */
const ALWAYS_COUNTED = 64;
const COUNTED_EACH = 64;
/** Counting takes some µs a token: beyond so many tokens the first prompts are not all counted. */
const FIRST_TOKENS = 100_000;
/** When so many tokens were counted without a fault, one prompt in so many will do. */
const WELL_COUNTED_TOKENS = 1_000_000;
const THEN_COUNTED_EACH = 1024;

/** Which prompts of many are counted again. */
export class CountedShare {
  #prompts = 0;
  #countedTokens = 0;

  /** Whether the next one is, which has so many tokens. */
  takes(tokens: number): boolean {
    this.#prompts += 1;
    const isOneOfFirst = this.#prompts <= ALWAYS_COUNTED && this.#countedTokens < FIRST_TOKENS;
    const each = this.#countedTokens < WELL_COUNTED_TOKENS ? COUNTED_EACH : THEN_COUNTED_EACH;
    const isTaken = isOneOfFirst || this.#prompts % each === 0;
    if (isTaken) this.#countedTokens += tokens;
    return isTaken;
  }
}
