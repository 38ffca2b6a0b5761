import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rebuildReport } from '../../src/app/reports/rebuild-report.ts';
import { createLog } from '../../src/core/log.ts';
import { RecordedRun } from './recorded-run.ts';

let run: RecordedRun;
beforeEach(() => {
  run = new RecordedRun();
});
afterEach(() => run.remove());

describe('a run log with a corrupt byte in its middle', () => {
  it('is reported without what is broken, and the report says so', async () => {
    run.writeHeader();
    run.start();
    run.sample(0);
    const soundBytes = readFileSync(run.logPath).length;
    const broken = run.sample(1).bytes.length;
    for (let seq = 2; seq < 5; seq++) run.sample(seq);
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
    expect(report.samples.issued).toBe(4);
    expect(report.own?.eventStream).toMatchObject({ corruptBytes: broken, lostFrames: 1 });
    expect(report.verdict.level).toBe('invalid');
    const checks = report.verdict.findings.map(({ check }) => check);
    expect(checks).toEqual(expect.arrayContaining(['frames_lost', 'run_log_corrupt']));
  });
});
