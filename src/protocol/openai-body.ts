import type { TextModelOutput } from '../core/model-output.ts';
import { type FinalOutput, ResponseFormatError } from './adapter.ts';
import { isJsonObject, type JsonObject, malformed, optionalText, parseJsonObject } from './json.ts';

export type Usage = Pick<FinalOutput, 'promptTokens' | 'completionTokens'>;

export const UNKNOWN_USAGE: Usage = { promptTokens: NaN, completionTokens: NaN };

/** The token counts of a frame or body; null when it has no usage. A count that is no number is NaN. */
export function usageOf({ usage }: JsonObject): Usage | null {
  if (!isJsonObject(usage)) return null;
  return { promptTokens: countOf(usage.prompt_tokens), completionTokens: countOf(usage.completion_tokens) };
}

/**
 * Throws {@link ResponseFormatError} for a frame or body that reports an error: `{"error": …}`, or `{"object": "error", …}` as
 * older servers do.
 */
export function refuseError(reply: JsonObject): void {
  const error = reply.object === 'error' ? reply : reply.error;
  if (!error) return;
  throw new ResponseFormatError('server_error', errorMessage(error));
}

/**
 * The answer in a body that is not streamed, from its first choice. Throws {@link ResponseFormatError} for a body that is no
 * JSON object, reports an error, lacks one of the `required` keys, or has no choice.
 */
export function parseOpenAiBody(
  body: Uint8Array,
  required: readonly string[],
  readChoice: (choice: JsonObject) => TextModelOutput,
): FinalOutput {
  const reply = parseJsonObject(body, 0, body.length);
  refuseError(reply);
  const missing = required.find((key) => reply[key] === undefined);
  if (missing !== undefined) throw malformed(`no "${missing}" in the answer`);
  const { choices } = reply;
  if (!Array.isArray(choices) || !isJsonObject(choices[0])) throw malformed('no choice in the answer');
  const [choice] = choices as [JsonObject];
  return {
    output: readChoice(choice),
    finishReason: optionalText(choice, 'finish_reason') || null,
    ...(usageOf(reply) ?? UNKNOWN_USAGE),
  };
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : NaN;
}

function errorMessage(error: unknown): string {
  if (typeof error === 'string') return error;
  if (isJsonObject(error) && typeof error.message === 'string' && error.message !== '') return error.message;
  return JSON.stringify(error);
}
