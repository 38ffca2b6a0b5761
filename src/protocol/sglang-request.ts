import type { RequestOptions, SampleInput } from './adapter.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { missingInput } from './openai-request.ts';
import { merged, rowExtra, rowFields, withoutNulls } from './row-fields.ts';

const DEFAULT_SAMPLING = { max_new_tokens: 10_240, temperature: 1, top_p: 1 } as const;
/** What SGLang takes as parameters of sampling; all other fields stand beside them. */
const SAMPLING_FIELDS: ReadonlySet<string> = new Set([
  ...[
    'temperature',
    'top_p',
    'top_k',
    'min_p',
    'frequency_penalty',
    'presence_penalty',
    'repetition_penalty',
  ],
  ...['min_new_tokens', 'stop', 'stop_token_ids', 'stop_regex', 'n', 'json_schema', 'regex', 'ebnf'],
  ...['structural_tag', 'ignore_eos', 'skip_special_tokens', 'spaces_between_special_tokens'],
  ...['no_stop_trim', 'custom_params', 'logit_bias', 'sampling_seed'],
]);
/** Names of the output limit, best first; SGLang knows the first. */
const LIMITS = ['max_new_tokens', 'max_completion_tokens', 'max_tokens'] as const;
/** No limit; the server's own default, so it is not sent. */
const TOP_K_OFF = -1;

/**
 * The body of a request to SGLang's own generate API. A row asks by `input_tokens` (or `token_ids`), else by `prompt`; parameters of sampling
 * may stand in columns of their own and, over those, in `sampling_parameters`. A row has no model and no system prompt here.
 */
export function sglangRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { streaming, onUnsent, extra = {} } = options;
  const { stream, sampling_parameters: ownSampling } = row;
  const [column, asked] = askedBy(row);
  const fields = Object.entries(
    rowFields(row, { used: [column, ...LIMITS, 'stream', 'sampling_parameters'], onUnsent }),
  );
  const body = {
    ...asked,
    ...Object.fromEntries(fields.filter(([name]) => !SAMPLING_FIELDS.has(name))),
    sampling_params: {
      ...DEFAULT_SAMPLING,
      ...limitOf(row, options),
      ...Object.fromEntries(fields.filter(([name]) => SAMPLING_FIELDS.has(name))),
      ...(isJsonObject(ownSampling) ? ownSampling : {}),
    },
  };
  const own = rowExtra(row);
  const withOwn = withoutNulls(merged(body, own), own);
  const streamed = streaming || stream !== undefined ? { ...withOwn, stream: streaming } : withOwn;
  if (typeof stream === 'boolean' && stream !== streaming) onUnsent?.('stream');
  return withoutTopK(withoutNulls(merged(streamed, extra), extra));
}

function askedBy(row: SampleInput): readonly [column: string, asked: Record<string, unknown>] {
  const column = (row.input_tokens ?? null) !== null ? 'input_tokens' : 'token_ids';
  const tokens = row[column];
  if (Array.isArray(tokens)) return [column, { input_ids: tokens as unknown }];
  if (typeof row.prompt === 'string') return ['prompt', { text: row.prompt }];
  throw missingInput('sglang', row, 'input_tokens or a prompt');
}

function limitOf(row: SampleInput, { maxOutputTokens }: RequestOptions): Record<string, unknown> {
  const name = LIMITS.find((limit) => (row[limit] ?? null) !== null);
  const limit = name === undefined ? maxOutputTokens : row[name];
  return limit === undefined ? {} : { max_new_tokens: limit };
}

function withoutTopK(body: JsonObject): Record<string, unknown> {
  if (!isJsonObject(body.sampling_params) || body.sampling_params.top_k !== TOP_K_OFF) return { ...body };
  const { top_k: _off, ...sampling } = body.sampling_params;
  return { ...body, sampling_params: sampling };
}
