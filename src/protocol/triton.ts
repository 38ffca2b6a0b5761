import { jsonText } from '../core/json-text.ts';
import type { ApiAdapter, FinalOutput, RequestOptions, SampleInput } from './adapter.ts';
import { type FrameNews, type FrameReader, NO_PARTS } from './frame-reader.ts';
import { FrameAccumulator } from './frame-stream.ts';
import { isJsonObject, type JsonObject, malformed, parseJsonObject, shown } from './json.ts';
import { nativeRequest } from './native-request.ts';
import { finishReasonIn } from './openai-choice.ts';
import { textOf } from './openai-message.ts';
import { refuseError, refuseReason, UNKNOWN_TOKENS } from './openai-reply.ts';
import { missingInput } from './openai-request.ts';
import { SSE } from './sse-framing.ts';
import { wholeOutput } from './whole-output.ts';

/** Columns that go into `parameters`; the model decides which others it has. */
const PARAMETER_COLUMNS: ReadonlySet<string> = new Set([
  ...['temperature', 'top_p', 'top_k', 'min_p', 'seed', 'stop', 'ignore_eos', 'min_tokens'],
  ...['repetition_penalty', 'presence_penalty', 'frequency_penalty', 'length_penalty'],
]);

/** The generate API of Triton Inference Server. Each model has a path of its own. */
export const TRITON: ApiAdapter = {
  name: 'triton',
  path: 'v2/models/{model}/generate',
  streamPath: 'v2/models/{model}/generate_stream',
  isChat: false,
  namesModel: false,
  requestBody: tritonRequest,
  choicesOf: () => 1,
  createReader: () => ({
    framing: SSE,
    createAccumulator: (account) => new FrameAccumulator(FRAMES, account),
    readBody: readTritonBody,
  }),
};

/** A row asks by `prompt`. The prompt is asked to be left out of the response, where it would count as output. */
function tritonRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { prompt, parameters } = row;
  if (typeof prompt !== 'string') throw missingInput('triton', row, 'a prompt');
  const own = isJsonObject(parameters) ? parameters : {};
  return nativeRequest(
    {
      asked: { text_input: prompt },
      used: ['prompt'],
      limitField: 'max_tokens',
      namesModel: false,
      tellsStream: false,
      nested: { name: 'parameters', columns: PARAMETER_COLUMNS },
    },
    { ...row, parameters: { exclude_input_in_output: true, ...own, stream: options.streaming } },
    options,
  );
}

/** Nothing ends a stream but the end of its message. */
const FRAMES: FrameReader = { reset: () => undefined, read: readFrame, endsUntold: true };

function readFrame(frame: JsonObject): FrameNews {
  if (frame.text_output === undefined) refuseReason(frame);
  return { parts: { content: textOf(frame, 'text_output') }, finishReason: finishOf(frame) };
}

function readTritonBody(buffer: Uint8Array, start: number, end: number): FinalOutput {
  const reply = parseJsonObject(buffer, start, end);
  refuseError(reply);
  if (typeof reply.text_output !== 'string') {
    refuseReason(reply);
    throw malformed(`the response has no text_output (got ${shown(jsonText(reply))})`);
  }
  return wholeOutput([{ ...NO_PARTS, content: reply.text_output }], finishOf(reply), UNKNOWN_TOKENS);
}

/** Only servers with the Open Inference extension have one. */
function finishOf({ details }: JsonObject): string | null {
  return isJsonObject(details) ? finishReasonIn(details.finish_reason) : null;
}
