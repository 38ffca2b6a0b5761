import type { ApiAdapter, RequestOptions, SampleInput } from './adapter.ts';
import { countedInputs } from './choice-count.ts';
import { isJsonObject } from './json.ts';
import { missingInput } from './openai-request.ts';
import { readSglangBody } from './sglang-reply.ts';
import { SglangAccumulator } from './sglang-stream.ts';

const DEFAULT_SAMPLING = { max_new_tokens: 10_240, temperature: 1, top_p: 1 } as const;
const SAMPLING_FIELDS = ['max_new_tokens', 'temperature', 'top_p', 'top_k'] as const;
/** No limit; the server's own default, so it is not sent. */
const TOP_K_OFF = -1;

/**
 * SGLang's own generate API. A row asks by `input_tokens` (or `token_ids`), else by `prompt`; it may set the fields of
 * {@link SAMPLING_FIELDS} and, in `sampling_parameters`, any other.
 */
export const SGLANG: ApiAdapter = {
  name: 'sglang',
  path: 'generate',
  requestBody: (row, options) => ({
    ...askedBy(row),
    sampling_params: samplingOf(row, options),
    ...(options.streaming || row.stream !== undefined ? { stream: options.streaming } : {}),
  }),
  choicesOf: ({ text, input_ids }) => countedInputs(input_ids ?? text),
  createReader: () => ({
    createAccumulator: () => new SglangAccumulator(),
    readBody: readSglangBody,
  }),
};

function askedBy(row: SampleInput): Record<string, unknown> {
  const tokens = row.input_tokens ?? row.token_ids;
  if (Array.isArray(tokens)) return { input_ids: tokens as unknown };
  if (typeof row.prompt === 'string') return { text: row.prompt };
  throw missingInput('sglang', row, 'input_tokens or prompt');
}

function samplingOf(row: SampleInput, { maxOutputTokens }: RequestOptions): Record<string, unknown> {
  const own = SAMPLING_FIELDS.filter((name) => (row[name] ?? null) !== null).map((name) => [name, row[name]]);
  const { top_k, ...sampling } = {
    ...DEFAULT_SAMPLING,
    ...(maxOutputTokens === undefined ? {} : { max_new_tokens: maxOutputTokens }),
    ...(Object.fromEntries(own) as Record<string, unknown>),
    ...(isJsonObject(row.sampling_parameters) ? row.sampling_parameters : {}),
  } as Record<string, unknown>;
  return top_k === undefined || top_k === TOP_K_OFF ? sampling : { ...sampling, top_k };
}
