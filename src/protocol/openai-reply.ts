import { jsonText } from '../core/json-text.ts';
import { type FinalOutput, ResponseFormatError } from './adapter.ts';
import { isJsonObject, type JsonObject } from './json.ts';

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

function countOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : NaN;
}

function errorMessage(error: unknown): string {
  if (typeof error === 'string') return error;
  if (isJsonObject(error) && typeof error.message === 'string' && error.message !== '') return error.message;
  return jsonText(error);
}
