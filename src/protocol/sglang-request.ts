import type { RequestOptions, SampleInput } from './adapter.ts';
import { isJsonObject } from './json.ts';
import { missingInput } from './openai-request.ts';

const DEFAULT_SAMPLING = { max_new_tokens: 10_240, temperature: 1, top_p: 1 } as const;
const SAMPLING_FIELDS = ['max_new_tokens', 'temperature', 'top_p', 'top_k'] as const;
/** No limit; the server's own default, so it is not sent. */
const TOP_K_OFF = -1;

export function sglangRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  return {
    ...askedBy(row),
    sampling_params: samplingOf(row, options),
    ...(options.streaming || row.stream !== undefined ? { stream: options.streaming } : {}),
  };
}

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
