import { jsonText } from '../core/json-text.ts';
import type { ApiAdapter, FinalOutput, ReportedTokens, RequestOptions, SampleInput } from './adapter.ts';
import { countedChoices, countedInputs } from './choice-count.ts';
import { type FrameNews, type FrameReader, NO_PARTS } from './frame-reader.ts';
import { FrameAccumulator } from './frame-stream.ts';
import { isJsonObject, type JsonObject, malformed, parseJson, shown } from './json.ts';
import { nativeRequest } from './native-request.ts';
import { finishReasonIn } from './openai-choice.ts';
import { textOf } from './openai-message.ts';
import { missingInput } from './openai-request.ts';
import { countOf, refuseError, refuseReason, sumOfTokens, UNKNOWN_TOKENS } from './openai-reply.ts';
import { SSE } from './sse-framing.ts';
import { wholeOutput } from './whole-output.ts';

/** What a row may ask by, best first. */
const ASKED_BY = ['input_tokens', 'token_ids', 'prompt'] as const;
/** How versions without `stop_type` tell it. */
const STOPS = { stopped_eos: 'eos', stopped_limit: 'limit', stopped_word: 'word' } as const;

/** llama.cpp's own completion API. */
export const LLAMACPP: ApiAdapter = {
  name: 'llamacpp',
  path: 'completion',
  isChat: false,
  namesModel: false,
  requestBody: llamacppRequest,
  choicesOf: ({ prompt, n_cmpl: n }) => countedInputs(prompt) * countedChoices(n),
  createReader: () => ({
    framing: SSE,
    createAccumulator: (account) => new FrameAccumulator(FRAMES, account),
    readBody: readLlamacppBody,
  }),
};

/** A row asks by `input_tokens` (or `token_ids`), else by `prompt`. */
function llamacppRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const column = ASKED_BY.find((name) => (row[name] ?? null) !== null);
  const prompt = column === undefined ? undefined : row[column];
  if (column === undefined || (typeof prompt !== 'string' && !Array.isArray(prompt))) {
    throw missingInput('llamacpp', row, 'a prompt or input_tokens');
  }
  return nativeRequest(
    {
      asked: { prompt: prompt as unknown },
      used: [column],
      limitField: 'n_predict',
      namesModel: false,
      tellsStream: true,
    },
    row,
    options,
  );
}

const FRAMES: FrameReader = { reset: () => undefined, read: readFrame };

/** A frame with a piece of text; the last one of each prompt says `stop`. */
function readFrame(frame: JsonObject): FrameNews {
  const { content, index, stop } = frame;
  if (content === undefined && stop === undefined) refuseReason(frame);
  return {
    choice: typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : 0,
    parts: { content: textOf(frame, 'content') },
    finishReason: stop === true ? finishOf(frame) : null,
    tokens: tokensOf(frame),
    ends: stop === true,
  };
}

/** A body: one reply, or a list of them for several prompts. Throws `ResponseFormatError`. */
function readLlamacppBody(buffer: Uint8Array, start: number, end: number, choices: number): FinalOutput {
  const value = parseJson(buffer, start, end);
  const replies = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map(replyOf);
  if (replies.length < choices) {
    throw malformed(`the response has ${replies.length} of the ${choices} choices requested`);
  }
  return wholeOutput(
    replies.map((reply) => ({ ...NO_PARTS, content: textOf(reply, 'content') })),
    replies.map(finishOf).find((reason) => reason !== null) ?? null,
    sumOfTokens(replies.map(tokensOf)),
  );
}

function replyOf(reply: unknown): JsonObject {
  if (!isJsonObject(reply))
    throw malformed(`the response must be a JSON object (got ${shown(jsonText(reply))})`);
  refuseError(reply);
  if (typeof reply.content !== 'string') {
    refuseReason(reply);
    throw malformed(`the response has no content (got ${shown(jsonText(reply))})`);
  }
  return reply;
}

function finishOf(reply: JsonObject): string | null {
  if (typeof reply.stop_type === 'string') return finishReasonIn(reply.stop_type);
  for (const [field, reason] of Object.entries(STOPS)) if (reply[field] === true) return reason;
  return null;
}

/** `tokens_cached` is the size of the cache; what was found in it stands with the timings. */
function tokensOf({
  tokens_evaluated: prompt,
  tokens_predicted: predicted,
  timings,
}: JsonObject): ReportedTokens {
  return {
    ...UNKNOWN_TOKENS,
    promptTokens: countOf(prompt),
    completionTokens: countOf(predicted),
    cachedTokens: countOf(isJsonObject(timings) ? timings.cache_n : undefined),
  };
}
