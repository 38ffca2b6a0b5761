import { InferometerError } from '../../core/errors.ts';
import type { RowValues } from '../../dataset/row.ts';
import type { Tokenizer } from '../../tokens/tokenizer.ts';
import { type Conversation, PLAIN_TURN } from '../conversation.ts';
import { CountedShare } from './counted-share.ts';
import { findLexicon, type Lexicon } from './lexicon.ts';
import type { LengthPairs } from './length-pairs.ts';
import { isTemplateKnown, promptCounter, type PromptUse } from './prompt-counter.ts';
import { type PromptFrame, promptFrame, tooShort } from './prompt-frame.ts';
import { PromptMaker } from './prompt-maker.ts';
import { NONE, synthesisPlan, type SyntheticPlan } from './synthetic-plan.ts';
import type { SyntheticSpec } from './synthetic-spec.ts';
import { sharedTexts, TextMaker } from './text-maker.ts';

/** What to make up, with the lengths that a file may have held. */
export interface ReadySpec extends SyntheticSpec {
  readonly lengths: LengthPairs;
}

/**
 * Prompts of made-up words with the lengths of a description, to the token as the server counts them. The same description, seed and tokenizer
 * give the same prompts on every machine.
 *
 * Each text is made by itself. Some are counted again before any is used; if one of them is off, all are counted and put right.
 */
export class SyntheticPrompts {
  readonly frame: PromptFrame;
  /** The chat template is known, so lengths are the server's own count. */
  readonly isTemplateKnown: boolean;
  readonly plan: SyntheticPlan;
  readonly #maker: PromptMaker;
  readonly #texts: TextMaker;
  readonly #systems: readonly string[];
  readonly #prefixTokens: number;
  #countsAll: boolean;

  /**
   * Throws `InferometerError` (input) for a tokenizer whose words don't serve, for lengths that are all too short for the template, and for a system prompt where
   * the API or the template has none.
   */
  constructor(spec: ReadySpec, tokenizer: Tokenizer, use: PromptUse, seed: number) {
    const { prefix, system, turns } = spec;
    if (system !== undefined && use === 'completion') throw noSystemPrompt();
    const counter = promptCounter(tokenizer, use);
    const lexicon = findLexicon(tokenizer.vocabulary(), counter.countText);
    this.#maker = new PromptMaker(lexicon, counter);
    const needs = { system: system !== undefined, turns: turns !== undefined };
    this.frame = promptFrame(tokenizer, lexicon, this.#maker.overheadTokens, needs);
    this.isTemplateKnown = isTemplateKnown(tokenizer, use);
    this.plan = synthesisPlan(spec, spec.lengths, this.frame, 1, seed);
    const prefixes =
      prefix === undefined ? [] : sharedTexts(lexicon, 'prefixes', prefix.tokens, prefix.count, seed);
    this.#prefixTokens = prefix?.tokens ?? 0;
    this.#systems = this.#systemTexts(spec, lexicon, seed);
    this.#texts = new TextMaker({ seed, lexicon, prefixes, plan: this.plan });
    this.#countsAll = !this.#maker.isSteady || !this.#isSampleExact();
  }

  /** Texts whose length could not be made exact, so far. */
  get inexact(): number {
    return this.#maker.inexact;
  }

  /** The requests as rows; of conversations, only where they have one turn. */
  *rows(): Generator<RowValues> {
    for (let index = 0; index < this.count; index++) {
      const system = this.#systemOf(index);
      const output = this.plan.outputs[index]!;
      yield {
        ...(system === undefined ? {} : { system }),
        prompt: this.#text(index),
        ...(output === NONE ? {} : { max_tokens: output }),
      };
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
    if (!this.#countsAll) return this.#texts.text(text);
    const { words, kept, random } = this.#texts.words(text);
    return this.#maker.exactly(words, this.#alone(text), random, kept);
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
    return this.#systems[this.plan.systems[conversation]!];
  }

  #systemTexts({ system }: SyntheticSpec, lexicon: Lexicon, seed: number): readonly string[] {
    if (system === undefined) return [];
    const { systemTokens } = this.frame;
    const tokens = system.tokens - systemTokens;
    if (tokens < 1) throw tooShort('a system prompt', system.tokens, systemTokens);
    return sharedTexts(lexicon, 'systems', tokens, system.count, seed).map((words) => words.join(' '));
  }
}

function noSystemPrompt(): InferometerError {
  return new InferometerError(
    'INFEROMETER_SYNTHETIC_SYSTEM',
    'input',
    '--synthetic: system= needs an API with system prompts, such as --api chat',
  );
}
