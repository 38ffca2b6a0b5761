import { describe, expect, test } from 'vitest';
import { NS_PER_MS } from '../../src/core/time.ts';
import { PoissonArrivals } from '../../src/plan/arrivals/poisson.ts';
import type { ArrivalSettings } from '../../src/plan/plan.ts';
import { answering, oneAtATime, phase, sessions, until } from './fixture.ts';
import { phaseOf, type SessionRun } from './session-run.ts';

const session = sessions();

const PATTERNS: readonly ArrivalSettings[] = [
  { pattern: 'burst' },
  { pattern: 'concurrency', concurrency: 3 },
  { pattern: 'constant', ratePerSecond: 500 },
  { pattern: 'poisson', ratePerSecond: 500, seed: 3 },
];
const threeAtATime = { pattern: 'concurrency', concurrency: 3 } as const;

const next = phase({ name: 'next', arrivals: oneAtATime, maxSamples: 1 });

/** How each sample ended: its error, or `ok`. */
function ends(run: SessionRun): readonly string[] {
  return [...run.samples.keys()]
    .sort((a, b) => a - b)
    .map((seq) => {
      const events = run.samples.get(seq)!;
      if (events.some(({ topic }) => topic === 'sample.not_sent')) return 'not sent';
      const errors = events.flatMap(({ error }) => error?.errorType ?? []);
      const completions = events.filter(({ topic }) => topic === 'sample.complete').length;
      return completions === 1 ? errors.join() || 'ok' : `${completions} times complete`;
    });
}

function sessionEvents({ story }: SessionRun): readonly string[] {
  return story.filter((line) => line.startsWith('session.')).map((line) => line.slice('session.'.length));
}

const ONE_PERFORMANCE_PHASE = ['started', 'start_performance_tracking', 'stop_performance_tracking', 'ended'];

/** Stops a session once so many samples have completed. */
const stoppingAfter =
  (completions: number) =>
  (_: unknown, { session, events }: SessionRun) => {
    if (events.filter(({ topic }) => topic === 'sample.complete').length >= completions) session.stop();
  };

