import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runBenchmark } from '../../src/app/run/run-benchmark.ts';
import { markOfFrame } from '../../src/app/run-folder/run-marks.ts';
import { type RunConfigInput, runConfigSchema } from '../../src/config/schema.ts';
import { createLog } from '../../src/core/log.ts';
import type { RunHistory, RunMark } from '../../src/core/run-history.ts';
import { decodeBatch } from '../../src/events/columnar-codec.ts';
import type { RunControls } from '../../src/live/run-controls.ts';
import { readFrames } from '../../src/runlog/read.ts';
import { FrameKind } from '../../src/transport/frame.ts';
import { waitFor, WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

interface Summary {
  readonly samples: Readonly<Record<string, number>>;
  readonly requested_rate_per_second: number | null;
  readonly steering: Readonly<Record<string, unknown>> | null;
  readonly verdict: { readonly findings: readonly { readonly check: string; readonly level: string }[] };
}

type Settings = Pick<RunConfigInput, 'load' | 'stop' | 'client'>;

/** A run of this process against a mock server of another one, and what steers it. */
class SteeredRun {
  readonly lines: string[] = [];
  readonly exitCode: Promise<number>;
  readonly #started = Promise.withResolvers<RunControls>();
  #issued = 0;

  constructor(url: string, settings: Settings) {
    const config = runConfigSchema.parse({
      ...{ endpoints: [url], model: 'm', dataset: bench.dataset(20), events_jsonl: 'off' },
      ...settings,
    });
    this.exitCode = runBenchmark(config, {
      outPath: bench.file('run'),
      screen: {
        log: createLog((line) => this.lines.push(line)),
        isInteractive: false,
        started: (_path, controls) => this.#started.resolve(controls!),
        phase: () => undefined,
        snapshot: ({ metrics }) => {
          const issued = metrics.find(({ name }) => name === 'tracked_samples_issued');
          if (issued?.type === 'counter') this.#issued = Number(issued.value);
        },
        step: () => undefined,
        finished: () => undefined,
        close: () => undefined,
      },
    });
  }

  get controls(): Promise<RunControls> {
    return this.#started.promise;
  }

  /** Samples the latest live snapshot knew of. */
  get issued(): number {
    return this.#issued;
  }

  summary(): Summary {
    return bench.json<Summary>('run/performance/result_summary.json');
  }

  findings(): readonly string[] {
    return this.summary().verdict.findings.map(({ check, level }) => `${check} ${level}`);
  }
}

async function marks(): Promise<readonly RunMark[]> {
  const found: RunMark[] = [];
  for await (const frame of readFrames(bench.file('run/run.log'))) {
    const mark = markOfFrame(frame);
    if (mark !== undefined) found.push(mark);
  }
  return found;
}

/** Whether the log has events of an engine worker. */
async function hasSentAny(): Promise<boolean> {
  for await (const { kind, body } of readFrames(bench.file('run/run.log'))) {
    if (kind === FrameKind.events && decodeBatch(body).workerId >= 0) return true;
  }
  return false;
}

const quickMock = () =>
  bench.mock('--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--output-tokens', 'fixed:3');

describe('a run that is steered', () => {
  it('has another rate, a pause and a note in its log, its history and its report', async () => {
    const run = new SteeredRun(await quickMock(), {
      load: { pattern: 'constant', rate_per_second: 1 },
      stop: { samples: 400 },
    });
    const controls = await run.controls;
    await waitFor(() => controls.setRate(200), 'phase to steer');
    expect(controls.state).toEqual({
      isPaused: false,
      isStopping: false,
      ratePerSecond: 200,
      concurrency: null,
    });
    expect(controls.setConcurrency(4)).toBe(false);
    await waitFor(() => run.issued > 20, 'samples at the new rate');
    expect(controls.pause()).toBe(true);
    expect(controls.pause()).toBe(false);
    expect(controls.note('  the server was restarted ')).toBe(true);
    expect(controls.note(' ')).toBe(false);
    await waitFor(() => controls.state.isPaused, 'pause');
    expect(controls.resume()).toBe(true);
    expect(WENT_THROUGH).toContain(await run.exitCode);
    expect(controls.pause()).toBe(false);
    expect(controls.note('too late')).toBe(false);

    const logged = await marks();
    expect(logged.map(({ kind, value, text }) => [kind, value, text])).toEqual([
      ['phase', null, 'performance'],
      ['rate', 200, ''],
      ['pause', null, ''],
      ['note', null, 'the server was restarted'],
      ['resume', null, ''],
    ]);
    const [, , pause, , resume] = logged;
    const summary = run.summary();
    expect(summary.samples).toMatchObject({ issued: 400, in_flight: 0, unaccounted: 0 });
    expect(summary.requested_rate_per_second).toBe(1);
    expect(summary.steering).toEqual({
      ...{ rates_per_second: [200], concurrencies: [], pauses: 1 },
      paused_ns: resume!.at_ns - pause!.at_ns,
    });
    expect(run.findings()).toContain('steered degraded');
    expect(run.findings().join()).not.toContain('rate_achieved');
    const snapshot = bench.json<{ extras: { history: RunHistory } }>('run/metrics/final_snapshot.json');
    expect([...snapshot.extras.history.marks].map(({ kind }) => kind).sort()).toEqual(
      logged.map(({ kind }) => kind).sort(),
    );
    expect(readFileSync(bench.file('run/report.txt'), 'utf8')).toContain(
      'Steered: the rate was changed by hand to 200/s, issuing was paused for',
    );
  });

  it('and only paused has numbers that stand', async () => {
    const run = new SteeredRun(await quickMock(), {
      load: { pattern: 'concurrency', concurrency: 2 },
      stop: { duration_ms: 1500 },
    });
    const controls = await run.controls;
    await waitFor(() => controls.pause(), 'phase to steer');
    await waitFor(() => controls.state.isPaused, 'pause');
    expect(controls.resume()).toBe(true);
    expect(WENT_THROUGH).toContain(await run.exitCode);
    expect(run.findings()).toContain('steered note');
    expect(run.summary().samples).toMatchObject({ in_flight: 0, unaccounted: 0 });
  });

  it('goes up to the connections there are, and ends by a stop', async () => {
    const run = new SteeredRun(await bench.mock('--ttft', 'fixed:40'), {
      load: { pattern: 'concurrency', concurrency: 2 },
      client: { max_connections: 6 },
      stop: { duration_ms: 60_000 },
    });
    const controls = await run.controls;
    await waitFor(() => controls.setConcurrency(6), 'phase to steer');
    expect(controls.setConcurrency(7)).toBe(false);
    expect(controls.setRate(10)).toBe(false);
    await waitFor(() => run.issued > 12, 'samples');
    expect(controls.stop()).toBe(true);
    expect(controls.stop()).toBe(false);
    expect(controls.state.isStopping).toBe(true);
    expect(controls.resume()).toBe(false);
    expect(controls.cancel()).toBe(true);
    expect(controls.cancel()).toBe(false);
    expect(await run.exitCode).toBe(130);
    expect((await marks()).map(({ kind }) => kind)).toEqual(['phase', 'concurrency', 'stop', 'cancel']);
    expect(run.findings()).toEqual(expect.arrayContaining(['steered degraded', 'stopped_early degraded']));
    expect(run.summary().samples).toMatchObject({ in_flight: 0, unaccounted: 0 });
  });
});

it('Ctrl-C is in the log too', async () => {
  const url = await bench.mock('--ttft', 'fixed:60000');
  const run = bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(5), '--concurrency', '3'],
    ...['--duration', '60s', '--out', bench.file('run')],
  ]);
  await run.waitForOutput(/measuring/);
  while (!(await hasSentAny())) await new Promise((resolve) => setTimeout(resolve, 20));
  run.child.kill('SIGINT');
  await run.waitForOutput(/draining/);
  run.child.kill('SIGINT');
  expect((await run.finished).code).toBe(130);
  expect((await marks()).map(({ kind }) => kind)).toEqual(['phase', 'stop', 'cancel']);
});
