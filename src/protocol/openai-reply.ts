import { jsonText } from '../core/json-text.ts';
import { type ReportedTokens, ResponseFormatError } from './adapter.ts';
import { isJsonObject, type JsonObject, jsonObjectIn } from './json.ts';

const TEXT = new TextDecoder();

/** Values of `object`, `type` and `status` by which an object is an error. */
const ERROR_KIND = /^(?:[\w.]*[._])?error$/;

/**
 * Throws {@link ResponseFormatError} for a frame or body that reports an error: `{"error": …}`, `{"object": "error", …}`,
 * `{"type": "error", …}` or `{"status": "error", …}`. An `error` that says nothing (null, false, 0, an empty text, object or list) is none.
 */
export function refuseError(reply: JsonObject): void {
  refuseErrorField(reply);
  if (isErrorKind(reply.object) || isErrorKind(reply.type) || isErrorKind(reply.status))
    throw serverError(reply);
}

/** The same for the fields `error` and `errors` alone. */
export function refuseErrorField({ error, errors }: JsonObject): void {
  if (!isVoid(error)) throw serverError(error);
  if (!isVoid(errors)) throw serverError(errors);
}

/** Fields that say why there is no response, in an object that holds none. */
const REASON_FIELDS = ['message', 'msg', 'detail', 'error_message', 'error_msg'] as const;

/** Throws {@link ResponseFormatError} when an object without a response says why it has none: `{"code": 500, "message": "…"}`. */
export function refuseReason(reply: JsonObject): void {
  for (const field of REASON_FIELDS) {
    const reason = reply[field];
    if (typeof reason === 'string' && reason !== '') throw serverError(reason);
  }
  // FastAPI's list of what is wrong with a request.
  if (Array.isArray(reply.detail) && reply.detail.length > 0) throw serverError(reply.detail);
}

/** The same for data that need not be JSON. */
export function refuseLooseError(buffer: Uint8Array, start: number, end: number): void {
  const found = jsonObjectIn(buffer, start, end);
  if (found === undefined) return;
  refuseError(found);
  if (found.choices === undefined) refuseReason(found);
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

function isErrorKind(kind: unknown): boolean {
  return typeof kind === 'string' && ERROR_KIND.test(kind);
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
  totalTokens: NaN,
};

/**
 * What is known after a report that follows `known`: counts are cumulative, so the last one wins, but a 0 never overwrites a count,
 * and a report of no tokens in and none out says nothing at all.
 */
export function laterTokens(known: ReportedTokens, report: ReportedTokens): ReportedTokens {
  if (!saysTokens(report)) return known;
  return {
    promptTokens: laterCount(known.promptTokens, report.promptTokens),
    completionTokens: laterCount(known.completionTokens, report.completionTokens),
    cachedTokens: laterCount(known.cachedTokens, report.cachedTokens),
    reasoningTokens: laterCount(known.reasoningTokens, report.reasoningTokens),
    acceptedPredictionTokens: laterCount(known.acceptedPredictionTokens, report.acceptedPredictionTokens),
    totalTokens: laterCount(known.totalTokens, report.totalTokens),
  };
}

/** Whether a report says anything: see {@link laterTokens}. @hot */
export function saysTokens({ promptTokens, completionTokens }: ReportedTokens): boolean {
  return promptTokens > 0 || completionTokens > 0;
}

/** Of several inputs that a server counts each on its own. */
export function sumOfTokens(parts: readonly ReportedTokens[]): ReportedTokens {
  const sum = (field: keyof ReportedTokens) => parts.reduce((total, part) => total + part[field], 0);
  return {
    promptTokens: sum('promptTokens'),
    completionTokens: sum('completionTokens'),
    cachedTokens: sum('cachedTokens'),
    reasoningTokens: sum('reasoningTokens'),
    acceptedPredictionTokens: sum('acceptedPredictionTokens'),
    totalTokens: sum('totalTokens'),
  };
}

function laterCount(known: number, reported: number): number {
  return reported > 0 || Number.isNaN(known) ? reported : known;
}

/**
 * The token counts in a `usage` object, under the names that OpenAI's APIs and those close to them use; `undefined` when it is none.
 * A count that is no whole number from 0 up is NaN.
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
    totalTokens: countOf(usage.total_tokens),
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
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : NaN;
}

function fieldOf(object: unknown, name: string): unknown {
  return isJsonObject(object) ? object[name] : undefined;
}