describe('stop', () => {
  test.each(PATTERNS)('$pattern: issues nothing more, and no further phase begins', async (arrivals) => {
    const { run, endpoint } = await session({
      phases: [phase({ arrivals, maxSamples: 1_000_000 }), next],
      workers: 2,
      maxConnections: 6,
      onEvents: stoppingAfter(7),
    });
    const outcome = await run.run();
    const [result] = outcome.phases;
    expect(outcome.phases).toHaveLength(1);
    expect(outcome.stoppedEarly).toBe(true);
    expect(result!.endedBy).toBe('stop');
    expect(result!.tickets).toBeGreaterThanOrEqual(7);
    const sent = ends(run).filter((end) => end !== 'not sent');
    expect(sent).toEqual(sent.map(() => 'ok'));
    expect(sent.length).toBeGreaterThanOrEqual(7);
    expect(endpoint.rows).toHaveLength(sent.length);
    expect(sessionEvents(run)).toEqual(ONE_PERFORMANCE_PHASE);
  });

  test('lets what is in flight be answered', async () => {
    const { run, endpoint } = await session({
      phases: [phase({ arrivals: threeAtATime, maxSamples: 100 })],
      script: { stepsOf: () => ['first', 'hold'] },
    });
    const outcome = run.run();
    await until(() => endpoint.heldCount === 3);
    run.session.stop();
    await run.issuingDone;
    endpoint.release();
    expect(await outcome).toMatchObject({ phases: [{ tickets: 3, endedBy: 'stop' }], stoppedEarly: true });
    expect(ends(run)).toEqual(['ok', 'ok', 'ok']);
  });

  test('in a warm-up: nothing is ever tracked', async () => {
    const { run } = await session({
      phases: [phase({ kind: 'warmup', arrivals: oneAtATime, maxSamples: 1000 }), next],
      onEvents: stoppingAfter(2),
    });
    const outcome = await run.run();
    expect(outcome.phases.map(({ kind, endedBy }) => [kind, endedBy])).toEqual([['warmup', 'stop']]);
    expect(outcome.stoppedEarly).toBe(true);
    expect(sessionEvents(run)).toEqual(['started', 'ended']);
  });

  test('before the start: no phase begins', async () => {
    const { run, endpoint } = await session({ phases: [next] });
    run.session.stop();
    expect(await run.run()).toEqual({ phases: [], stoppedEarly: true, failure: undefined });
    expect(sessionEvents(run)).toEqual(['started', 'ended']);
    expect(endpoint.rows).toEqual([]);
  });

  test('while a phase is announced: the phase issues nothing', async () => {
    const { run, endpoint } = await session({
      phases: [phase({ kind: 'warmup', arrivals: oneAtATime, maxSamples: 2 }), next],
      onPhase: ({ kind }, { session }) => {
        if (kind === 'performance') session.stop();
      },
    });
    const outcome = await run.run();
    expect(outcome.phases[1]).toMatchObject({ tickets: 0, endedBy: 'stop' });
    expect(outcome.stoppedEarly).toBe(true);
    expect(sessionEvents(run)).toEqual(ONE_PERFORMANCE_PHASE);
    expect(endpoint.rows).toHaveLength(2);
  });

  test('after the last request was issued: the plan was carried out', async () => {
    const { run, endpoint } = await session({
      phases: [phase({ arrivals: threeAtATime, maxSamples: 3 })],
      script: { stepsOf: () => ['hold'] },
    });
    const outcome = run.run();
    await until(() => endpoint.heldCount === 3);
    await run.issuingDone;
    run.session.stop();
    endpoint.release();
    expect(await outcome).toMatchObject({ phases: [{ tickets: 3, endedBy: 'count' }], stoppedEarly: false });
    expect(ends(run)).toEqual(['ok', 'ok', 'ok']);
  });

  test('twice, and after the end, is as good as once', async () => {
    const { run } = await session({
      phases: [phase({ arrivals: oneAtATime, maxSamples: 1000 })],
      onEvents: (_, { session, samples }) => {
        if (samples.size > 0) session.stop();
      },
    });
    const outcome = await run.run();
    run.session.stop();
    run.session.cancel();
    expect(outcome.stoppedEarly).toBe(true);
    expect(sessionEvents(run)).toEqual(ONE_PERFORMANCE_PHASE);
  });
});

