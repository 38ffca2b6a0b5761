import { columnGroup } from '../core/row-columns.ts';
import type { SampleInput } from './adapter.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/** Objects in which the program sets fields itself. */
const SHARED_OBJECTS: ReadonlySet<string> = new Set(['stream_options', 'sampling_params']);

/** What an API makes of the columns it interprets itself. */
export interface ColumnUse {
  /** Columns that were used, in whatever form. */
  readonly used: readonly string[];
  /** Told of each column that is not sent. */
  readonly onUnsent?: ((column: string) => void) | undefined;
}

/** The columns of a row that are fields of the request, as they are. Tells `onUnsent` of each other one that was not used. */
export function rowFields(row: SampleInput, { used, onUnsent }: ColumnUse): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(row)) {
    const value = row[name];
    if (value === null || value === undefined || used.includes(name)) continue;
    const role = columnGroup(name)?.role ?? 'field';
    if (role === 'field') setField(fields, name, value);
    else if (role !== 'extra' && value !== '') onUnsent?.(name);
  }
  return fields;
}

/** Whatever it is called: to assignment, `__proto__` means something else. */
function setField(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') fields[name] = value;
  else Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The fields of `extra_body` of a row; none when it has no such column. */
export function rowExtra({ extra_body: extra }: SampleInput): JsonObject {
  return isJsonObject(extra) ? extra : {};
}

/**
 * The body with the fields of `extra` over its own, at the top level, as OpenAI's clients merge an `extra_body`. Objects in which the
 * program sets fields itself (`shared`) are merged one level deeper. Null is for {@link withoutNulls}.
 */
export function merged(body: JsonObject, extra: JsonObject, shared = SHARED_OBJECTS): JsonObject {
  if (isEmpty(extra)) return body;
  const fields = Object.entries(extra).map(([name, value]): [string, unknown] => {
    const before = body[name];
    const isShared = shared.has(name) && isJsonObject(before) && isJsonObject(value);
    return [name, isShared ? { ...before, ...value } : value];
  });
  return { ...body, ...Object.fromEntries(fields) };
}

/** The body without the fields that are null in `extra`, which is how a field is removed. */
export function withoutNulls(body: JsonObject, extra: JsonObject): JsonObject {
  if (isEmpty(extra)) return body;
  const kept = Object.entries(body).filter(([name]) => extra[name] !== null);
  return Object.fromEntries(kept);
}

function isEmpty(fields: JsonObject): boolean {
  for (const _name in fields) return false;
  return true;
}

/** Objects of a request that the output limit may be in; the request itself is another. */
const LIMIT_OBJECTS = ['sampling_params', 'options', 'parameters'] as const;
/** What APIs call it. */
const LIMIT_NAMES = [
  ...['max_completion_tokens', 'max_tokens', 'max_output_tokens', 'max_new_tokens'],
  ...['num_predict', 'n_predict'],
] as const;

/** The number that limits the output of a request; undefined when there is none. A negative one is none. */
export function outputLimitOf(body: JsonObject): number | undefined {
  let limit = limitIn(body, undefined);
  for (const name of LIMIT_OBJECTS) {
    const place = body[name];
    if (isJsonObject(place)) limit = limitIn(place, limit);
  }
  return limit;
}

/** The largest of the limits in an object and one known before. */
function limitIn(place: JsonObject, known: number | undefined): number | undefined {
  let largest = known;
  for (const name of LIMIT_NAMES) {
    const limit = place[name];
    if (typeof limit === 'number' && limit >= 0) largest = Math.max(largest ?? 0, limit);
  }
  return largest;
}
