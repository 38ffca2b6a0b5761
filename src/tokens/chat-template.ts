import { Template } from '@huggingface/jinja';
import { errorText, InferometerError } from '../core/errors.ts';

/** Messages as the text that a server gives its model. */
export type RenderChat = (messages: readonly { readonly role: string; readonly content: string }[]) => string;

/**
 * A chat template as it stands in a tokenizer's configuration. `specialTokens`: bos_token and the like, for the template to use. Throws
 * `INFEROMETER_TOKENIZER_TEMPLATE` (input) for one that can't be read; what it gives may still throw the same for messages it refuses.
 */
export function chatTemplate(
  source: string,
  specialTokens: Readonly<Record<string, string>>,
  place: string,
): RenderChat {
  const failure = (cause: unknown) =>
    new InferometerError(
      'INFEROMETER_TOKENIZER_TEMPLATE',
      'input',
      `${place}: the chat template cannot be used (${errorText(cause)})`,
      { cause },
    );
  let template: Template;
  try {
    template = new Template(source);
  } catch (cause) {
    throw failure(cause);
  }
  return (messages) => {
    try {
      return template.render({ ...specialTokens, messages, add_generation_prompt: true });
    } catch (cause) {
      throw failure(cause);
    }
  };
}
