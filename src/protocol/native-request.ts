import type { RequestOptions, SampleInput } from './adapter.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { merged, rowExtra, rowFields, withoutNulls } from './row-fields.ts';

/** Columns that limit the output, best first. */
const LIMIT_COLUMNS = ['max_tokens', 'max_completion_tokens', 'max_new_tokens'] as const;

/** How an API, not one of the completions of OpenAI, wants its requests. */
export interface RequestShape {
  /** What is asked, as fields. */
  readonly asked: JsonObject;
  /** Columns it was made of; none of them is sent as a field. */
  readonly used: readonly string[];
  /** The API's name of the output limit. */
  readonly limitField: string;
  /** Sent as the limit when neither row nor run has one; the API demands it. */
  readonly defaultLimit?: number;
  readonly namesModel: boolean;
  /** An object of the request that the limit and some columns belong into. */
  readonly nested?: { readonly name: string; readonly columns: ReadonlySet<string> };
  /** Columns that the API calls otherwise, or wants in another form: the fields they become. */
  readonly adapted?: Readonly<Record<string, (value: unknown) => JsonObject>>;
  /** The request tells whether to stream; otherwise its path does. */
  readonly tellsStream: boolean;
}

/**
 * A request as a JSON value: model, what is asked, the fields of the row, its `extra_body` over them, and last what is set for every
 * request. Streaming is the run's alone: it decides what is measured.
 */
export function nativeRequest(
  shape: RequestShape,
  row: SampleInput,
  options: RequestOptions,
): Record<string, unknown> {
  const { nested, adapted = {} } = shape;
  const { streaming, onUnsent, extra = {} } = options;
  const { model, stream } = row;
  const used = [...shape.used, ...LIMIT_COLUMNS, 'model', 'stream', 'stream_options'];
  const fields = Object.entries(rowFields(row, { used, onUnsent })).map(([name, value]): JsonObject =>
    Object.hasOwn(adapted, name) ? adapted[name]!(value) : { [name]: value },
  );
  const limit = limitOf(row) ?? options.maxOutputTokens ?? shape.defaultLimit;
  const body = {
    ...(shape.namesModel && { model: typeof model === 'string' && model !== '' ? model : options.model }),
    ...shape.asked,
    ...arranged(Object.assign({}, ...fields) as JsonObject, { [shape.limitField]: limit }, nested),
  };
  const own = rowExtra(row);
  const shared = new Set(nested === undefined ? [] : [nested.name]);
  const withOwn = withoutNulls(merged(body, own, shared), own);
  const streamed = shape.tellsStream ? { ...withOwn, stream: streaming } : withOwn;
  if (typeof stream === 'boolean' && stream !== streaming) onUnsent?.('stream');
  if ((row.stream_options ?? null) !== null) onUnsent?.('stream_options');
  return { ...withoutNulls(merged(streamed, extra, shared), extra) };
}

function limitOf(row: SampleInput): unknown {
  const column = LIMIT_COLUMNS.find((name) => (row[name] ?? null) !== null);
  return column === undefined ? undefined : row[column];
}

/** Fields and limit, each at its place; those of the row win over the limit of the run. */
function arranged(fields: JsonObject, limit: JsonObject, nested: RequestShape['nested']): JsonObject {
  const known = withoutUndefined(limit);
  if (nested === undefined) return { ...known, ...fields };
  const entries = Object.entries(fields);
  const inside = entries.filter(([name]) => nested.columns.has(name));
  const outside = entries.filter(([name]) => !nested.columns.has(name) && name !== nested.name);
  const own = fields[nested.name];
  const object = { ...known, ...Object.fromEntries(inside), ...(isJsonObject(own) ? own : {}) };
  return {
    ...Object.fromEntries(outside),
    ...(Object.keys(object).length > 0 && { [nested.name]: object }),
  };
}

function withoutUndefined(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
