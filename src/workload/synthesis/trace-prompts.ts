import { createHash } from 'node:crypto';
import { RandomSource } from '../../core/random.ts';
import type { Tokenizer } from '../../tokens/tokenizer.ts';
import type { PrefixBlocks } from '../conversation.ts';
import { CountedShare } from './counted-share.ts';
import { lexiconOf } from './lexicon.ts';
import { promptCounter, type PromptUse, tokensInFront } from './prompt-counter.ts';
import { PromptMaker } from './prompt-maker.ts';

/** A prompt of which a trace tells the length, and what it shares with others. */
export interface TracedPrompt {
  readonly inputTokens: number;
  readonly blocks: PrefixBlocks | null;
  /** Within which block ids mean the same; empty for the whole file. */
  readonly scope: string;
  /** Tells what no block stands for from that of other prompts: the place of the request in the file. */
  readonly id: number;
}

/** Of each word that is drawn; there are at most 4096 words. */
const BYTES_PER_WORD = 2;

/**
 * Text for prompts of which a trace has lengths only, to the token as the server counts them, and with the prefixes that they share.
 *
 * A trace counts the tokens that the model got. So blocks lie over the whole prompt, the chat template included: the text begins as far inside the
 * first block as the template has tokens before it. Prompts whose first n blocks have equal ids then have equal tokens up to the end of block n, where
 * a server that caches blocks of that size looks.
 *
 * The words of a block are those of a hash of seed and id, of which a longer one begins with a shorter one. The same trace, seed and
 * tokenizer give the same prompts on every machine, whichever part of the trace is sent. Nothing is kept.
 */
export class TracePrompts {
  readonly #maker: PromptMaker;
  readonly #inFront: number;
  readonly #seed: number;
  readonly #random: RandomSource;
  readonly #counted = new CountedShare();
  #countsAll: boolean;
  #raised = 0;

  /** Throws `InferometerError` (input) for a tokenizer whose words don't serve. */
  constructor(tokenizer: Tokenizer, use: PromptUse, seed: number) {
    const counter = promptCounter(tokenizer, use);
    this.#maker = new PromptMaker(lexiconOf(tokenizer), counter);
    this.#countsAll = !this.#maker.isSteady;
    this.#inFront = Math.min(tokensInFront(tokenizer, use), this.#maker.overheadTokens);
    this.#seed = seed;
    this.#random = new RandomSource(seed);
  }

  /** Tokens around the text of each prompt; part of its length. */
  get overheadTokens(): number {
    return this.#maker.overheadTokens;
  }

  /** Prompts that were too short for what stands around a text, so far; they have one word. */
  get raised(): number {
    return this.#raised;
  }

  /** Prompts whose length could not be made exact, so far. */
  get inexact(): number {
    return this.#maker.inexact;
  }

  prompt(traced: TracedPrompt): string {
    const { leastTokens, overheadTokens, lexicon } = this.#maker;
    const tokens = Math.max(traced.inputTokens, leastTokens);
    if (tokens > traced.inputTokens) this.#raised += 1;
    const words = this.#wordsOf(traced, this.#inFront, this.#inFront + tokens - overheadTokens);
    const { starters } = lexicon;
    const first = words[0]!;
    const drawn = lexicon.words[first]!;
    const texts = words.map((word) => lexicon.words[word]!);
    texts[0] = starters.includes(drawn) ? drawn : starters[first % starters.length]!;
    const text = texts.join(' ');
    if (!this.#countsAll && (!this.#counted.takes(tokens) || this.#maker.isExact(text, tokens))) return text;
    // Once one was off, all are counted.
    this.#countsAll = true;
    return this.#maker.exactly(texts, tokens, this.#random);
  }

  /** Of the tokens of a prompt, those from one position to another, as numbers of words. */
  #wordsOf({ blocks, scope, id }: TracedPrompt, from: number, end: number): number[] {
    const words: number[] = [];
    let at = 0;
    const take = (key: string, tokens: number) => {
      if (at + tokens > from && at < end) {
        const drawn = this.#drawn(key, Math.min(tokens, end - at));
        for (let i = Math.max(0, from - at); i < drawn.length; i++) words.push(drawn[i]!);
      }
      at += tokens;
    };
    if (blocks !== null) {
      const { ids, blockTokens, lastBlockTokens } = blocks;
      for (const [index, block] of ids.entries()) {
        take(
          `block ${scope} ${JSON.stringify(block)}`,
          index === ids.length - 1 ? lastBlockTokens : blockTokens,
        );
      }
    }
    if (at < end) take(`fresh ${id}`, end - at);
    return words;
  }

  /** Numbers of words, from the hash of a key. */
  #drawn(key: string, count: number): Uint16Array {
    const bytes = createHash('shake256', { outputLength: count * BYTES_PER_WORD })
      .update(`${this.#seed} ${key}`)
      .digest();
    const { length } = this.#maker.lexicon.words;
    return Uint16Array.from({ length: count }, (_, i) => bytes.readUInt16LE(i * BYTES_PER_WORD) % length);
  }
}
