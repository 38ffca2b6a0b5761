import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DifferenceJudgement, MetricDifference } from './simultaneous-intervals.ts';
import type { ComparedRun } from './comparison-report.ts';
import type { MetricKey } from './resample.ts';
import { comparisonText } from './text.ts';

const BASELINE: ComparedRun = {
  ...{ letter: 'A', path: 'runs/a', runId: 'a', startedAt: '2026-11-26T11:07:42.186Z', verdict: 'valid' },
  ...{ sampleCount: 1957, durationS: 22, blockS: 2, blockCount: 11 },
};

const KEYS: readonly MetricKey[] = [
  'response_latency_ns.p99.9',
  'chunk_gap_ns.p50',
  'tpot_ns.p90',
  'output_tokens_per_second',
  'samples_per_second',
  'error_share',
];

it('sets off the thousands of samples, as everywhere', () => {
  const report = { version: '0.1.0', margin: 0.03, confidence: 0.95, baseline: BASELINE, pairs: [] };
  expect(comparisonText(report)).toMatch(/^A \(baseline\) +1,957 {2}22\.0 s/m);
});

it('fits 80 columns, whatever is compared', () => {
  const judgements = fc.constantFrom<DifferenceJudgement>(
    ...(['worse', 'slightly_worse', 'indistinct', 'equivalent', 'slightly_better', 'better'] as const),
  );
  const difference = fc
    .tuple(fc.constantFrom(...KEYS), fc.double({ min: 0.001, max: 1, noNaN: true }), fc.nat(12))
    .chain(([key, share, power]) => differenceOf(key, share, power));
  const differenceOf = (key: MetricKey, share: number, power: number) => {
    const most =
      key === 'error_share' ? 1 : key.includes('_ns') ? 10 ** (power + 1) : 10 ** Math.min(6, power);
    return fc.record<MetricDifference>({
      key: fc.constant(key),
      baseline: fc.constant(share * most),
      value: fc.constantFrom(0, most, share * most),
      difference: fc.double({ min: -1, max: 2000, noNaN: true }),
      low: fc.double({ min: -1, max: 2000, noNaN: true }),
      high: fc.double({ min: -1, max: 2000, noNaN: true }),
      atWorst: fc.constant(0),
      judgement: judgements,
    });
  };
  const path = fc.string({ minLength: 1, maxLength: 150, unit: fc.constantFrom('a', '/', ' ', 'é') });
  const setting = fc.record({ path, baseline: path, value: fc.option(path, { nil: undefined }) });
  fc.assert(
    fc.property(
      fc.array(difference, { minLength: 1, maxLength: 8 }),
      judgements,
      path,
      fc.array(setting, { maxLength: 3 }),
      fc.boolean(),
      (differences, judgement, runPath, settingDifferences, tooShort) => {
        const text = comparisonText({
          ...{ version: '0.1.0', margin: 0.0333, confidence: 0.999, baseline: BASELINE },
          pairs: [
            {
              run: { ...BASELINE, letter: 'B', path: runPath, sampleCount: 12_345_678, verdict: 'invalid' },
              comparison: { differences, judgement, blockCount: 3, tooShort },
              settingDifferences,
            },
          ],
        });
        for (const line of text.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
      },
    ),
  );
});
