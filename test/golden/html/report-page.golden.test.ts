import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { distributionCharts } from '../../../src/charts/distribution-charts.ts';
import { LIGHT_THEME } from '../../../src/charts/theme.ts';
import { timeCharts } from '../../../src/charts/time-charts.ts';
import { madeUpDistributions, MADE_UP_MARKS, madeUpHistory } from '../../charts/made-up-history.ts';
import { madeUpPage } from '../../html/made-up-page.ts';

/** `UPDATE_GOLDEN=1` writes what is found instead of comparing it: look at the difference before you commit it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

const RUNS = [1, 2].map((seed) => ({
  name: `run ${seed}`,
  history: madeUpHistory({ bins: 5, ratePerSecond: 10 * seed, ttftMs: 60, seed, marks: MADE_UP_MARKS.slice(0, 2) }),
  distributions: { ttft_ns: madeUpDistributions(60, 40, seed).ttft_ns! },
}));

test('the page around its drawings', () => {
  const paint = () => '<svg viewBox="0 0 4 3"></svg>';
  expectGolden('report.html', madeUpPage(paint, { bins: 4 }));
});

test.each([
  ['one run', RUNS.slice(0, 1)],
  ['two runs', RUNS],
])('the charts of %s', (name, runs) => {
  const charts = [...timeCharts(runs, LIGHT_THEME), ...distributionCharts(runs, LIGHT_THEME)];
  const shown = charts.filter(({ id }) => ['arrivals', 'ttft', 'histogram-ttft', 'percentiles-ttft'].includes(id));
  expectGolden(`${name.replace(' ', '-')}.charts.json`, `${JSON.stringify(shown, null, 1)}\n`);
});

function expectGolden(file: string, found: string): void {
  const path = join(import.meta.dirname, file);
  if (UPDATE) writeFileSync(path, found);
  expect(found).toBe(readFileSync(path, 'utf8'));
}
