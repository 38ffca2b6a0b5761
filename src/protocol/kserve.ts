import { jsonText } from '../core/json-text.ts';
import type { ApiAdapter, FinalOutput, RequestOptions, SampleInput } from './adapter.ts';
import { NO_PARTS } from './frame-reader.ts';
import { FrameAccumulator } from './frame-stream.ts';
import { isJsonObject, type JsonObject, malformed, parseJsonObject, shown } from './json.ts';
import { nativeRequest } from './native-request.ts';
import { refuseError, refuseReason, UNKNOWN_TOKENS } from './openai-reply.ts';
import { missingInput } from './openai-request.ts';
import { NEVER_STREAMED, REFUSING } from './whole-api.ts';
import { wholeOutput } from './whole-output.ts';

const INPUT = 'text_input';
const OUTPUT = 'text_output';

/** Columns that become tensors of their own, by their types in the backends of Triton. */
const TENSOR_TYPES: Readonly<Record<string, string>> = {
  max_tokens: 'INT32',
  min_tokens: 'INT32',
  top_k: 'INT32',
  seed: 'UINT64',
  temperature: 'FP32',
  top_p: 'FP32',
  min_p: 'FP32',
  repetition_penalty: 'FP32',
  presence_penalty: 'FP32',
  frequency_penalty: 'FP32',
};

/**
 * The infer API of the Open Inference Protocol (KServe v2), with texts as BYTES tensors. It doesn't stream. The generate API of the same
 * servers is Triton's.
 */
export const KSERVE: ApiAdapter = {
  name: 'kserve',
  path: 'v2/models/{model}/infer',
  isWhole: true,
  isChat: false,
  namesModel: false,
  requestBody: kserveRequest,
  choicesOf: () => 1,
  createReader: () => ({
    framing: NEVER_STREAMED,
    createAccumulator: (account) => new FrameAccumulator(REFUSING, account),
    readBody: readKserveBody,
  }),
};

/** A row asks by `prompt`. Its sampling parameters and the limit are tensors beside it; `inputs` in `extra_body` replaces all of them. */
function kserveRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { prompt } = row;
  if (typeof prompt !== 'string') throw missingInput('kserve', row, 'a prompt');
  const shape = { asked: {}, used: ['prompt'], limitField: 'max_tokens', namesModel: false };
  const body = nativeRequest({ ...shape, tellsStream: false }, row, options);
  const tensors = Object.entries(body).filter(([name, value]) => isTensor(name, value));
  const others = Object.entries(body).filter(([name, value]) => !isTensor(name, value));
  return {
    inputs: [
      tensor(INPUT, 'BYTES', prompt),
      ...tensors.map(([name, value]) => tensor(name, TENSOR_TYPES[name]!, value)),
    ],
    outputs: [{ name: OUTPUT }],
    ...Object.fromEntries(others),
  };
}

function isTensor(name: string, value: unknown): boolean {
  return Object.hasOwn(TENSOR_TYPES, name) && typeof value === 'number';
}

/** Of one value, with a dimension for the batch. */
function tensor(name: string, datatype: string, value: unknown): JsonObject {
  return { name, datatype, shape: [1, 1], data: [value] };
}

/** The text in the tensor of that name, else in the first one of texts. Throws `ResponseFormatError`. */
function readKserveBody(buffer: Uint8Array, start: number, end: number): FinalOutput {
  const reply = parseJsonObject(buffer, start, end);
  refuseError(reply);
  const outputs = Array.isArray(reply.outputs) ? reply.outputs.filter(isJsonObject) : [];
  const found = outputs.find(({ name }) => name === OUTPUT) ?? outputs.find(isOfTexts);
  if (found === undefined || !isOfTexts(found)) {
    refuseReason(reply);
    throw malformed(`the response has no tensor of texts in its outputs (got ${shown(jsonText(reply))})`);
  }
  const parts = { ...NO_PARTS, content: found.data.join('') };
  return { ...wholeOutput([parts], null, UNKNOWN_TOKENS), isReasonless: true };
}

function isOfTexts(output: JsonObject): output is JsonObject & { readonly data: readonly string[] } {
  const { data } = output;
  return Array.isArray(data) && data.every((value) => typeof value === 'string');
}
