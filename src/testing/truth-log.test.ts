import { expect, test } from 'vitest';
import { type RequestFacts, truthLine, TruthLog } from './truth-log.ts';

const ORIGIN_NS = 9_100_000_000_000_000_001n;
const facts: RequestFacts = {
  api: 'chat',
  stream: true,
  promptNumber: 5,
  promptTokens: 12,
  receivedNs: 100,
  plannedTokens: 3,
};

test('keeps what happened, on the absolute clock to the ns', () => {
  const log = new TruthLog(ORIGIN_NS, { requests: 4, tokenTimes: 10 });
  const entry = log.begin(facts);
  expect(log.record(0)).toMatchObject({ outcome: 'pending', firstTokenNs: null, endNs: null, tokenNs: [] });
  entry.tokens(1, 200);
  entry.tokens(2, 300, 280, 350);
  entry.end('ok', 200, 301, 310);
  expect(log.record(0)).toEqual({
    index: 0,
    api: 'chat',
    stream: true,
    status: 200,
    outcome: 'ok',
    promptNumber: 5,
    promptTokens: 12,
    outputTokens: 3,
    receivedNs: ORIGIN_NS + 100n,
    firstTokenNs: ORIGIN_NS + 200n,
    endNs: ORIGIN_NS + 301n,
    tokenNs: [ORIGIN_NS + 200n, ORIGIN_NS + 300n, ORIGIN_NS + 300n],
    tokenEarlierNs: [0, 20, 20],
    tokenLaterNs: [0, 50, 50],
    endLaterNs: 9,
  });
});

test('streams that overlap keep their tokens apart', () => {
  const log = new TruthLog(0n, { requests: 4, tokenTimes: 10 });
  const first = log.begin(facts);
  const second = log.begin({ ...facts, plannedTokens: 2 });
  const whole = log.begin({ ...facts, stream: false });
  first.tokens(1, 1);
  second.tokens(1, 2);
  whole.tokens(3, 3);
  first.tokens(2, 4);
  second.tokens(1, 5);
  expect(log.record(0).tokenNs).toEqual([1n, 4n, 4n]);
  expect(log.record(1).tokenNs).toEqual([2n, 5n]);
  expect(log.record(2)).toMatchObject({ tokenNs: null, outputTokens: 3, firstTokenNs: 3n });
});

test('counts what it has no room for', () => {
  const log = new TruthLog(0n, { requests: 2, tokenTimes: 5 });
  for (let request = 0; request < 4; request++) {
    const entry = log.begin(facts);
    entry.tokens(3, 10 + request);
    entry.end('ok', 200, 20 + request);
  }
  expect([log.count, log.dropped]).toEqual([2, 2]);
  expect(log.record(0).tokenNs).toEqual([10n, 10n, 10n]);
  expect(log.record(1)).toMatchObject({ outputTokens: 3, firstTokenNs: 11n, endNs: 21n, tokenNs: null });
});

test('a request begun before a clear leaves no mark behind it', () => {
  const log = new TruthLog(0n, { requests: 2, tokenTimes: 6 });
  const old = log.begin(facts);
  log.clear();
  expect([log.count, log.dropped]).toEqual([0, 0]);
  log.begin(facts);
  old.tokens(1, 7);
  old.end('ok', 200, 8);
  expect(log.record(0)).toMatchObject({ outcome: 'pending', outputTokens: 0, endNs: null });
});

test('a line holds times as decimal texts', () => {
  const log = new TruthLog(ORIGIN_NS, { requests: 1, tokenTimes: 6 });
  log.begin({ ...facts, promptNumber: null }).tokens(1, 200);
  const line = truthLine(log.record(0), true);
  expect(line.endsWith('}\n')).toBe(true);
  expect(JSON.parse(line)).toMatchObject({
    received_ns: '9100000000000000101',
    first_token_ns: '9100000000000000201',
    end_ns: null,
    prompt_number: null,
    token_ns: ['9100000000000000201'],
  });
  expect(truthLine(log.record(0), false)).not.toContain('token_ns":[');
});
