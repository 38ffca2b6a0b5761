import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { closedLoop, openLoop, type SimulatedRun } from '../../bench/stats/simulated-load.ts';
import { ThroughputRecorder } from './throughput-recorder.ts';

const MS = 1e6;
const SECOND = 1e9;

interface Sample {
  readonly issuedNs: number;
  readonly latencyNs: number;
  readonly outcome: 'succeeded' | 'errored' | 'cancelled';
  readonly tokens: number;
  /** Of the latency: when the first chunk came. */
  readonly firstShare: number;
}

const samples = fc.array(
  fc.record<Sample>({
    issuedNs: fc
      .oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 20_000 }))
      .map((n) => n * MS),
    latencyNs: fc
      .oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3000 }), fc.constant(90_000))
      .map((n) => n * MS + 7),
    outcome: fc.constantFrom('succeeded', 'succeeded', 'succeeded', 'errored', 'cancelled'),
    tokens: fc.integer({ min: 0, max: 500 }),
    firstShare: fc.constantFrom(0, 0.2, 0.5, 1),
  }),
  { minLength: 1, maxLength: 120 },
);

/** Tells the samples as they went on, each worker's events a little late. */
function recorded(run: readonly Sample[], lagNs = 0): ThroughputRecorder {
  const recorder = new ThroughputRecorder();
  recorder.start(0);
  const events = run
    .flatMap((sample, i) => {
      const endedNs = sample.issuedNs + sample.latencyNs;
      const lag = i % 2 === 0 ? 0 : lagNs;
      return [
        { atNs: sample.issuedNs + lag, isEnd: 0, tell: () => recorder.onIssued(sample.issuedNs) },
        { atNs: endedNs + lag, isEnd: 1, tell: () => tellEnd(recorder, sample, endedNs) },
      ];
    })
    .sort((a, b) => a.atNs - b.atNs || a.isEnd - b.isEnd);
  for (const { tell } of events) tell();
  return recorder;
}

function tellEnd(recorder: ThroughputRecorder, sample: Sample, endedNs: number): void {
  const { issuedNs, latencyNs, outcome, tokens, firstShare } = sample;
  recorder.onTokens(issuedNs + firstShare * latencyNs, endedNs, tokens);
  if (outcome === 'cancelled') recorder.onCancelled(endedNs);
  else recorder.onEnded(issuedNs, endedNs, outcome === 'succeeded');
}

/** How long of [from, to) lies in the window. */
function overlap(fromNs: number, toNs: number, window: { start_ns: number; end_ns: number }): number {
  return Math.max(0, Math.min(toNs, window.end_ns) - Math.max(fromNs, window.start_ns));
}

