import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resultSummaryText } from '../../../src/report/json.ts';
import { reportFromSnapshot, type ReportOptions } from '../../../src/report/report.ts';
import { terminalSummary } from '../../../src/report/terminal-summary.ts';
import { reportText } from '../../../src/report/text.ts';
import { BROKEN, HEALTHY, snapshotOf, TROUBLED, type MadeUpRun } from './snapshots.ts';

/** `UPDATE_GOLDEN=1` writes what is found instead of comparing it: look at the difference before you commit it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

const OPTIONS: ReportOptions = {
  version: '0.1.0',
  source: 'final snapshot file',
  useLegacyLoadgenQpsMetrics: false,
};

const RUNS: readonly (readonly [name: string, run: MadeUpRun, options: ReportOptions])[] = [
  [
    'healthy',
    HEALTHY,
    {
      ...OPTIONS,
      runConfig: {
        endpoints: ['http://localhost:8000'],
        model: 'tiny',
        load: { pattern: 'poisson', rate_per_second: 50 },
        stop: { samples: 3000 },
        client: { workers: 'auto', tls_verify: true },
      },
    },
  ],
  ['troubled', TROUBLED, { ...OPTIONS, stoppedEarly: true }],
  ['broken', BROKEN, { ...OPTIONS, source: 'replay of the run log', gitSha: '0123abc' }],
];

describe.each(RUNS)('%s', (name, run, options) => {
  const report = reportFromSnapshot(snapshotOf(run), options);

  it('report.txt', () => expectGolden(`${name}.report.txt`, reportText(report)));
  it('result_summary.json', () => expectGolden(`${name}.result_summary.json`, resultSummaryText(report)));
  it('terminal summary', () =>
    expectGolden(`${name}.terminal.txt`, `${terminalSummary(report).join('\n')}\n`));
});

function expectGolden(file: string, found: string): void {
  const path = join(import.meta.dirname, file);
  if (UPDATE) writeFileSync(path, found);
  expect(found).toBe(readFileSync(path, 'utf8'));
}
