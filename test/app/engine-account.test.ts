import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rebuildReport } from '../../src/app/reports/rebuild-report.ts';
import { EventKind } from '../../src/core/event-types.ts';
import type { SampleSeq } from '../../src/core/ids.ts';
import { createLog } from '../../src/core/log.ts';
import { reportText } from '../../src/report/text.ts';
import { RecordedRun } from './recorded-run.ts';

let run: RecordedRun;
beforeEach(() => {
  run = new RecordedRun();
  run.writeHeader();
  run.start();
});
afterEach(() => run.remove());

/** Four samples were sent and one was given up, as their events tell. */
function writeEvents(): void {
  for (let seq = 0; seq < 4; seq++) run.sample(seq);
  run.write({ kind: EventKind.sampleNotSent, sampleSeq: 4 as SampleSeq });
}

async function reportOfRun() {
  return (
    await rebuildReport(
      run.path,
      createLog(() => undefined),
    )
  ).report;
}

describe("the engine's own count", () => {
  it('is what the events come to when none was lost', async () => {
    writeEvents();
    run.account({ sent: 4, notSent: 1 });
    run.end();
    const report = await reportOfRun();
    expect(report.samples).toMatchObject({ issued: 4, notSent: 1, missing: 0 });
    expect(report.verdict.findings.map(({ check }) => check)).not.toContain('samples_missing');
  });

  it.each([
    [
      { sent: 5, notSent: 1 },
      1,
      '1 sample never arrived in the metrics: the engine counted 6, and the metrics hold 5',
    ],
    [{ sent: 4, notSent: 0 }, -1, '1 sample is in the metrics twice'],
  ])('makes a run invalid that lacks samples or has them twice: %j', async (counts, missing, message) => {
    writeEvents();
    run.account(counts);
    run.end();
    const report = await reportOfRun();
    expect(report.samples).toMatchObject({ unaccounted: 0, missing });
    expect(report.verdict.level).toBe('invalid');
    expect(report.verdict.findings.map((finding) => finding.message).join()).toContain(message);
    expect(reportText(report)).toContain(`${missing} MISSING`);
  });

  it('is not known of a run that ended before its phase did, or that an earlier version recorded', async () => {
    writeEvents();
    expect((await reportOfRun()).samples.missing).toBeNull();
    run.end();
    expect((await reportOfRun()).samples.missing).toBeNull();
  });

  it('says that a phase ended for lack of numbers', async () => {
    writeEvents();
    run.account({ sent: 4, notSent: 1, endedBy: 'limit' });
    run.end();
    const { verdict } = await reportOfRun();
    expect(verdict.findings.find(({ check }) => check === 'sample_limit')?.message).toContain(
      '2,147,483,647 in a phase',
    );
  });
});
