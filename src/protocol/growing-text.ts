/** From so many characters on, a longer text that begins with all of them is no accident. */
const CERTAIN_LENGTH = 16;
/** Half a character decodes to this, and a later frame replaces it. */
const UNFINISHED_END = /\ufffd+$/;

/**
 * A text that frames tell in one of two ways, without saying which: each has the whole text so far, or each has only what is new.
 *
 * Until a frame decides, both readings are kept. Token ids that number all tokens so far mean whole texts, and fewer mean new ones, unless the
 * text goes on from the one before. Without ids, a text that neither goes on from the one before nor takes back its end means new ones.
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
    const goesOn = isContinued && text.length > this.#last.length;
    const isCertain = goesOn && known.length >= CERTAIN_LENGTH;
    // Older servers number the new tokens beside the whole text, so a text that goes on decides nothing yet.
    const hasNewIds = ids <= newTokens && ids < allTokens && !goesOn;
    const hasNoIds = Number.isNaN(ids) || Number.isNaN(allTokens);
    if (isCertain || (isContinued && ids === allTokens)) this.#isIncremental = false;
    else if (hasNewIds || (hasNoIds && !isContinued && !known.startsWith(text))) this.#isIncremental = true;
    if (this.#isIncremental === false) this.#joined = '';
  }
}
