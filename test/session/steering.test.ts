import { describe, expect, test } from 'vitest';
import { phase, sessions, until } from './fixture.ts';
import type { SessionRun } from './session-run.ts';

const session = sessions();
const MS = 1e6;

interface Issue {
  readonly seq: number;
  readonly dueNs: number;
  readonly atNs: number;
}

function issuesOf({ events }: SessionRun): readonly Issue[] {
  return events
    .filter(({ topic }) => topic === 'sample.issued')
    .map(({ seq, atNs, extras }) => ({ seq, atNs, dueNs: extras[0]! }))
    .sort((a, b) => a.seq - b.seq);
}

/** Numbered from 0 without a hole. */
function expectWhole(issues: readonly Issue[], count: number): void {
  expect(issues.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, seq) => seq));
}

/** Waits until nothing was issued for a while: a worker on a loaded machine may hear of a pause late. */
async function untilQuiet(run: SessionRun): Promise<void> {
  let [issued, sinceNs] = [-1, 0];
  await until(() => {
    const { issued: now } = run.pool.counts();
    if (now !== issued) [issued, sinceNs] = [now, run.clock.nowNs()];
    return run.clock.nowNs() - sinceNs > 200 * MS;
  });
}

describe('an open loop over three workers', () => {
  test('goes on at the new rate from the time of the change, as one schedule', async () => {
    const arrivals = { pattern: 'constant', ratePerSecond: 0.05 } as const;
    const { run, endpoint } = await session({ workers: 3, phases: [phase({ arrivals, maxSamples: 60 })] });
    const running = run.run();
    await until(() => endpoint.rows.length === 1);
    const atNs = run.session.steer({ kind: 'rate', ratePerSecond: 500 })!;
    expect(run.session.steering).toEqual({ isPaused: false, ratePerSecond: 500, concurrency: null });
    const outcome = await running;
    expect(outcome).toMatchObject({ phases: [{ tickets: 60, endedBy: 'count' }], failure: undefined });
    expect(endpoint.rows).toHaveLength(60);
    const [first, ...rest] = issuesOf(run);
    expectWhole([first!, ...rest], 60);
    expect(first!.dueNs).toBeLessThan(atNs);
    const gapsNs = rest.map(({ dueNs }, index) => dueNs - rest[0]!.dueNs - index * 2 * MS);
    for (const gapNs of gapsNs) expect(Math.abs(gapNs)).toBeLessThanOrEqual(1);
    // What was left until the next arrival is a ten-thousandth of it now.
    expect(rest[0]!.dueNs - atNs).toBeGreaterThanOrEqual(0);
    expect(rest[0]!.dueNs - atNs).toBeLessThanOrEqual(2 * MS);
  });

  test('issues nothing in a pause, and everything after it on time and by its length later', async () => {
    const arrivals = { pattern: 'poisson', ratePerSecond: 400, seed: 5 } as const;
    const { run, endpoint } = await session({ workers: 3, phases: [phase({ arrivals, maxSamples: 1000 })] });
    const running = run.run();
    await until(() => endpoint.rows.length > 10);
    const pausedNs = run.session.steer({ kind: 'pause' })!;
    expect(run.session.steer({ kind: 'pause' })).toBeUndefined();
    await until(() => run.clock.nowNs() > pausedNs);
    await untilQuiet(run);
    const before = run.pool.counts().issued;
    expect(before).toBeLessThan(1000);
    const resumedNs = run.session.steer({ kind: 'resume' })!;
    expect(run.session.steer({ kind: 'resume' })).toBeUndefined();
    await running;
    const issues = issuesOf(run);
    expectWhole(issues, 1000);
    expect(issues.filter(({ dueNs }) => dueNs < resumedNs)).toHaveLength(before);
    for (const { dueNs, atNs } of issues) expect(atNs).toBeGreaterThanOrEqual(dueNs);
  });

  test('has its whole duration of load, however long it was paused', async () => {
    const arrivals = { pattern: 'constant', ratePerSecond: 100 } as const;
    const { run } = await session({ workers: 3, phases: [phase({ arrivals, maxDurationMs: 300 })] });
    const running = run.run();
    await until(() => run.session.steering !== undefined);
    const pausedNs = run.session.steer({ kind: 'pause' })!;
    await until(() => run.clock.nowNs() > pausedNs + 400 * MS);
    expect(run.session.steering?.isPaused).toBe(true);
    const resumedNs = run.session.steer({ kind: 'resume' })!;
    const { phases } = await running;
    expect(phases).toMatchObject([{ tickets: 30, endedBy: 'duration' }]);
    expectWhole(issuesOf(run), 30);
    expect(phases[0]!.endedNs - phases[0]!.startedNs).toBeGreaterThanOrEqual(300 * MS + resumedNs - pausedNs);
  });

  test('ends when stopped in a pause', async () => {
    const arrivals = { pattern: 'constant', ratePerSecond: 100 } as const;
    const { run } = await session({ workers: 2, phases: [phase({ arrivals, maxDurationMs: 1000 })] });
    const running = run.run();
    await until(() => run.session.steering !== undefined);
    run.session.steer({ kind: 'pause' });
    run.session.stop();
    expect(run.session.steering).toBeUndefined();
    expect(run.session.steer({ kind: 'resume' })).toBeUndefined();
    expect(await running).toMatchObject({ stoppedEarly: true, phases: [{ endedBy: 'stop' }] });
  });
});

