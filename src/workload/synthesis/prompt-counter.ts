import type { Tokenizer } from '../../tokens/tokenizer.ts';
import type { PromptCounter } from './prompt-maker.ts';

/** What the server does with a prompt before it counts. */
export type PromptUse = 'chat' | 'completion';

export const UNKNOWN_TEMPLATE =
  'the tokenizer has no chat template beside it, so what the server puts around a prompt is not part of its length; ' +
  'put tokenizer_config.json or chat_template.jinja of the model into the same folder';

/** Counts as the server does: everything rendered, then cut into tokens at once. */
export function promptCounter(tokenizer: Tokenizer, use: PromptUse): PromptCounter {
  const { renderChat } = tokenizer;
  const countText = (text: string) => tokenizer.countTokens(text);
  const countPrompt = (text: string) =>
    use === 'completion'
      ? tokenizer.countFramed(text)
      : countText(renderChat === undefined ? text : renderChat([{ role: 'user', content: text }]));
  return { countText, countPrompt };
}

/** Lengths are the server's own count. */
export function isTemplateKnown({ renderChat }: Tokenizer, use: PromptUse): boolean {
  return use === 'completion' || renderChat !== undefined;
}

/** Stands for a prompt where a template is looked at; no template has it. */
const MARK = 'qzxmark';

/** Tokens that the server puts in front of a prompt's text. */
export function tokensInFront(tokenizer: Tokenizer, use: PromptUse): number {
  if (use === 'completion') return tokenizer.countFramed(MARK) - tokenizer.countTokens(MARK);
  const rendered = tokenizer.renderChat?.([{ role: 'user', content: MARK }]) ?? MARK;
  return tokenizer.countTokens(rendered.slice(0, Math.max(0, rendered.indexOf(MARK))));
}
