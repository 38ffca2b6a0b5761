import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENTRY } from '../process/program.ts';
import { recordMessage, ServiceBench } from './service-bench.ts';

let bench: ServiceBench;
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(() => bench.end());

/** Room for a tenth of the samples. */
const LOG_KIB = 300;
const SAMPLES = 2000;

interface Summary {
  readonly verdict: { readonly level: string; readonly findings: readonly { readonly check: string }[] };
  readonly samples: { readonly issued: number };
}

function sample(number: number): readonly Uint8Array[] {
  const uuid = number.toString(16).padStart(32, '0');
  const atNs = 1e12 + number * 1000;
  const data = ['PromptData', 'x'.repeat(1000), null, null, null, null, null, null];
  return [
    recordMessage('sample.issued', atNs, uuid, { data }),
    recordMessage('sample.complete', atNs + 500, uuid),
  ];
}

/** Aggregates into `place` until its log has no more room; the report as it was printed, and as it is rebuilt. */
async function aggregateInto(place: string, before?: string) {
  const player = await bench.bindPlayer();
  const program = bench.startBehind(before, ['aggregate', '--connect', player.address, '--out', place]);
  await player.waitForSubscriber();
  await player.play([
    recordMessage('session.started', 1e12),
    recordMessage('session.start_performance_tracking', 1e12),
  ]);
  for (let number = 0; number < SAMPLES; number++) await player.play(sample(number));
  const finished = await program.finished;
  const report = spawnSync(process.execPath, [ENTRY, 'report', place, '--json'], { encoding: 'utf8' });
  return { ...finished, report: JSON.parse(report.stdout) as Summary };
}

function expectAgreement({ code, stderr, stdout, report }: Awaited<ReturnType<typeof aggregateInto>>): void {
  expect(stderr).toMatch(/cannot write the run log .*; the aggregation ends here/);
  expect(code).toBe(4);
  expect(stdout).toContain('INVALID');
  expect(stdout).toMatch(/\d+ event frames? lost/);
  expect(report.verdict.level).toBe('invalid');
  expect(report.verdict.findings.map(({ check }) => check)).toContain('frames_lost');
  const [, issued] = /Samples +([\d,]+) issued/.exec(stdout)!;
  expect(report.samples.issued).toBe(Number(issued!.replaceAll(',', '')));
  expect(report.samples.issued).toBeLessThan(SAMPLES);
}

describe('an aggregation whose log has no more room', () => {
  it('says so and ends, and its report agrees', async () => {
    expectAgreement(await aggregateInto(bench.file('run'), `ulimit -f ${LOG_KIB}`));
    expect(bench.outcomeState()).toBe('failed');
  });

  // Only root may make a small disk.
  it.skipIf(process.getuid?.() !== 0)('also where nothing else has room either', async ({ skip }) => {
    const disk = bench.file('disk');
    mkdirSync(disk);
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${LOG_KIB}k`, 'none', disk]);
    if (status !== 0) skip('no disk can be mounted here');
    try {
      expectAgreement(await aggregateInto(join(disk, 'run')));
      expect(bench.outcomeState('disk/run')).toBe('failed');
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});
