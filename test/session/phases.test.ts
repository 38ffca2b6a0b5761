import { describe, expect, test } from 'vitest';
import type { ArrivalSettings } from '../../src/plan/plan.ts';
import { createSampleOrder } from '../../src/plan/sample-order.ts';
import { answering, oneAtATime, phase, sessions, until } from './fixture.ts';
import type { Step } from './scripted-endpoint.ts';
import type { SessionRun } from './session-run.ts';

const session = sessions();

const range = (length: number) => Array.from({ length }, (_, i) => i);

/** Which samples were issued between one session event and the next. */
function brackets({ events }: SessionRun): readonly (readonly [topic: string, issued: number[]])[] {
  const found: (readonly [string, number[]])[] = [];
  for (const { topic, seq } of events) {
    if (topic.startsWith('session.')) found.push([topic.slice('session.'.length), []]);
    else if (topic === 'sample.issued') found.at(-1)![1].push(seq);
  }
  return found;
}

/** Every sample was issued once and ended once, before the session event that followed its issue. */
function expectEachEndsInItsPhase(run: SessionRun, issued: number): void {
  expect([...run.samples.keys()].sort((a, b) => a - b)).toEqual(range(issued));
  let open = 0;
  for (const { topic } of run.events) {
    if (topic === 'sample.issued') open += 1;
    if (topic === 'sample.complete') open -= 1;
    if (topic.startsWith('session.')) expect(open).toBe(0);
  }
  for (const events of run.samples.values()) {
    const topics = events.map(({ topic }) => topic);
    expect(topics.filter((topic) => topic === 'sample.issued')).toHaveLength(1);
    expect(topics.filter((topic) => topic === 'sample.complete')).toHaveLength(1);
    expect([topics[0], topics.at(-1)]).toEqual(['sample.issued', 'sample.complete']);
  }
}

describe('a performance phase', () => {
  test('is STARTED, START, its samples, STOP, ENDED', async () => {
    const { run } = await session({ phases: [phase({ arrivals: oneAtATime, maxSamples: 3 })] });
    const outcome = await run.run();
    expect(run.story).toEqual([
      'session.started',
      'session.start_performance_tracking',
      'sample.issued 0',
      'sample.complete 0',
      'sample.issued 1',
      'sample.complete 1',
      'sample.issued 2',
      'sample.complete 2',
      'session.stop_performance_tracking',
      'session.ended',
    ]);
    expect(outcome).toMatchObject({
      phases: [
        { name: 'performance', kind: 'performance', tickets: 3, endedBy: 'count', drainTimedOut: false },
      ],
      stoppedEarly: false,
      failure: undefined,
    });
  });

  test('is tracked from before its first request to after its last answer', async () => {
    const { run } = await session({ phases: [phase({ arrivals: { pattern: 'burst' }, maxSamples: 20 })] });
    const { phases } = await run.run();
    const atNs = (wanted: string) => run.events.filter(({ topic }) => topic === wanted).map((e) => e.atNs);
    const [start] = atNs('session.start_performance_tracking');
    const [stop] = atNs('session.stop_performance_tracking');
    expect(start).toBeLessThanOrEqual(Math.min(...atNs('sample.issued')));
    expect(stop).toBeGreaterThanOrEqual(Math.max(...atNs('sample.complete')));
    expect(phases[0]!.startedNs).toBeGreaterThanOrEqual(start!);
    expect(phases[0]!.endedNs).toBeLessThanOrEqual(stop!);
  });

  test('records the chunks of a stream between ISSUED and COMPLETE', async () => {
    const { run } = await session({
      phases: [phase({ arrivals: oneAtATime, maxSamples: 1 })],
      script: answering({ 0: ['first', 'next', 'next', 'ok'] }),
    });
    await run.run();
    expect(run.samples.get(0)!.map(({ topic }) => topic)).toEqual([
      'sample.issued',
      'sample.recv_first',
      'sample.recv_non_first',
      'sample.recv_non_first',
      'sample.complete',
    ]);
  });

  test.each<[string, readonly Step[], string]>([
    ['a status', ['err'], 'http_500'],
    ['an error in the stream', ['first', 'err'], 'server_error'],
    ['a connection closed unanswered', ['close'], 'connection_reset'],
    ['a connection closed in the stream', ['first', 'next', 'close'], 'stream_truncated'],
  ])('goes on after %s, whose ERROR comes right before its COMPLETE', async (_, steps, errorType) => {
    const { run } = await session({
      phases: [phase({ arrivals: oneAtATime, maxSamples: 3 })],
      script: answering({ 1: steps }),
    });
    const outcome = await run.run();
    const failed = run.samples.get(1)!;
    expect(failed.slice(-2).map(({ topic }) => topic)).toEqual(['error.generic', 'sample.complete']);
    expect(failed.filter(({ topic }) => topic === 'error.generic')).toHaveLength(1);
    expect(failed.at(-2)!.error!.errorType).toBe(errorType);
    expect(failed.at(-1)!.output).toBeUndefined();
    expect(run.samples.get(2)!.at(-1)!.output).toBeDefined();
    expect(outcome.phases[0]!.tickets).toBe(3);
  });
});

