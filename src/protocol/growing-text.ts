/** From so many characters on, a longer text that begins with all of them is no accident. */
const CERTAIN_LENGTH = 16;
/** Half a character decodes to this, and a later frame replaces it. */
const UNFINISHED_END = /\ufffd+$/;

/**
 * A text that frames tell in one of two ways, without saying which: each has the whole text so far, or each has only what is new.
 *
 * Until a frame decides, both readings are kept. A text that goes on from the one before means whole texts when it is long or its token ids
 * number all tokens so far. One that does not means new ones when it has no more ids than there are new tokens or, without ids, when it
 * does not take back the end of the one before.
 */
export class GrowingText {
  #last = '';
  #joined = '';
  #isIncremental: boolean | undefined;

  /** The text so far. */
  get whole(): string {
    return this.#isIncremental === true ? this.#joined : this.#last;
  }

  /**
   * Takes the text of the next frame and tells whether the whole has grown. `newTokens`: counted since the last frame; `ids`: token ids
   * in this one; `allTokens`: counted so far; NaN where the server does not tell. `isRestarted`: the server has begun the response anew.
   */
  take(text: string, newTokens: number, ids: number, allTokens: number, isRestarted: boolean): boolean {
    const lengthBefore = this.whole.length;
    if (this.#isIncremental === undefined && !isRestarted) this.#decide(text, newTokens, ids, allTokens);
    if (this.#isIncremental !== false) this.#joined += text;
    if (this.#isIncremental !== true) this.#last = text;
    return this.whole.length > lengthBefore;
  }

  #decide(text: string, newTokens: number, ids: number, allTokens: number): void {
    const known = this.#last.replace(UNFINISHED_END, '');
    if (known === '') return;
    const isContinued = text.startsWith(known);
    const isCertain = isContinued && known.length >= CERTAIN_LENGTH && text.length > this.#last.length;
    const isNew = Number.isNaN(ids + newTokens) ? !known.startsWith(text) : ids <= newTokens;
    if (isCertain || (isContinued && ids === allTokens)) this.#isIncremental = false;
    else if (!isContinued && isNew) this.#isIncremental = true;
    if (this.#isIncremental === false) this.#joined = '';
  }
}
