import { expect, it } from 'vitest';
import type { ComparedRun } from './comparison-report.ts';
import { comparisonText } from './text.ts';

it('sets off the thousands of samples, as everywhere', () => {
  const baseline: ComparedRun = {
    ...{ letter: 'A', path: 'runs/a', runId: 'a', startedAt: '2026-11-26T11:07:42.186Z', verdict: 'valid' },
    ...{ sampleCount: 1957, durationS: 22, blockS: 2, blockCount: 11 },
  };
  const text = comparisonText({ version: '0.1.0', margin: 0.03, confidence: 0.95, baseline, pairs: [] });
  expect(text).toMatch(/^A \(baseline\) +1,957 {2}22\.0 s/m);
});
