import { InferometerError } from '../core/errors.ts';
import type { RequestOptions, SampleInput } from './adapter.ts';
import { isJsonObject } from './json.ts';
import { merged, rowExtra, rowFields, withoutNulls } from './row-fields.ts';

/** The names of the output limit. */
export type LimitField = 'max_tokens' | 'max_completion_tokens';

const LIMITS = ['max_tokens', 'max_completion_tokens'] as const satisfies readonly LimitField[];

/** The columns that `asked` is made of, and those that {@link openAiRequest} looks at itself. */
export function usedColumns(...names: readonly string[]): readonly string[] {
  return [...names, ...LIMITS, 'max_new_tokens', 'model', 'stream'];
}

/**
 * A request as a JSON value: model, what is asked, the fields of the row and its `extra_body`, the output limit unless the row set
 * one, the stream options, and last what is set for every request. `used` are the columns that were looked at (see {@link usedColumns}),
 * `limitField` is the API's own name of the limit.
 *
 * Streaming is the run's alone: it decides what is measured.
 */
export function openAiRequest(
  asked: Readonly<Record<string, unknown>>,
  used: readonly string[],
  row: SampleInput,
  options: RequestOptions,
  limitField: LimitField,
): Record<string, unknown> {
  const { streaming, maxOutputTokens, onUnsent, extra = {} } = options;
  const { model, stream, max_new_tokens: newTokens } = row;
  const own = rowExtra(row);
  const fields = rowFields(row, { used, onUnsent });
  const body: Record<string, unknown> = merged(
    {
      model: typeof model === 'string' && model !== '' ? model : options.model,
      ...asked,
      ...fields,
      ...limitsOf(row),
    },
    own,
  );
  const isLimited = LIMITS.some((name) => (body[name] ?? extra[name] ?? null) !== null);
  const limit = newTokens ?? maxOutputTokens;
  if (limit !== undefined && !isLimited) body[options.limitField ?? limitField] = limit;
  if (streaming) askForUsage(body, options);
  else if ('stream_options' in body) {
    delete body.stream_options;
    onUnsent?.('stream_options');
  }
  if (streaming || stream !== undefined) body.stream = streaming;
  if (typeof stream === 'boolean' && stream !== streaming) onUnsent?.('stream');
  return { ...withoutNulls(merged(withoutNulls(body, own), extra), extra) };
}

/** The limits of the row, under the names it gives them. */
function limitsOf(row: SampleInput): Record<string, unknown> {
  const limits: Record<string, unknown> = {};
  for (const name of LIMITS) if ((row[name] ?? null) !== null) limits[name] = row[name];
  return limits;
}

function askForUsage(body: Record<string, unknown>, options: RequestOptions): void {
  if (!options.includeUsage) return;
  const { stream_options: own } = body;
  const ownOptions = isJsonObject(own) ? own : {};
  if (options.rowDecidesUsage === true && ownOptions.include_usage !== undefined) return;
  body.stream_options = { ...ownOptions, include_usage: true };
}

/** The error of a row that lacks what the API asks by. */
export function missingInput(api: string, row: SampleInput, needed: string): InferometerError {
  const columns = Object.keys(row);
  const got = columns.length === 0 ? 'no columns' : `only ${columns.join(', ')}`;
  return new InferometerError(
    'INFEROMETER_PROTOCOL_ROW',
    'input',
    `--api ${api} needs ${needed} in each row (got ${got})`,
  );
}
