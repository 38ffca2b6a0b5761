import { setImmediate } from 'node:timers/promises';
import { NS_PER_MS } from '../../../core/time.ts';
import { sampleSeqOfUuid } from '../../../core/ids.ts';
import { SAMPLE_OUTCOMES } from '../../../events/sample-columns.ts';
import type { RequestQuery, RequestSort } from '../../../web/request-table.ts';
import { UNKNOWN } from './request-columns.ts';
import type { RequestIndex } from './request-index.ts';
import { descendingKey, floatKey, LAST_KEY, ROWS_A_TURN, sortByKeys } from './radix-order.ts';

type Test = (position: number) => boolean;
type KeyOf = (position: number) => number;

/** The positions of the requests that a query finds, in its order. Takes turns with others: see {@link ROWS_A_TURN}. */
export async function orderedPositions(index: RequestIndex, query: RequestQuery): Promise<Uint32Array> {
  const found = await matching(index, testsOf(index, query));
  if (query.sort === 'issued') return query.isDescending ? found.reverse() : found;
  const key = keyOf(index, query.sort);
  return sortByKeys(found, query.isDescending ? (position) => descendingKey(key(position)) : key);
}

async function matching({ columns }: RequestIndex, tests: readonly Test[]): Promise<Uint32Array> {
  const found = new Uint32Array(columns.count);
  let count = 0;
  for (let i = 0; i < columns.count; i++) {
    if (tests.every((test) => test(i))) found[count++] = i;
    if (i % ROWS_A_TURN === 0) await setImmediate();
  }
  return count === found.length ? found : found.slice(0, count);
}

function testsOf(index: RequestIndex, query: RequestQuery): readonly Test[] {
  const { columns } = index;
  const { outcome, endpoint, model, error, conversation, turn, minLatencyMs, maxLatencyMs, search } = query;
  const tests: Test[] = [];
  if (outcome !== undefined) {
    const code = SAMPLE_OUTCOMES.indexOf(outcome);
    tests.push((i) => columns.outcomes[i] === code);
  }
  for (const [dimension, value] of [
    ['endpoint', endpoint],
    ['model', model],
  ] as const) {
    if (value === undefined) continue;
    const isOf = byCode((code) => index.groupValue(dimension, code) === value);
    tests.push((i) => isOf(columns.groups[i]!));
  }
  if (error !== undefined) {
    const code = index.texts().indexOf(error);
    tests.push((i) => columns.errorTypes[i] === code);
  }
  if (conversation !== undefined) tests.push((i) => columns.conversations[i] === conversation);
  if (turn !== undefined) tests.push((i) => columns.turns[i] === turn);
  if (minLatencyMs !== undefined) tests.push((i) => columns.latencyNs[i]! >= minLatencyMs * NS_PER_MS);
  if (maxLatencyMs !== undefined) tests.push((i) => columns.latencyNs[i]! <= maxLatencyMs * NS_PER_MS);
  for (const word of search?.toLowerCase().split(/\s+/) ?? []) tests.push(wordTest(index, word));
  return tests;
}

/** Texts are few and codes many: each is looked at once. */
function byCode(isFine: (code: number) => boolean): (code: number) => boolean {
  const known = new Map<number, boolean>();
  return (code) => {
    const before = known.get(code);
    if (before !== undefined) return before;
    const now = isFine(code);
    known.set(code, now);
    return now;
  };
}

function wordTest(index: RequestIndex, word: string): Test {
  const { columns, header, conversationIds } = index;
  const number = /^#?(\d{1,10})$/.exec(word)?.[1];
  const seq = number === undefined ? sampleSeqOfUuid(header.run_id, word) : Number(number);
  const has = (text: string | null | undefined) => text?.toLowerCase().includes(word) === true;
  const isOutcome = byCode((code) => has(SAMPLE_OUTCOMES[code]));
  const isText = byCode((code) => has(index.texts()[code]));
  const isGroup = byCode((code) =>
    (header.groups ?? []).some(({ name }) => has(index.groupValue(name, code))),
  );
  const inConversations = new Set(
    [...conversationIds].filter(([, id]) => has(id)).map(([conversation]) => conversation),
  );
  return (i) =>
    columns.seqs[i] === seq ||
    isOutcome(columns.outcomes[i]!) ||
    isText(columns.errorTypes[i]!) ||
    isText(columns.finishReasons[i]!) ||
    isGroup(columns.groups[i]!) ||
    inConversations.has(columns.conversations[i]!);
}

function keyOf(index: RequestIndex, sort: Exclude<RequestSort, 'issued'>): KeyOf {
  const { columns } = index;
  switch (sort) {
    case 'seq':
      return whole(columns.seqs);
    case 'conversation':
      return whole(columns.conversations);
    case 'turn':
      return whole(columns.turns);
    case 'chunks':
      return whole(columns.chunks);
    case 'input_tokens':
      return whole(columns.inputTokens);
    case 'output_tokens':
      return whole(columns.outputTokens);
    case 'outcome':
      return (i) => columns.outcomes[i]!;
    case 'error':
      return ranked(columns.errorTypes, (code) => index.texts()[code] ?? null);
    case 'endpoint':
    case 'model':
      return ranked(columns.groups, (code) => index.groupValue(sort, code));
    case 'issue_delay':
      return (i) => floatKey(columns.issueDelayNs[i]!);
    case 'ttft':
      return (i) => floatKey(columns.ttftNs[i]!);
    case 'tpot':
      return (i) => floatKey(columns.tpotNs[i]!);
    case 'latency':
      return (i) => floatKey(columns.latencyNs[i]!);
  }
}

/** Whole numbers as they are; what is not known is last. */
function whole(column: Uint32Array): KeyOf {
  return (i) => (column[i] === UNKNOWN ? LAST_KEY : column[i]!);
}

/** Codes by the order of what they stand for. */
function ranked(codes: Uint16Array, textOf: (code: number) => string | null): KeyOf {
  const texts = new Map([...new Set(codes)].map((code) => [code, textOf(code)]));
  const order = [...new Set(texts.values())].filter((text) => text !== null).toSorted();
  const ranks = new Map(order.map((text, rank) => [text, rank]));
  const keys = new Map([...texts].map(([code, text]) => [code, text === null ? LAST_KEY : ranks.get(text)!]));
  return (i) => keys.get(codes[i]!)!;
}