describe('cancel', () => {
  test('ends what is in flight as cancelled, ERROR before COMPLETE', async () => {
    const { run, endpoint } = await session({
      phases: [phase({ arrivals: threeAtATime, maxSamples: 100 }), next],
      script: answering({ 0: ['first', 'hold'], 1: ['hold'], 2: ['hold'] }),
    });
    const outcome = run.run();
    await until(() => endpoint.heldCount === 3);
    run.session.cancel();
    run.session.cancel();
    expect(await outcome).toMatchObject({ phases: [{ tickets: 3, endedBy: 'stop' }], stoppedEarly: true });
    expect(ends(run)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(run.samples.get(1)!.map(({ topic }) => topic)).toEqual([
      'sample.issued',
      'error.generic',
      'sample.complete',
    ]);
    expect(sessionEvents(run)).toEqual(ONE_PERFORMANCE_PHASE);
  });

  test('reaches the samples that wait for a connection', async () => {
    const { run, endpoint } = await session({
      phases: [phase({ arrivals: { pattern: 'constant', ratePerSecond: 1000 }, maxSamples: 20 })],
      maxConnections: 2,
      script: { stepsOf: () => ['hold'] },
    });
    const outcome = run.run();
    await until(() => endpoint.heldCount === 2);
    await run.issuingDone;
    run.session.cancel();
    expect(await outcome).toMatchObject({ phases: [{ tickets: 20, endedBy: 'count' }], stoppedEarly: true });
    expect(ends(run)).toEqual(['cancelled', 'cancelled', ...Array.from({ length: 18 }, () => 'not sent')]);
    expect(endpoint.rows).toHaveLength(2);
  });

  test('after a stop: what was drained is cancelled', async () => {
    const { run, endpoint } = await session({
      phases: [phase({ arrivals: threeAtATime, maxSamples: 100 })],
      script: { stepsOf: () => ['hold'] },
    });
    const outcome = run.run();
    await until(() => endpoint.heldCount === 3);
    run.session.stop();
    await run.issuingDone;
    run.session.cancel();
    expect(await outcome).toMatchObject({ phases: [{ tickets: 3 }], stoppedEarly: true });
    expect(ends(run)).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });
});

describe('the drain', () => {
  test('cancels what takes too long, says so, and the next phase begins', async () => {
    const { run } = await session({
      phases: [phase({ arrivals: threeAtATime, maxSamples: 4 }), next],
      drainTimeoutMs: 500,
      script: answering({ 1: ['first', 'hold'] }),
    });
    const outcome = await run.run();
    expect(outcome).toMatchObject({
      phases: [
        { tickets: 4, endedBy: 'count', drainTimedOut: true },
        { tickets: 1, endedBy: 'count', drainTimedOut: false },
      ],
      stoppedEarly: false,
      failure: undefined,
    });
    expect(ends(run)).toEqual(['ok', 'cancelled', 'ok', 'ok', 'ok']);
    expect(run.lines).toEqual([expect.stringMatching(/^warning: .*0\.5 s/)]);
  });

  test('that ended in time does not reach into the next phase', async () => {
    const { run, endpoint } = await session({
      phases: [
        phase({ arrivals: oneAtATime, maxSamples: 1 }),
        phase({ arrivals: oneAtATime, maxSamples: 2 }),
      ],
      drainTimeoutMs: 200,
      script: answering({ 1: ['hold'] }),
    });
    const outcome = run.run();
    await until(() => endpoint.heldCount === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    endpoint.release();
    await outcome;
    expect(ends(run)).toEqual(['ok', 'ok', 'ok']);
  });

  test.each([Infinity, 2 ** 31])('of %d ms waits for ever', async (drainTimeoutMs) => {
    const { run, endpoint } = await session({
      phases: [phase({ arrivals: oneAtATime, maxSamples: 1 })],
      drainTimeoutMs,
      script: { stepsOf: () => ['hold'] },
    });
    const outcome = run.run();
    await until(() => endpoint.heldCount === 1);
    await run.issuingDone;
    await new Promise((resolve) => setTimeout(resolve, 20));
    endpoint.release();
    expect((await outcome).phases[0]!.drainTimedOut).toBe(false);
    expect(ends(run)).toEqual(['ok']);
  });

  test('of 0 ms cancels as soon as issuing has ended', async () => {
    const { run } = await session({
      phases: [phase({ arrivals: oneAtATime, maxSamples: 2 })],
      drainTimeoutMs: 0,
      script: answering({ 1: ['hold'] }),
    });
    expect((await run.run()).phases[0]!.drainTimedOut).toBe(true);
    expect(ends(run)).toEqual(['ok', 'cancelled']);
  });
});

describe('a duration', () => {
  /** Of a closed loop, long enough for a busy machine to issue at all. */
  const closedLoopMs = 600;

  test.each(PATTERNS)('$pattern: ends issuing, and the next phase begins', async (arrivals) => {
    const maxDurationMs = arrivals.pattern === 'concurrency' ? closedLoopMs : 60;
    const { run } = await session({
      phases: [phase({ arrivals, maxDurationMs }), next],
      workers: 2,
      maxConnections: 6,
    });
    const outcome = await run.run();
    const [result] = outcome.phases;
    expect(outcome.phases.map(({ endedBy }) => endedBy)).toEqual(['duration', 'count']);
    expect(outcome.stoppedEarly).toBe(false);
    expect(ends(run)).toEqual(Array.from({ length: result!.tickets + 1 }, () => 'ok'));
    const planned = plannedWithin(arrivals, maxDurationMs);
    if (planned === undefined) expect(result!.tickets).toBeGreaterThan(0);
    else expect(result!.tickets).toBe(planned);
  });

  test('ends issuing though no answer comes, and the drain begins', async () => {
    const { run } = await session({
      phases: [phase({ arrivals: threeAtATime, maxDurationMs: closedLoopMs })],
      drainTimeoutMs: 100,
      script: { stepsOf: () => ['hold'] },
    });
    expect((await run.run()).phases[0]).toMatchObject({
      tickets: 3,
      endedBy: 'duration',
      drainTimedOut: true,
    });
    expect(ends(run)).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });

  test('is no reason to go on after the last sample', async () => {
    const { run } = await session({
      phases: [phase({ arrivals: oneAtATime, maxSamples: 2, maxDurationMs: 600_000 })],
    });
    expect((await run.run()).phases[0]).toMatchObject({ tickets: 2, endedBy: 'count' });
  });
});

/** Arrivals that are due within the duration; undefined in closed loop, where answers decide. */
function plannedWithin(arrivals: ArrivalSettings, durationMs: number): number | undefined {
  const durationNs = durationMs * NS_PER_MS;
  if (arrivals.pattern === 'constant') return (arrivals.ratePerSecond * durationMs) / 1000;
  if (arrivals.pattern !== 'poisson') return undefined;
  const schedule = new PoissonArrivals(arrivals.ratePerSecond, arrivals.seed!);
  let count = 0;
  while (schedule.nextDueNs() < durationNs) count += 1;
  return count;
}

describe('a worker that dies', () => {
  /** The plan names rows that the workers do not have. */
  const beyondTheRows = (maxSamples: number, concurrency: number) =>
    phase({ arrivals: { pattern: 'concurrency', concurrency }, maxSamples, datasetSize: 500, seed: 1 });

  test('ends the session with a failure, STOP and ENDED', async () => {
    const { run } = await session({ phases: [beyondTheRows(500, 1), next] });
    const outcome = await run.run();
    expect(outcome.failure).toMatch(/^phase performance: engine worker 0 died: /);
    expect(outcome.phases).toEqual([]);
    expect(outcome.stoppedEarly).toBe(false);
    expect(sessionEvents(run)).toEqual(ONE_PERFORMANCE_PHASE);
    expect(run.lines).toEqual([`error: ${outcome.failure}`]);
    expect(run.deaths).toHaveLength(1);
  });

  test('takes the others along: what they have in flight is cancelled', async () => {
    const { run, endpoint } = await session({
      // The last row is the one that is missing: the other worker has sent many by then.
      phases: [
        phaseOf({
          arrivals: { pattern: 'constant', ratePerSecond: 20 },
          order: { order: 'sequential', datasetSize: 30, seed: 1 },
          maxSamples: 30,
        }),
      ],
      workers: 2,
      rows: Array.from({ length: 30 }, (_, row) => ({ prompt: String(row) })).slice(0, 29),
      script: { stepsOf: () => ['hold'] },
    });
    const outcome = await run.run();
    expect(outcome.failure).toMatch(/^phase performance: engine worker \d died: /);
    expect(sessionEvents(run)).toEqual(ONE_PERFORMANCE_PHASE);
    const survivor = run.events.filter(({ error }) => error !== undefined);
    expect(survivor.length).toBeGreaterThan(0);
    expect(new Set(survivor.map(({ error }) => error!.errorType))).toEqual(new Set(['cancelled']));
    expect(new Set(survivor.map(({ worker }) => worker)).size).toBe(1);
    expect(endpoint.rows.length).toBeLessThan(30);
  });

  test('also when the plan is one that cannot be followed', async () => {
    const { run } = await session({
      phases: [phase({ arrivals: { pattern: 'concurrency', concurrency: 0 }, maxSamples: 1 })],
    });
    expect((await run.run()).failure).toContain('concurrency must be a whole number above 0 (got 0)');
    expect(sessionEvents(run)).toEqual(ONE_PERFORMANCE_PHASE);
  });
});
