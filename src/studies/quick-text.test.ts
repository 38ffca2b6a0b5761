import { expect, it } from 'vitest';
import { quickText } from './quick-text.ts';
import type { CellResult } from './study-result.ts';

const FACTS = { server: 'h:1 is vLLM 1.0 and serves m.', machine: 'this machine has 8 cores' };

/** A run with so many users, its throughput, and whether TTFT and TPOT kept their limits. */
function run(users: number, rate: number, ttftHolds = true, tpotHolds = true): CellResult {
  return {
    cell: { id: `c${users}`, values: [String(users)], repeat: 1 },
    ...{ state: 'done', startedAt: null, verdict: 'valid', backlogGrows: null, server: null, reason: null },
    slos: [
      { slo: 'ttft p90 < 1 s', outcome: 'undecided', holds: ttftHolds },
      { slo: 'tpot p90 < 100 ms', outcome: 'undecided', holds: tpotHolds },
    ],
    figures: {
      output_tokens_per_second: { value: rate, low: rate * 0.98, high: rate * 1.02 },
      ttft_p50_ns: { value: 60e6, low: null, high: null },
      tpot_p50_ns: { value: 10e6, low: null, high: null },
    },
  };
}

it('answers in five sentences', () => {
  const lines = quickText([run(1, 90), run(2, 180), run(4, 350, false)], FACTS);
  expect(lines).toHaveLength(5);
  expect(lines[0]).toBe(FACTS.server);
  expect(lines[1]).toBe('A single user gets the first token after 60.0 ms, then 100 tokens/s (medians).');
  expect(lines[2]).toBe(
    'It carries 2 users at a time within the default SLOs (ttft p90 < 1 s, tpot p90 < 100 ms), and not 4.',
  );
  expect(lines[3]).toBe(
    'At 4 users the limit is the time to the first token (ttft p90 < 1 s): requests wait for their turn; its throughput peaked at 350 output tokens/s with 4 in flight.',
  );
  expect(lines[4]).toContain('known to about ±2.00 %; the client kept up, and this machine has 8 cores');
});

it.each<[string, readonly CellResult[], number, string]>([
  ['nobody', [run(1, 9, true, false)], 2, 'It does not carry a single user within the default SLOs'],
  ['all', [run(1, 90), run(2, 180)], 3, 'Nothing limited it at the loads that were tried'],
  [
    'a full server',
    [run(1, 90), run(2, 100), run(4, 100)],
    3,
    'It is full at about 2 users: more add no throughput',
  ],
  ['slow output', [run(1, 90), run(2, 95, true, false)], 3, 'the speed of the output (tpot p90 < 100 ms)'],
])('tells %s', (_what, results, line, text) => expect(quickText(results, FACTS)[line]).toContain(text));

it('has no answer without a run, but the name of the server', () => {
  expect(quickText([], FACTS)).toEqual([FACTS.server]);
});