describe('ThroughputRecorder', () => {
  it.each([0, 40 * MS])(
    'counts what came in its window, as looking at each sample does (told %s ns late)',
    (lagNs) => {
      fc.assert(
        fc.property(samples, (run) => {
          const found = recorded(run, lagNs).throughput();
          if (found === undefined) return;
          const ends = run.map((sample) => ({ ...sample, endedNs: sample.issuedNs + sample.latencyNs }));
          const byThemselves = ends.filter(({ outcome }) => outcome !== 'cancelled');
          const inside = byThemselves.filter(
            ({ endedNs }) => endedNs >= found.start_ns && endedNs < found.end_ns,
          );
          const succeeded = inside.filter(({ outcome }) => outcome === 'succeeded').length;
          expect(found.succeeded).toBe(succeeded);
          expect(found.errored).toBe(inside.length - succeeded);
          expect(found.window_ns).toBe(found.end_ns - found.start_ns);
          expect(found.succeeded_per_second).toBeCloseTo((succeeded / found.window_ns) * SECOND, 6);
          expect(found.drain_ended).toBe(
            byThemselves.filter(({ endedNs }) => endedNs >= found.end_ns).length,
          );
          const inFlightNs = ends.reduce(
            (sum, { issuedNs, endedNs }) => sum + overlap(issuedNs, endedNs, found),
            0,
          );
          expect(found.mean_in_flight).toBeCloseTo(inFlightNs / found.window_ns, 6);
          const tokens = ends.reduce((sum, { issuedNs, latencyNs, endedNs, tokens: count, firstShare }) => {
            const firstNs = issuedNs + firstShare * latencyNs;
            if (!(endedNs > firstNs))
              return sum + (endedNs >= found.start_ns && endedNs < found.end_ns ? count : 0);
            return sum + (count * overlap(firstNs, endedNs, found)) / (endedNs - firstNs);
          }, 0);
          expect(found.output_tokens_per_second).toBeCloseTo((tokens / found.window_ns) * SECOND, 3);
          const latencyNs = inside.reduce((sum, sample) => sum + sample.latencyNs, 0);
          if (inside.length === 0) expect(found.mean_latency_ns).toBeNull();
          else expect(found.mean_latency_ns! / (latencyNs / inside.length)).toBeCloseTo(1, 9);
        }),
      );
    },
  );

  it('has a window from the first issue to the last, or to the end of a burst', () => {
    fc.assert(
      fc.property(samples, (run) => {
        const found = recorded(run).throughput();
        if (found === undefined) return;
        const issued = run.map(({ issuedNs }) => issuedNs);
        const [first, last] = [Math.min(...issued), Math.max(...issued)];
        const slack = last / 2000 + 0.02 * MS;
        expect(found.start_ns).toBeLessThan(found.end_ns);
        if (found.ended_by === 'completions') return;
        expect(found.start_ns).toBeGreaterThanOrEqual(first - slack);
        expect(found.end_ns).toBeGreaterThan(last);
        expect(found.end_ns).toBeLessThanOrEqual(last + slack);
      }),
    );
  });

  it('is undefined before anything was issued', () => {
    expect(new ThroughputRecorder().throughput()).toBeUndefined();
    const begun = new ThroughputRecorder();
    begun.start(5);
    expect(begun.throughput()).toBeUndefined();
  });

  it('is not diluted by one request that hangs, nor by the drain', () => {
    const random = new RandomSource(3);
    const load = { slots: 8, count: 800, variation: 0.5 };
    const calm = rateOf(closedLoop(random, load));
    expect(calm).toBeGreaterThan(0.95);
    expect(calm).toBeLessThan(1.05);
    const hanging = rateOf(
      openLoop(random, { rate: 20, durationS: 30, servers: 100, variation: 0.5, hanging: 7 }),
    );
    expect(hanging).toBeGreaterThan(0.85);
    expect(hanging).toBeLessThan(1.15);
  });

  it('leaves a pause out, and what was built up anew after it', () => {
    const recorder = new ThroughputRecorder();
    recorder.start(0);
    const issue = (fromMs: number) => {
      for (let i = 0; i < 100; i++) {
        const issuedNs = (fromMs + 10 * i) * MS;
        recorder.onIssued(issuedNs);
        recorder.onEnded(issuedNs, issuedNs + 50 * MS, true);
      }
    };
    issue(0);
    recorder.resume(60_000 * MS);
    issue(60_000);
    const found = recorder.throughput()!;
    expect(found.parts).toHaveLength(2);
    expect(found.window_ns).toBeLessThan(2 * SECOND);
    expect(found.succeeded_per_second).toBeGreaterThan(97);
    expect(found.succeeded_per_second).toBeLessThan(103);
  });

  it.each<readonly [string, (random: RandomSource) => SimulatedRun]>([
    [
      'closed loop',
      (random: RandomSource) => closedLoop(random, { slots: 16, count: 20_000, variation: 0.7 }),
    ],
    [
      'open loop',
      (random: RandomSource) => openLoop(random, { rate: 20, durationS: 900, servers: 1000, variation: 0.7 }),
    ],
  ])("keeps Little's law within 2 %% when the load is steady: %s", (_name, draw) => {
    const found = throughputOf(draw(new RandomSource(11)));
    const ended = (found.succeeded + found.errored) / (found.window_ns / SECOND);
    const expected = ended * (found.mean_latency_ns! / SECOND);
    expect(Math.abs(found.mean_in_flight / expected - 1)).toBeLessThan(0.02);
  });
});

function throughputOf({ samples: run }: SimulatedRun) {
  return recorded(
    run.map(({ issuedS, endedS }) => ({
      issuedNs: Math.round(issuedS * SECOND),
      latencyNs: Math.round((endedS - issuedS) * SECOND),
      outcome: 'succeeded',
      tokens: 0,
      firstShare: 0,
    })),
  ).throughput()!;
}

/** As a share of the true rate. */
function rateOf(run: SimulatedRun): number {
  return throughputOf(run).succeeded_per_second / run.truePerSecond;
}
