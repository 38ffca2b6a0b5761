import { jsonText } from '../core/json-text.ts';
import { type ReportedTokens, ResponseFormatError } from './adapter.ts';
import { isJsonObject, type JsonObject, jsonObjectIn } from './json.ts';

const TEXT = new TextDecoder();

/**
 * Throws {@link ResponseFormatError} for a frame or body that reports an error: `{"error": …}`, `{"object": "error", …}` or
 * `{"type": "error", …}`. An `error` that says nothing (null, false, 0, an empty text, object or list) is none.
 */
export function refuseError(reply: JsonObject): void {
  const { error } = reply;
  if (!isVoid(error)) throw serverError(error);
  if (reply.object === 'error' || reply.type === 'error') throw serverError(reply);
}

/** The same for data that need not be JSON. */
export function refuseLooseError(buffer: Uint8Array, start: number, end: number): void {
  const found = jsonObjectIn(buffer, start, end);
  if (found !== undefined) refuseError(found);
}

/** The failure in what a server says of one: an error in any shape, as JSON or plain text, or nothing. */
export function toldFailure(buffer: Uint8Array, start: number, end: number): ResponseFormatError {
  const found = jsonObjectIn(buffer, start, end);
  if (found !== undefined) return serverError(found);
  const text = TEXT.decode(buffer.subarray(start, end)).trim();
  return serverError(text === '' ? 'the server reported an error without saying which' : text);
}

/** The failure that `error` reports, whatever its shape: a text, `{message}`, `{detail}`, nested or flat. */
export function serverError(error: unknown): ResponseFormatError {
  return new ResponseFormatError('server_error', errorMessage(error));
}

/** The message in an error of any shape that servers use; its JSON where there is none. */
export function errorMessage(error: unknown): string {
  if (typeof error === 'string') return error;
  return textIn(error) ?? jsonText(error);
}

/** Fields that hold the message, best first; `detail` is FastAPI's. */
const MESSAGE_FIELDS = ['message', 'msg', 'detail', 'error', 'errors', 'reason'] as const;

/** No server nests its message deeper. */
const MESSAGE_DEPTH = 6;

function textIn(error: unknown, depth = MESSAGE_DEPTH): string | undefined {
  if (typeof error === 'string') return error === '' ? undefined : error;
  if (depth === 0) return undefined;
  if (Array.isArray(error)) return textIn(error[0], depth - 1);
  if (!isJsonObject(error)) return undefined;
  for (const name of MESSAGE_FIELDS) {
    const text = textIn(error[name], depth - 1);
    if (text !== undefined) return text;
  }
  return undefined;
}

function isVoid(error: unknown): boolean {
  if (!error) return true;
  return typeof error === 'object' && Object.keys(error).length === 0;
}

/** Nothing was reported. */
export const UNKNOWN_TOKENS: ReportedTokens = {
  promptTokens: NaN,
  completionTokens: NaN,
  cachedTokens: NaN,
  reasoningTokens: NaN,
  acceptedPredictionTokens: NaN,
};

/**
 * What is known after a report that follows `known`: counts are cumulative, so the last one wins, but a 0 never overwrites a count,
 * and a report of no tokens in and none out says nothing at all.
 */
export function laterTokens(known: ReportedTokens, report: ReportedTokens): ReportedTokens {
  if (!(report.promptTokens > 0) && !(report.completionTokens > 0)) return known;
  return {
    promptTokens: laterCount(known.promptTokens, report.promptTokens),
    completionTokens: laterCount(known.completionTokens, report.completionTokens),
    cachedTokens: laterCount(known.cachedTokens, report.cachedTokens),
    reasoningTokens: laterCount(known.reasoningTokens, report.reasoningTokens),
    acceptedPredictionTokens: laterCount(known.acceptedPredictionTokens, report.acceptedPredictionTokens),
  };
}

function laterCount(known: number, reported: number): number {
  return reported > 0 || Number.isNaN(known) ? reported : known;
}

/**
 * The token counts in a `usage` object, under the names that OpenAI's APIs and those close to them use; `undefined` when it is none.
 * A count that is no number from 0 up is NaN.
 */
export function tokensOfUsage(usage: unknown): ReportedTokens | undefined {
  if (!isJsonObject(usage)) return undefined;
  const ofPrompt = usage.prompt_tokens_details ?? usage.input_tokens_details;
  const ofCompletion = usage.completion_tokens_details ?? usage.output_tokens_details;
  return {
    promptTokens: countOf(usage.prompt_tokens ?? usage.input_tokens),
    completionTokens: countOf(usage.completion_tokens ?? usage.output_tokens),
    cachedTokens: countOf(fieldOf(ofPrompt, 'cached_tokens') ?? usage.cached_tokens),
    reasoningTokens: countOf(fieldOf(ofCompletion, 'reasoning_tokens') ?? usage.reasoning_tokens),
    acceptedPredictionTokens: countOf(fieldOf(ofCompletion, 'accepted_prediction_tokens')),
  };
}

/** The token counts of a frame or body: its `usage`, and where that says nothing of the cache, llama.cpp's `timings`. */
export function tokensOfReply({ usage, timings }: JsonObject): ReportedTokens | undefined {
  const tokens = tokensOfUsage(usage);
  const cachedTokens = countOf(fieldOf(timings, 'cache_n'));
  if (tokens === undefined || Number.isNaN(cachedTokens) || !Number.isNaN(tokens.cachedTokens)) return tokens;
  return { ...tokens, cachedTokens };
}

export function countOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : NaN;
}

function fieldOf(object: unknown, name: string): unknown {
  return isJsonObject(object) ? object[name] : undefined;
}
