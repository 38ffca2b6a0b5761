import { jsonText } from '../core/json-text.ts';
import { type FinalOutput, type ReportedTokens, ResponseFormatError } from './adapter.ts';
import { isJsonObject, type JsonObject, malformed, parseJson, shown } from './json.ts';
import {
  countOf,
  errorMessage,
  refuseError,
  refuseReason,
  sumOfTokens,
  UNKNOWN_TOKENS,
} from './openai-reply.ts';

/** One response as SGLang writes it: a frame of a stream, a body, or an item of a body that is a list. */
export interface SglangReply {
  readonly text: string;
  /** Which of several inputs it answers. */
  readonly index: number;
  readonly finishReason: string | null;
  readonly tokens: ReportedTokens;
  /** How many token ids it carries; NaN when it has none. */
  readonly outputIds: number;
  /** How often the server has begun it anew. */
  readonly retractions: number;
}

/**
 * Reads a reply. Demands the text alone; what `meta_info` holds depends on the version of the server. Throws `ResponseFormatError` for
 * another shape, an error, and a finish reason by which the server gave up.
 */
export function sglangReply(value: unknown): SglangReply {
  if (!isJsonObject(value))
    throw malformed(`the response must be a JSON object (got ${shown(jsonText(value))})`);
  refuseError(value);
  const { text, output_ids: outputIds, index, meta_info: meta } = value;
  if (text === undefined) refuseReason(value);
  if (typeof text !== 'string') throw malformed(`text must be text (got ${shown(jsonText(text))})`);
  const facts = isJsonObject(meta) ? meta : {};
  return {
    text,
    index: typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : 0,
    finishReason: finishReasonOf(facts),
    tokens: {
      ...UNKNOWN_TOKENS,
      promptTokens: countOf(facts.prompt_tokens),
      completionTokens: countOf(facts.completion_tokens),
      cachedTokens: countOf(facts.cached_tokens),
      reasoningTokens: countOf(facts.reasoning_tokens),
    },
    outputIds: Array.isArray(outputIds) ? outputIds.length : NaN,
    retractions: countOf(facts.num_retractions ?? facts.total_retractions) || 0,
  };
}

/** A body: one reply, or a list of them for a list of inputs. Throws `ResponseFormatError`. */
export function readSglangBody(buffer: Uint8Array, start: number, end: number, choices: number): FinalOutput {
  const value = parseJson(buffer, start, end);
  const replies = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map(sglangReply);
  if (replies.length < choices) {
    throw malformed(`the response has ${replies.length} of the ${choices} choices requested`);
  }
  const output = replies.map(({ text }) => text).join('');
  return {
    output: { output, reasoning: null, toolCalls: null },
    finishReason: replies.find(({ finishReason }) => finishReason !== null)?.finishReason ?? null,
    tokens: sumOfTokens(replies.map(({ tokens }) => tokens)),
    firstChunkTokens: NaN,
    isEmpty: output === '',
  };
}

function finishReasonOf({ finish_reason: reason }: JsonObject): string | null {
  if (typeof reason === 'string') return reason === '' ? null : reason;
  if (!isJsonObject(reason) || typeof reason.type !== 'string') return null;
  if (reason.type !== 'abort') return reason.type;
  throw new ResponseFormatError('aborted', errorMessage(reason));
}
