import { InferometerError } from '../../core/errors.ts';
import type { Tokenizer } from '../../tokens/tokenizer.ts';
import type { Lexicon } from './lexicon.ts';

/** What the chat template puts around texts, in tokens. */
export interface PromptFrame {
  /** Around the prompt of a request, or of the first turn of a conversation. */
  readonly firstTokens: number;
  /** What a system prompt adds besides its text. */
  readonly systemTokens: number;
  /** What a later turn adds besides its text and that of the response before it. */
  readonly nextTokens: number;
}

/** Of a text beside the prompt, to measure what stands around that one. */
const BESIDE_WORDS = 9;

/**
 * Measures what a chat template puts around texts. Without one there is nothing, as far as is known.
 *
 * Throws `INFEROMETER_TOKENIZER_TEMPLATE` (input) for a template that refuses a system prompt or a second turn that is needed, and
 * `INFEROMETER_SYNTHETIC_TEMPLATE` for one that leaves it out.
 */
export function promptFrame(
  tokenizer: Tokenizer,
  { words, starters }: Lexicon,
  firstTokens: number,
  needs: { readonly system: boolean; readonly turns: boolean },
): PromptFrame {
  const { renderChat } = tokenizer;
  if (renderChat === undefined) return { firstTokens, systemTokens: 0, nextTokens: 0 };
  const [starter] = starters;
  const user = { role: 'user', content: starter! };
  const beside = [starter!, ...words.slice(0, BESIDE_WORDS - 1)].join(' ');
  const around = (messages: readonly { readonly role: string; readonly content: string }[], what: string) => {
    const rendered = renderChat(messages);
    if (!rendered.includes(beside)) throw leftOut(what);
    return tokenizer.countTokens(rendered) - BESIDE_WORDS - firstTokens;
  };
  const system = { role: 'system', content: beside };
  const answer = { role: 'assistant', content: beside };
  return {
    firstTokens,
    systemTokens: needs.system ? around([system, user], 'system prompts') - 1 : 0,
    nextTokens: needs.turns ? around([user, answer, user], 'earlier responses') - 2 : 0,
  };
}

function leftOut(what: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_SYNTHETIC_TEMPLATE',
    'input',
    `--synthetic: the chat template of this tokenizer leaves out ${what}, so they have no length that could be made`,
  );
}

/** A length that is too short for what stands around a text. */
export function tooShort(what: string, tokens: number, frameTokens: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_SYNTHETIC_LENGTH',
    'input',
    `${what} of ${tokens} tokens can't be made: what the API and the chat template put around it, and a salt, take ${frameTokens}`,
  );
}