describe('several phases', () => {
  test('warm-up, then performance, twice: only performance is tracked, and no number is given twice', async () => {
    const arrivals = { pattern: 'concurrency', concurrency: 2 } as const;
    const warmup = phase({ kind: 'warmup', arrivals, maxSamples: 2 });
    const performance = phase({ arrivals, maxSamples: 3 });
    const { run } = await session({
      phases: [warmup, performance, warmup, performance],
      script: answering({ 1: ['err'] }),
    });
    const outcome = await run.run();
    expect(brackets(run)).toEqual([
      ['started', [0, 1]],
      ['start_performance_tracking', [2, 3, 4]],
      ['stop_performance_tracking', [5, 6]],
      ['start_performance_tracking', [7, 8, 9]],
      ['stop_performance_tracking', []],
      ['ended', []],
    ]);
    expectEachEndsInItsPhase(run, 10);
    expect(outcome.phases.map(({ kind, tickets }) => [kind, tickets])).toEqual([
      ['warmup', 2],
      ['performance', 3],
      ['warmup', 2],
      ['performance', 3],
    ]);
  });

  test('none: STARTED, ENDED', async () => {
    const { run } = await session({ phases: [] });
    expect(await run.run()).toEqual({ phases: [], stoppedEarly: false, failure: undefined });
    expect(run.story).toEqual(['session.started', 'session.ended']);
  });

  test('are announced before they begin', async () => {
    const announced: [string, number][] = [];
    const { run } = await session({
      phases: [
        phase({ name: 'one', kind: 'warmup', arrivals: oneAtATime, maxSamples: 1 }),
        phase({ name: 'two', arrivals: oneAtATime, maxSamples: 1 }),
      ],
      onPhase: ({ name }, { events }) => announced.push([name, events.length]),
    });
    await run.run();
    expect(announced).toEqual([
      ['one', 1],
      ['two', 3],
    ]);
  });

  test('an answer to the warm-up that comes after its drain counts for nothing', async () => {
    const arrivals = { pattern: 'concurrency', concurrency: 2 } as const;
    const { run, endpoint } = await session({
      phases: [
        phase({ kind: 'warmup', arrivals, maxSamples: 2 }),
        phase({ arrivals: oneAtATime, maxSamples: 3 }),
      ],
      drainTimeoutMs: 500,
      script: { ...answering({ 1: ['first', 'hold'] }), releaseAfter: [3] },
    });
    const outcome = await run.run();
    expect(endpoint.heldCount).toBe(0);
    expectEachEndsInItsPhase(run, 5);
    expect(brackets(run).map(([, issued]) => issued.length)).toEqual([2, 3, 0, 0]);
    expect(run.samples.get(1)!.map(({ topic, error }) => error?.errorType ?? topic)).toEqual([
      'sample.issued',
      'sample.recv_first',
      'cancelled',
      'sample.complete',
    ]);
    expect(outcome.phases[0]!.drainTimedOut).toBe(true);
    expect(outcome.stoppedEarly).toBe(false);
  });
});

const PATTERNS: readonly ArrivalSettings[] = [
  { pattern: 'burst' },
  { pattern: 'concurrency', concurrency: 4 },
  { pattern: 'constant', ratePerSecond: 1000 },
  { pattern: 'poisson', ratePerSecond: 1000, seed: 3 },
];

describe('several workers', () => {
  test.each(PATTERNS)('$pattern: together issue the plan, each sample of it once', async (arrivals) => {
    const plan = phase({ arrivals, maxSamples: 43 });
    const { run } = await session({ phases: [plan], workers: 3 });
    const outcome = await run.run();
    expect(outcome.phases[0]).toMatchObject({ tickets: 43, endedBy: 'count' });
    expectEachEndsInItsPhase(run, 43);
    const order = createSampleOrder(plan.order);
    const rowsBySeq = range(43).map((seq) => run.samples.get(seq)![0]!.extras[1]);
    expect(rowsBySeq).toEqual(range(43).map((index) => order.rowOf(index)));
    if (arrivals.pattern === 'constant' || arrivals.pattern === 'poisson') {
      expect(new Set(run.events.filter(({ seq }) => seq < 43).map(({ worker }) => worker)).size).toBe(3);
    }
  });

  test('numbers go on from phase to phase, of whatever length', async () => {
    const { run } = await session({
      phases: PATTERNS.map((arrivals) => phase({ arrivals, maxDurationMs: 150, maxSamples: 2000 })),
      workers: 3,
    });
    const { phases } = await run.run();
    const issued = phases.map((result) => result.tickets);
    expect(issued.every((count) => count > 0)).toBe(true);
    expectEachEndsInItsPhase(
      run,
      issued.reduce((sum, count) => sum + count),
    );
  });

  test('fewer slots than workers are enough', async () => {
    const { run, endpoint } = await session({
      phases: [
        phase({ arrivals: oneAtATime, maxSamples: 12 }),
        phase({ arrivals: oneAtATime, maxSamples: 1 }),
      ],
      workers: 3,
    });
    await run.run();
    expectEachEndsInItsPhase(run, 13);
    expect(endpoint.mostInFlight).toBe(1);
  });
});

describe('concurrency', () => {
  test('as many as wanted are in flight, and never more', async () => {
    const { run, endpoint } = await session({
      phases: [phase({ arrivals: { pattern: 'concurrency', concurrency: 5 }, maxSamples: 60 })],
      workers: 2,
      script: { stepsOf: (issue) => (issue < 5 ? ['hold'] : ['ok']) },
    });
    const outcome = run.run();
    await until(() => endpoint.heldCount === 5);
    endpoint.release();
    await outcome;
    expectEachEndsInItsPhase(run, 60);
    expect(endpoint.mostInFlight).toBe(5);
  });

  test('failing connections give their slots back', async () => {
    const { run } = await session({
      phases: [phase({ arrivals: { pattern: 'concurrency', concurrency: 3 }, maxSamples: 40 })],
      maxConnections: 3,
      script: { stepsOf: (issue) => (issue % 3 === 0 ? ['ok'] : ['close']) },
    });
    const outcome = await run.run();
    expect(outcome.phases[0]).toMatchObject({ tickets: 40, endedBy: 'count' });
    expectEachEndsInItsPhase(run, 40);
  });
});
