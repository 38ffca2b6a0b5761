import { jsonText } from '../core/json-text.ts';
import type { ApiAdapter, FinalOutput, ReportedTokens, RequestOptions, SampleInput } from './adapter.ts';
import { type FrameNews, type FrameReader } from './frame-reader.ts';
import { FrameAccumulator } from './frame-stream.ts';
import { isJsonObject, type JsonObject, malformed, parseJson, shown } from './json.ts';
import { nativeRequest } from './native-request.ts';
import { finishReasonIn } from './openai-choice.ts';
import { textOf } from './openai-message.ts';
import { NO_PARTS } from './frame-reader.ts';
import { missingInput } from './openai-request.ts';
import { countOf, refuseError, refuseReason, UNKNOWN_TOKENS } from './openai-reply.ts';
import { SSE } from './sse-framing.ts';
import { wholeOutput } from './whole-output.ts';

/** Columns that TGI takes in its `parameters`; all others stand beside them. */
const PARAMETER_COLUMNS: ReadonlySet<string> = new Set([
  ...['temperature', 'top_p', 'top_k', 'typical_p', 'seed', 'stop', 'best_of', 'do_sample', 'truncate'],
  ...['repetition_penalty', 'frequency_penalty', 'return_full_text', 'watermark', 'grammar', 'adapter_id'],
  ...['details', 'decoder_input_details', 'top_n_tokens'],
]);

/** The generate API of Hugging Face's Text Generation Inference. */
export const TGI: ApiAdapter = {
  name: 'tgi',
  path: 'generate',
  streamPath: 'generate_stream',
  isChat: false,
  namesModel: false,
  requestBody: tgiRequest,
  choicesOf: () => 1,
  createReader: () => ({
    framing: SSE,
    createAccumulator: (account) => new FrameAccumulator(new TgiFrameReader(), account),
    readBody: readTgiBody,
  }),
};

/** A row asks by `prompt`; counts and the finish reason are part of the `details`, which are asked for. */
function tgiRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { prompt } = row;
  if (typeof prompt !== 'string') throw missingInput('tgi', row, 'a prompt');
  return nativeRequest(
    {
      asked: { inputs: prompt },
      used: ['prompt'],
      limitField: 'max_new_tokens',
      namesModel: false,
      tellsStream: false,
      nested: { name: 'parameters', columns: PARAMETER_COLUMNS },
    },
    { details: true, ...row },
    options,
  );
}

/** Reads frames of one token each. A special token is no text; the whole text, in the last frame, ends the stream. */
class TgiFrameReader implements FrameReader {
  #hasText = false;

  reset(): void {
    this.#hasText = false;
  }

  read(frame: JsonObject): FrameNews {
    const { token, generated_text: whole, details } = frame;
    if (token === undefined && whole === undefined) refuseReason(frame);
    const ends = typeof whole === 'string';
    const content = this.#textOf(token, ends ? whole : '');
    return {
      parts: { content },
      finishReason: isJsonObject(details) ? finishReasonIn(details.finish_reason) : null,
      tokens: isJsonObject(details) ? tokensOf(details) : undefined,
      ends,
    };
  }

  /** The whole text counts where there were no tokens. */
  #textOf(token: unknown, whole: string): string {
    const piece = isJsonObject(token) && token.special !== true ? textOf(token, 'text') : '';
    const text = piece === '' && !this.#hasText ? whole : piece;
    if (text !== '') this.#hasText = true;
    return text;
  }
}

/** A body: the text and its details, which some versions put into a list. Throws `ResponseFormatError`. */
function readTgiBody(buffer: Uint8Array, start: number, end: number): FinalOutput {
  const value = parseJson(buffer, start, end);
  const reply: unknown = Array.isArray(value) ? value[0] : value;
  if (!isJsonObject(reply))
    throw malformed(`the response must be a JSON object (got ${shown(jsonText(value))})`);
  refuseError(reply);
  if (typeof reply.generated_text !== 'string') {
    refuseReason(reply);
    throw malformed(`the response has no generated_text (got ${shown(jsonText(reply))})`);
  }
  const details = isJsonObject(reply.details) ? reply.details : {};
  const parts = { ...NO_PARTS, content: reply.generated_text };
  return wholeOutput([parts], finishReasonIn(details.finish_reason), tokensOf(details));
}

function tokensOf(details: JsonObject): ReportedTokens {
  return {
    ...UNKNOWN_TOKENS,
    promptTokens: countOf(details.input_length),
    completionTokens: countOf(details.generated_tokens),
  };
}
