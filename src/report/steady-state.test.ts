import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import type { SampleColumns, StoredSamples } from '../events/sample-columns.ts';
import { percentileOf } from './series-report.ts';
import { findSteadyState } from './steady-state.ts';

const SECOND = 1e9;

interface Sample {
  readonly issuedNs: number;
  readonly ttftNs: number;
  readonly tokens: number;
  readonly tpotNs: number;
}

/** Samples that succeeded, in memory. */
function stored(all: readonly Sample[], measured = new Uint8Array(all.length).fill(1)): StoredSamples {
  const column = (of: (sample: Sample) => number) => Float64Array.from(all, of);
  const endNs = ({ issuedNs, ttftNs, tokens, tpotNs }: Sample) => issuedNs + ttftNs + (tokens - 1) * tpotNs;
  const columns = {
    count: all.length,
    issuedNs: column(({ issuedNs }) => issuedNs),
    firstChunkNs: column(({ issuedNs, ttftNs }) => issuedNs + ttftNs),
    lastChunkNs: column(endNs),
    completedNs: column(endNs),
    chunks: column(({ tokens }) => tokens),
    streamingNs: column(({ tokens, tpotNs }) => (tokens - 1) * tpotNs),
    streamedTokens: column(({ tokens }) => tokens - 1),
    outputTokens: column(({ tokens }) => tokens),
    outcomes: new Uint8Array(all.length).fill(1),
    measured,
  } as unknown as SampleColumns;
  return { count: all.length, measuringSinceNs: [0], chunks: () => [columns] } as unknown as StoredSamples;
}

/** A minute of Poisson arrivals at a rate that may change; TTFT as told, about 200 ms. */
function load(
  rateAt: (seconds: number) => number,
  ttftAt: (seconds: number) => number = () => 1,
): readonly Sample[] {
  const random = new RandomSource(11);
  const samples: Sample[] = [];
  for (let seconds = 0; ;) {
    seconds += random.exponential(100);
    if (seconds > 60) return samples;
    const [issuedNs, isKept] = [Math.round(seconds * SECOND), random.uniform() * 100 < rateAt(seconds)];
    const ttftNs = Math.round(0.2 * SECOND * ttftAt(seconds) * Math.exp(0.2 * random.normal()));
    if (isKept) samples.push({ issuedNs, ttftNs, tokens: 11, tpotNs: 5e6 });
  }
}

const MOMENT = { marks: [], runStartNs: 0 };
const AUTO = { kind: 'auto' } as const;
const STEADY_RATE = 80;

describe('findSteadyState', () => {
  it('leaves the time in which the load was built up out, and tells the figures of the rest', () => {
    const all = load((seconds) => STEADY_RATE * Math.min(1, 0.1 + seconds / 12));
    const steady = findSteadyState(stored(all), AUTO, MOMENT);
    expect(steady).toMatchObject({ isFound: true, reason: null });
    expect(steady.fromNs / SECOND).toBeGreaterThan(8);
    expect(steady.fromNs / SECOND).toBeLessThan(20);
    expect(steady.toNs / SECOND).toBeGreaterThan(50);
    const inside = all.filter(({ issuedNs }) => issuedNs >= steady.fromNs && issuedNs < steady.toNs);
    const { figures } = steady;
    expect(figures!.issued).toBe(inside.length);
    expect(figures!.requestsPerSecond / STEADY_RATE).toBeCloseTo(1, 0);
    expect(figures!.outputTokensPerSecond! / figures!.requestsPerSecond).toBeCloseTo(11, 0);
    const sorted = inside.map(({ ttftNs }) => ttftNs).sort((a, b) => a - b);
    expect(percentileOf(figures!.ttft, 50)! / sorted[sorted.length >> 1]!).toBeCloseTo(1, 2);
    expect(percentileOf(figures!.tpot, 99)! / 5e6).toBeCloseTo(1, 6);
    expect(steady.tests.map(({ label }) => label)).toEqual(['throughput', 'in flight', 'TTFT', 'TPOT']);
  });

  it('finds none when a series drifts, and says which', () => {
    const drifting = findSteadyState(
      stored(
        load(
          () => STEADY_RATE,
          (seconds) => 1 + seconds / 60,
        ),
      ),
      AUTO,
      MOMENT,
    );
    expect(drifting).toMatchObject({ isFound: false, figures: null });
    expect(drifting.reason).toMatch(
      /^(TTFT|in flight) drifts by \+\d\d\.\d % over it \(trend test, p = below 0\.0001\)$/,
    );
  });

  it('finds none in a load that somebody paused or changed, nor in few samples', () => {
    const all = load(() => STEADY_RATE);
    const paused = { at_ns: 30 * SECOND, kind: 'pause', value: null, text: '' } as const;
    expect(findSteadyState(stored(all), AUTO, { ...MOMENT, marks: [paused] }).reason).toBe(
      'the load was paused 30.0 s after the start',
    );
    expect(findSteadyState(stored(all.slice(0, 99)), AUTO, MOMENT).reason).toBe(
      'too few measured samples ended: 99 of at least 100',
    );
    expect(findSteadyState(stored([]), AUTO, MOMENT)).toMatchObject({ isFound: false, figures: null });
  });

  it('takes the stretch it is given, from the start of the run', () => {
    const all = load(() => STEADY_RATE);
    const range = { kind: 'range', fromNs: 10 * SECOND, toNs: 20 * SECOND } as const;
    const steady = findSteadyState(stored(all), range, { marks: [], runStartNs: 5 * SECOND });
    expect(steady).toMatchObject({ isFound: true, fromNs: 15 * SECOND, toNs: 25 * SECOND, chosen: 'range' });
    const inside = all.filter(({ issuedNs }) => issuedNs >= 15 * SECOND && issuedNs < 25 * SECOND);
    expect(steady.figures!.issued).toBe(inside.length);
    const none = findSteadyState(stored(all), { ...range, fromNs: 100 * SECOND, toNs: 101 * SECOND }, MOMENT);
    expect(none).toMatchObject({
      isFound: false,
      reason: 'no measured sample was issued in it',
      figures: null,
    });
  });

  it('takes shares of what was measured, without the warm-up', () => {
    const warmUp = load(() => STEADY_RATE);
    const measured = warmUp.filter(({ issuedNs }) => issuedNs >= 20 * SECOND);
    const isMeasured = Uint8Array.from(warmUp, (one) => (measured.includes(one) ? 1 : 0));
    const [startNs, endNs] = [measured[0]!.issuedNs, measured.at(-1)!.issuedNs];
    const of = (from: number, to: number) =>
      findSteadyState(stored(warmUp, isMeasured), { kind: 'share', from, to }, MOMENT);
    const rest = of(0.25, 1);
    expect(rest).toMatchObject({ isFound: true, chosen: 'range', fromNs: startNs + (endNs - startNs) / 4 });
    // The last one, too.
    expect(rest.figures!.issued).toBe(measured.filter(({ issuedNs }) => issuedNs >= rest.fromNs).length);
    expect(of(0, 1).figures!.issued).toBe(measured.length);
    expect(of(0, 0.5).toNs).toBe(startNs + (endNs - startNs) / 2);
    expect(rest.measuredNs).toBe(endNs - startNs);
    const one = findSteadyState(stored(measured.slice(0, 1)), { kind: 'share', from: 0.25, to: 1 }, MOMENT);
    expect(one.figures!.issued).toBe(1);
    const none = findSteadyState(stored([]), { kind: 'share', from: 0.25, to: 1 }, MOMENT);
    expect(none).toMatchObject({ isFound: false, fromNs: 0, toNs: 0, measuredNs: 0 });
  });
});
