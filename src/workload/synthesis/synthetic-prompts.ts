import { InferometerError } from '../../core/errors.ts';
import type { RowValues } from '../../dataset/row.ts';
import { type SaltAlphabet, Salts } from '../../dataset/salt.ts';
import type { SaltPosition } from '../../dataset/salted-row.ts';
import type { Tokenizer } from '../../tokens/tokenizer.ts';
import { type Conversation, PLAIN_TURN } from '../conversation.ts';
import { CountedShare } from './counted-share.ts';
import { countedExcerpts } from './excerpts.ts';
import { lexiconOf, type Lexicon } from './lexicon.ts';
import type { LengthPairs } from './length-pairs.ts';
import { isTemplateKnown, promptCounter, type PromptUse } from './prompt-counter.ts';
import { type PromptFrame, promptFrame, tooShort } from './prompt-frame.ts';
import { PromptMaker } from './prompt-maker.ts';
import { NONE, synthesisPlan, type SyntheticPlan } from './synthetic-plan.ts';
import type { SyntheticSpec } from './synthetic-spec.ts';
import { type PromptCache, promptCacheKey } from './prompt-cache.ts';
import { type MadeTexts, textsOfThreads } from './prompt-threads.ts';
import { sharedTexts, TextMaker, type TextSource, wordSalt } from './text-maker.ts';

/** What to make up, with the lengths that a file may have held. */
export interface ReadySpec extends SyntheticSpec {
  readonly lengths: LengthPairs;
  /** Of the file that prompts are excerpts of. */
  readonly words?: readonly string[] | undefined;
  /** Where a salt takes the place of words; undefined for none. */
  readonly salt?: SaltPosition | undefined;
}

/** A request, and what in it is a salt. */
export interface MadeRow {
  readonly values: RowValues;
  readonly salt: string | undefined;
}

/**
 * Prompts of random words with the lengths of a description, to the token as the server counts them. The same description, seed and tokenizer
 * give the same prompts on every machine.
 *
 * Each text is made by itself. Some are counted again before any is used; if one of them is off, all are counted and put right.
 */
export class SyntheticPrompts {
  readonly frame: PromptFrame;
  /** The chat template is known, so lengths are the server's own count. */
  readonly isTemplateKnown: boolean;
  readonly plan: SyntheticPlan;
  /** How salts are written; undefined for none. */
  readonly saltAlphabet: SaltAlphabet | undefined;
  readonly #maker: PromptMaker;
  readonly #source: TextSource;
  readonly #texts: TextMaker;
  /** The words of each system prompt. */
  readonly #systems: readonly (readonly string[])[];
  /** Of each conversation. */
  readonly #salts: Salts | undefined;
  readonly #saltPosition: SaltPosition | undefined;
  readonly #prefixTokens: number;
  readonly #countsAll: boolean;
  readonly #use: PromptUse;
  #made: MadeTexts | undefined;

