import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/core/errors.ts';
import { Workbench } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

it('ends a run when too many fail, drains, and tells why', async () => {
  const url = await bench.mock('--ttft', 'fixed:20', '--output-tokens', 'fixed:2', '--fail', 'status:503=1');
  const more = ['--rate', '50', '--duration', '60s', '--abort', 'errors > 50% for 1s'];
  const run = await bench.start(bench.runArgs(url, 10, ...more)).finished;
  expect(run.code, run.stderr).toBe(EXIT_CODES.interrupted);
  const reason = /errors > 50 % for 1 s: 100 % of \d+ samples failed/;
  expect(run.stderr).toMatch(reason);
  const { outcome } = bench.json<{ readonly outcome: Readonly<Record<string, unknown>> }>('run/run.json');
  expect(outcome).toMatchObject({
    state: 'stopped_early',
    end_reason: expect.stringMatching(reason) as string,
  });
  const { samples } = bench.json<{ readonly samples: Readonly<Record<string, number>> }>(
    'run/performance/result_summary.json',
  );
  expect(samples).toMatchObject({ succeeded: 0, cancelled: 0, in_flight: 0 });
  expect(samples.errored).toBeGreaterThan(20);
  const text = (report: string) => report.replaceAll(/\s+/g, ' ');
  const told = new RegExp(`the run was stopped before its plan was done: ${reason.source}`);
  expect(text(readFileSync(bench.file('run/report.txt'), 'utf8'))).toMatch(told);
  // The log alone tells it, too.
  expect(text((await bench.start(['report', '--full', bench.file('run')]).finished).stdout)).toMatch(told);
});

it('does not end a run whose limit is kept', async () => {
  const url = await bench.mock('--ttft', 'fixed:20', '--output-tokens', 'fixed:2');
  const more = [
    '--rate',
    '40',
    '--duration',
    '2s',
    '--abort',
    'errors > 50% for 1s',
    '--abort',
    'in flight > 500',
  ];
  const run = await bench.start([...bench.runArgs(url, 10, ...more), '--out', bench.file('kept')]).finished;
  expect([EXIT_CODES.ok, EXIT_CODES.result], run.stderr).toContain(run.code);
});

it('ends a run when nothing comes back for --idle-timeout, cancels what is in flight and keeps the rest', async () => {
  const idle = new Workbench();
  try {
    // Every fifth response stops halfway for good: after a while all connections hang.
    const url = await idle.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:4', '--fail', 'stall=0.2');
    const more = ['--concurrency', '3', '--duration', '60s', '--idle-timeout', '1s'];
    const run = await idle.start(idle.runArgs(url, 10, ...more)).finished;
    expect(run.code, run.stderr).toBe(EXIT_CODES.interrupted);
    const reason = 'no response for 1 s with 3 requests in flight';
    expect(run.stderr).toContain(`ending the run: ${reason}`);
    const { outcome } = idle.json<{ readonly outcome: Readonly<Record<string, unknown>> }>('run/run.json');
    expect(outcome).toMatchObject({ state: 'stopped_early', end_reason: reason });
    const { samples } = idle.json<{ readonly samples: Readonly<Record<string, number>> }>(
      'run/performance/result_summary.json',
    );
    expect(samples).toMatchObject({ errored: 0, cancelled: 3, in_flight: 0 });
    expect(samples.succeeded).toBeGreaterThan(0);
    expect(readFileSync(idle.file('run/report.txt'), 'utf8').replaceAll(/\s+/g, ' ')).toContain(reason);
  } finally {
    await idle.end();
  }
});

it.each(['1', '2'])('does not take a slow stream for an idle one over HTTP/%s', async (http) => {
  const slow = new Workbench();
  try {
    const url = await slow.mock(
      '--ttft',
      'fixed:600',
      '--inter-token',
      'fixed:600',
      '--output-tokens',
      'fixed:4',
    );
    const more = ['--concurrency', '1', '--samples', '1', '--idle-timeout', '1s', '--http', http];
    const run = await slow.start(slow.runArgs(url, 10, ...more)).finished;
    expect([EXIT_CODES.ok, EXIT_CODES.result], run.stderr).toContain(run.code);
    const { samples } = slow.json<{ readonly samples: Readonly<Record<string, number>> }>(
      'run/performance/result_summary.json',
    );
    expect(samples).toMatchObject({ succeeded: 1, cancelled: 0 });
  } finally {
    await slow.end();
  }
});
