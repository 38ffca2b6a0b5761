import { SAMPLE_OUTCOMES, type SampleOutcome } from '../events/sample-columns.ts';
import { REQUEST_SORTS, type RequestQuery, type RequestSort } from './request-table.ts';

/** Rows in one answer. */
export const MOST_ROWS = 500;
const MOST_SEARCH_CHARACTERS = 200;

/** A parameter that can't be what it is; the message says what is allowed. */
export class QueryError extends Error {}

/** What the parameters of an address ask for. Throws {@link QueryError}. */
export function readRequestQuery(of: URLSearchParams): RequestQuery {
  const sort = of.get('sort') ?? REQUEST_SORTS[0];
  if (!isOneOf(REQUEST_SORTS, sort)) throw wrong('sort', `one of ${REQUEST_SORTS.join(', ')}`, sort);
  const order = of.get('order') ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw wrong('order', 'asc or desc', order);
  const outcome = of.get('outcome');
  if (outcome !== null && !isOneOf(SAMPLE_OUTCOMES, outcome))
    throw wrong('outcome', `one of ${SAMPLE_OUTCOMES.join(', ')}`, outcome);
  const search = of.get('search') ?? '';
  if (search.length > MOST_SEARCH_CHARACTERS)
    throw wrong('search', `at most ${MOST_SEARCH_CHARACTERS} characters`, `${search.slice(0, 20)}…`);
  return {
    sort,
    isDescending: order === 'desc',
    ...given('outcome', outcome),
    ...given('endpoint', of.get('endpoint')),
    ...given('model', of.get('model')),
    ...given('error', of.get('error')),
    ...given('conversation', wholeNumber(of, 'conversation')),
    ...given('turn', wholeNumber(of, 'turn')),
    ...given('minLatencyMs', number(of, 'min_latency_ms')),
    ...given('maxLatencyMs', number(of, 'max_latency_ms')),
    ...given('search', search.trim() === '' ? null : search.trim()),
  };
}

/** The reverse: parameters that are read as `query`, without those that are as by default. */
export function requestQueryParams(query: RequestQuery): URLSearchParams {
  const params = new URLSearchParams();
  const entries: readonly (readonly [string, string | number | undefined])[] = [
    ['sort', query.sort === REQUEST_SORTS[0] ? undefined : query.sort],
    ['order', query.isDescending ? 'desc' : undefined],
    ['outcome', query.outcome],
    ['endpoint', query.endpoint],
    ['model', query.model],
    ['error', query.error],
    ['conversation', query.conversation],
    ['turn', query.turn],
    ['min_latency_ms', query.minLatencyMs],
    ['max_latency_ms', query.maxLatencyMs],
    ['search', query.search],
  ];
  for (const [name, value] of entries) if (value !== undefined) params.set(name, String(value));
  return params;
}

/** A whole number from 0, such as an offset. Throws {@link QueryError}. */
export function wholeNumber(of: URLSearchParams, name: string): number | null {
  const text = of.get(name);
  if (text === null) return null;
  if (!/^\d{1,10}$/.test(text)) throw wrong(name, 'a whole number from 0', text);
  return Number(text);
}

function number(of: URLSearchParams, name: string): number | null {
  const text = of.get(name);
  if (text === null) return null;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw wrong(name, 'a number from 0', text);
  return value;
}

function given<K extends keyof RequestQuery>(key: K, value: RequestQuery[K] | null): Partial<RequestQuery> {
  return value === null || value === undefined ? {} : { [key]: value };
}

function isOneOf<T extends RequestSort | SampleOutcome>(list: readonly T[], text: string): text is T {
  return (list as readonly string[]).includes(text);
}

function wrong(name: string, allowed: string, found: string): QueryError {
  return new QueryError(`${name} must be ${allowed} (got "${found.slice(0, 100)}")`);
}