describe('a closed loop over two workers', () => {
  test('has as many in flight as it is told, and cancels nothing to get there', async () => {
    const arrivals = { pattern: 'concurrency', concurrency: 3 } as const;
    const { run, endpoint } = await session({
      workers: 2,
      phases: [phase({ arrivals, maxSamples: 60 })],
      script: { stepsOf: () => ['hold'] },
    });
    const running = run.run();
    await until(() => endpoint.heldCount === 3);
    expect(run.session.steer({ kind: 'concurrency', concurrency: 8 })).toBeGreaterThan(0);
    await until(() => endpoint.heldCount === 8);
    const downNs = run.session.steer({ kind: 'concurrency', concurrency: 2 })!;
    await until(() => run.clock.nowNs() > downNs);
    endpoint.release();
    await until(() => endpoint.heldCount === 2 && run.pool.counts().completed === 8);
    expect(run.session.steering).toEqual({ isPaused: false, ratePerSecond: null, concurrency: 2 });
    const releasing = setInterval(() => endpoint.release(), 1);
    const outcome = await running;
    clearInterval(releasing);
    expect(outcome.phases).toMatchObject([{ tickets: 60, endedBy: 'count' }]);
    expect(endpoint.mostInFlight).toBe(8);
    expect(run.events.filter(({ topic }) => topic === 'error.generic')).toEqual([]);
  });

  test('draws nothing in a pause', async () => {
    const arrivals = { pattern: 'concurrency', concurrency: 4 } as const;
    const { run, endpoint } = await session({
      workers: 2,
      phases: [phase({ arrivals, maxSamples: 40 })],
      script: { stepsOf: () => ['hold'] },
    });
    const running = run.run();
    await until(() => endpoint.heldCount === 4);
    const pausedNs = run.session.steer({ kind: 'pause' })!;
    await until(() => run.clock.nowNs() > pausedNs + 100 * MS);
    endpoint.release();
    await until(() => run.pool.counts().completed === 4);
    await untilQuiet(run);
    expect(endpoint.rows).toHaveLength(4);
    const resumedNs = run.session.steer({ kind: 'resume' })!;
    const releasing = setInterval(() => endpoint.release(), 1);
    await running;
    clearInterval(releasing);
    const issues = issuesOf(run);
    expect(issues).toHaveLength(40);
    for (const { atNs } of issues.slice(4)) expect(atNs).toBeGreaterThanOrEqual(resumedNs);
  });
});

test('what makes no sense is refused', async () => {
  const arrivals = { pattern: 'concurrency', concurrency: 2 } as const;
  const { run, endpoint } = await session({
    phases: [phase({ arrivals, maxSamples: 3 })],
    script: { stepsOf: () => ['hold'] },
  });
  expect(run.session.steering).toBeUndefined();
  expect(run.session.steer({ kind: 'pause' })).toBeUndefined();
  const running = run.run();
  await until(() => endpoint.heldCount === 2);
  expect(run.session.steer({ kind: 'rate', ratePerSecond: 5 })).toBeUndefined();
  expect(run.session.steer({ kind: 'concurrency', concurrency: 0 })).toBeUndefined();
  expect(run.session.steer({ kind: 'concurrency', concurrency: 1.5 })).toBeUndefined();
  endpoint.release();
  // Everything was issued: there is nothing left to steer.
  await until(() => endpoint.heldCount === 1 && run.session.steering === undefined);
  expect(run.session.steer({ kind: 'pause' })).toBeUndefined();
  endpoint.release();
  expect((await running).phases).toMatchObject([{ tickets: 3 }]);
});

test('a phase begins as planned, whatever was done to the one before', async () => {
  const arrivals = { pattern: 'constant', ratePerSecond: 1 } as const;
  const { run, endpoint } = await session({
    phases: [
      phase({ kind: 'warmup', arrivals, maxSamples: 5 }),
      phase({ arrivals: { ...arrivals, ratePerSecond: 50 }, maxSamples: 5 }),
    ],
  });
  const running = run.run();
  await until(() => endpoint.rows.length === 1);
  run.session.steer({ kind: 'rate', ratePerSecond: 1000 });
  await running;
  const measured = issuesOf(run).slice(5);
  expect(measured.map(({ dueNs }) => dueNs - measured[0]!.dueNs)).toEqual(
    [0, 20, 40, 60, 80].map((ms) => ms * MS),
  );
});

test('a change just before the end of a phase is over before the next one begins', async () => {
  const arrivals = { pattern: 'concurrency', concurrency: 1 } as const;
  const { run, endpoint } = await session({
    phases: [phase({ kind: 'warmup', arrivals, maxSamples: 2 }), phase({ arrivals, maxSamples: 2 })],
    script: { stepsOf: () => ['hold'] },
  });
  const running = run.run();
  await until(() => endpoint.heldCount === 1);
  const pausedNs = run.session.steer({ kind: 'pause' })!;
  const releasing = setInterval(() => {
    endpoint.release();
    // On a loaded machine the pause may come before the second sample.
    if (run.clock.nowNs() > pausedNs + 200 * MS) run.session.steer({ kind: 'resume' });
  }, 1);
  const { phases } = await running;
  clearInterval(releasing);
  expect(phases).toMatchObject([{ tickets: 2 }, { tickets: 2 }]);
  expect(phases[1]!.startedNs).toBeGreaterThanOrEqual(pausedNs);
});
