import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CalibratedCell } from '../../../src/report/error-bound.ts';
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

const CELL: CalibratedCell = {
  load: { requestsPerSecond: 125, streams: 250, chunksPerSecond: 25_000 },
  workers: 1,
  calibratedAt: '2026-11-24T12:00:00.000Z',
  ttft: { count: 625, biasNs: 41_200, p50Ns: 41_200, p99Ns: 302_000, maxNs: 910_000 },
  chunkGap: { count: 124_000, biasNs: 12, p50Ns: 8_300, p99Ns: 190_000, maxNs: 1_200_000 },
  latency: { count: 623, biasNs: 39_700, p50Ns: 39_700, p99Ns: 288_000, maxNs: 870_000 },
};

const RUNS: readonly (readonly [name: string, run: MadeUpRun, options: ReportOptions])[] = [
  [
    'healthy',
    HEALTHY,
    {
      ...OPTIONS,
      calibration: [CELL],
      runConfig: {
        endpoints: ['http://localhost:8000'],
        model: 'tiny',
        load: { pattern: 'poisson', rate_per_second: 50 },
        stop: { samples: 3000 },
        client: { workers: 'auto', tls_verify: true },
      },
    },
  ],
  ['troubled', TROUBLED, { ...OPTIONS, stoppedEarly: true, calibration: [] }],
  ['broken', BROKEN, { ...OPTIONS, source: 'replay of the run log', gitSha: '0123abc' }],
];

describe.each(RUNS)('%s', (name, run, options) => {
  const report = reportFromSnapshot(snapshotOf(run), options);

  it('a summary for 60 columns, without broken words', () => {
    const words = (width: number) => terminalSummary(report, { width }).join('\n').split(/\s+/);
    for (const line of terminalSummary(report, { width: 60 })) expect(line.length, line).toBeLessThanOrEqual(60);
    // What an error said is cut to the room there is.
    const whole = words(60).filter((word) => !word.endsWith('…'));
    expect(whole.filter((word) => !words(400).includes(word))).toEqual([]);
  });

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
