import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENTRY, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

const MOCK = ['--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--output-tokens', 'fixed:20'];
/** Room for the first second of the run. */
const LOG_KIB = 300;

interface Summary {
  readonly verdict: { readonly level: string; readonly findings: readonly { readonly check: string }[] };
}

/** Runs into `place` until its log has no more room; then the report, as the run left it and as it is rebuilt. */
async function runAndReport(place: string, before?: string) {
  const url = await bench.mock(...MOCK);
  const args = ['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(20), '--quiet'];
  const load = ['--pattern', 'constant', '--rate', '400', '--duration', '5s', '--out', place];
  const run = bench.startBehind(before, [...args, ...load]);
  const { code, stderr } = await run.finished;
  const { outcome } = JSON.parse(readFileSync(join(place, 'run.json'), 'utf8')) as {
    outcome: { state: string; verdict: string; frames: number };
  };
  const report = spawnSync(process.execPath, [ENTRY, 'report', place, '--json'], { encoding: 'utf8' });
  return { code, stderr, outcome, report: JSON.parse(report.stdout) as Summary };
}

function expectAgreement({ code, stderr, outcome, report }: Awaited<ReturnType<typeof runAndReport>>): void {
  expect(stderr).toContain('cannot write the run log');
  expect(code).toBe(4);
  expect(outcome).toMatchObject({ verdict: 'invalid' });
  expect(report.verdict.level).toBe('invalid');
  expect(report.verdict.findings.map(({ check }) => check)).toContain('frames_lost');
}

describe('a run whose log has no more room', () => {
  it('is invalid, and its report agrees', async () => {
    expectAgreement(await runAndReport(bench.file('run'), `ulimit -f ${LOG_KIB}`));
  });

  // Only root may make a small disk.
  it.skipIf(process.getuid?.() !== 0)('also where nothing else has room either', async ({ skip }) => {
    const disk = bench.file('disk');
    mkdirSync(disk);
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${LOG_KIB}k`, 'none', disk]);
    if (status !== 0) skip('no disk can be mounted here');
    try {
      expectAgreement(await runAndReport(join(disk, 'run')));
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});