  /**
   * Throws `InferometerError` (input) for a tokenizer whose words don't serve, for lengths that are all too short for the template, and for a system prompt where
   * the API or the template has none.
   */
  constructor(spec: ReadySpec, tokenizer: Tokenizer, use: PromptUse, seed: number) {
    const { prefix, system, turns, words, salt } = spec;
    if (system !== undefined && use === 'completion') throw noSystemPrompt();
    const counter = promptCounter(tokenizer, use);
    const lexicon = lexiconOf(tokenizer);
    this.#maker = new PromptMaker(lexicon, counter);
    const needs = { system: system !== undefined, turns: turns !== undefined };
    this.frame = promptFrame(tokenizer, lexicon, this.#maker.overheadTokens, needs);
    this.isTemplateKnown = isTemplateKnown(tokenizer, use);
    this.saltAlphabet = salt && wordSalt(lexicon);
    this.#salts = this.saltAlphabet && new Salts(this.saltAlphabet, seed, 'row');
    this.#saltPosition = salt;
    const textSalt =
      salt === undefined || salt === 'system' ? undefined : { alphabet: this.saltAlphabet!, position: salt };
    this.plan = synthesisPlan(spec, spec.lengths, this.frame, 1 + (textSalt?.alphabet.count ?? 0), seed);
    const prefixes =
      prefix === undefined ? [] : sharedTexts(lexicon, 'prefixes', prefix.tokens, prefix.count, seed);
    this.#prefixTokens = prefix?.tokens ?? 0;
    this.#systems = this.#systemTexts(spec, lexicon, seed);
    const excerpts = words && countedExcerpts(words, lexicon, counter.countText);
    this.#source = { seed, lexicon, prefixes, plan: this.plan, excerpts, salt: textSalt };
    this.#texts = new TextMaker(this.#source);
    this.#use = use;
    this.#countsAll = !this.#maker.isSteady || !this.#isSampleExact();
  }

  /** Texts whose length could not be made exact, so far. */
  get inexact(): number {
    return this.#made?.inexact ?? this.#maker.inexact;
  }

  /** Tokens of all texts that are made one by one, about: what it takes tells whether threads are worth it. */
  get work(): { readonly tokens: number; readonly areCounted: boolean } {
    return { tokens: this.plan.ownTokens.reduce((sum, own) => sum + own, 0), areCounted: this.#countsAll };
  }

  /**
   * Makes all texts on threads, before they are read: the same ones as without. Takes their bytes in memory. `tokenizerPath`: of the
   * tokenizer, which threads load if they have to count. `cache`: has what earlier runs had to count.
   */
  async makeOnThreads(threadCount: number, tokenizerPath: string, cache?: PromptCache): Promise<void> {
    const { ownTokens } = this.plan;
    const tokens = ownTokens.map((_, text) => this.#alone(text));
    const exact = this.#countsAll ? { tokenizerPath, use: this.#use, tokens } : undefined;
    const data = { source: this.#source, exact };
    const key = exact && cache && (await promptCacheKey(data));
    const kept = key && (await cache.read(key, ownTokens.length));
    this.#made = kept || (await textsOfThreads(data, ownTokens, threadCount));
    if (key !== undefined && kept === undefined) await cache!.write(key, this.#made);
  }

  /** The requests as rows; of conversations, only where they have one turn. */
  *rows(): Generator<MadeRow> {
    for (let index = 0; index < this.count; index++) {
      const system = this.#systemOf(index);
      const output = this.plan.outputs[index]!;
      const values = {
        ...(system === undefined ? {} : { system }),
        prompt: this.#text(index),
        ...(output === NONE ? {} : { max_tokens: output }),
      };
      yield { values, salt: this.#salts?.textOf(index) };
    }
  }

  /** Requests or conversations. */
  get count(): number {
    return this.plan.firsts.length - 1;
  }

  *conversations(): Generator<Conversation> {
    const { firsts, outputs } = this.plan;
    for (let index = 0; index < this.count; index++) {
      const place = () => `synthetic conversation ${index + 1}`;
      const first = firsts[index]!;
      const turns = Array.from({ length: firsts[index + 1]! - first }, (_, turn) => ({
        ...PLAIN_TURN,
        waitsFor: turn === 0 ? [] : [turn - 1],
        outputTokens: outputs[first + turn] === NONE ? null : outputs[first + turn]!,
        messages: [{ role: 'user', content: this.#text(first + turn) }],
      }));
      const system = this.#systemOf(index);
      yield { id: String(index), place, startMs: null, history: 'live', system, turns, children: [] };
    }
  }

  #text(text: number): string {
    if (this.#made !== undefined) return this.#made.text(text);
    return this.#countsAll
      ? this.#texts.exactText(text, this.#alone(text), this.#maker)
      : this.#texts.text(text);
  }

  /** Tokens of a text as the prompt of a request without anything else. */
  #alone(text: number): number {
    const { ownTokens, prefixes } = this.plan;
    const prefixTokens = prefixes[text] === NONE ? 0 : this.#prefixTokens;
    return ownTokens[text]! + prefixTokens + this.frame.firstTokens;
  }

  #isSampleExact(): boolean {
    const counted = new CountedShare();
    for (let text = 0; text < this.plan.ownTokens.length; text++) {
      const tokens = this.#alone(text);
      if (counted.takes(tokens) && !this.#maker.isExact(this.#texts.text(text), tokens)) return false;
    }
    return true;
  }

  #systemOf(conversation: number): string | undefined {
    const words = this.#systems[this.plan.systems[conversation]!];
    if (words === undefined) return undefined;
    const salt = this.#saltPosition === 'system' ? this.#salts!.symbolsOf(conversation) : [];
    return [...salt, ...words.slice(salt.length)].join(' ');
  }

  #systemTexts({ system, salt }: ReadySpec, lexicon: Lexicon, seed: number): readonly (readonly string[])[] {
    if (system === undefined) return [];
    const taken = this.frame.systemTokens + (salt === 'system' ? this.saltAlphabet!.count : 0);
    if (system.tokens <= taken) throw tooShort('a system prompt', system.tokens, taken);
    return sharedTexts(lexicon, 'systems', system.tokens - this.frame.systemTokens, system.count, seed);
  }
}

function noSystemPrompt(): InferometerError {
  return new InferometerError(
    'INFEROMETER_SYNTHETIC_SYSTEM',
    'input',
    '--synthetic: system= needs an API with system prompts, such as --api chat',
  );
}
