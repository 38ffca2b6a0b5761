import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rebuildReport } from '../../src/app/rebuild-report.ts';
import { createLog } from '../../src/core/log.ts';
import { RecordedRun } from './recorded-run.ts';

let run: RecordedRun;
beforeEach(() => {
  run = new RecordedRun();
});
afterEach(() => run.remove());

describe('a run log with a corrupt byte in its middle', () => {
  it('is reported up to there, and the report says so', async () => {
    run.writeHeader();
    run.start();
    run.sample(0);
    const soundBytes = readFileSync(run.logPath).length;
    for (let seq = 1; seq < 5; seq++) run.sample(seq);
    run.end();
    const bytes = readFileSync(run.logPath);
    bytes[soundBytes + 40]! ^= 1;
    writeFileSync(run.logPath, bytes);

    const lines: string[] = [];
    const { report } = await rebuildReport(
      run.path,
      createLog((line) => lines.push(line)),
    );
    expect(lines.join()).toContain(`is corrupt at byte ${soundBytes}`);
    expect(report.samples.issued).toBe(1);
    expect(report.own?.eventStream?.corruptBytes).toBe(bytes.length - soundBytes);
    expect(report.verdict.level).toBe('invalid');
    expect(report.verdict.findings.map(({ check }) => check)).toContain('run_log_corrupt');
  });
});
