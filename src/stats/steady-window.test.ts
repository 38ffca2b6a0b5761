import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { steadyWindow } from './steady-window.ts';

const LENGTH = 120;

/** Noise around 1 with a standard deviation of a tenth; each value depends on the one before by `memory`. */
function noise(random: RandomSource, memory: number): number[] {
  let last = random.normal();
  return Array.from({ length: LENGTH }, () => {
    last = memory * last + Math.sqrt(1 - memory * memory) * random.normal();
    return 1 + 0.1 * last;
  });
}

/** In how many of 100 seeded runs of four series the window is as it should be. */
function countOf(
  seed: number,
  levelOf: (bin: number, series: number) => number,
  holds: (window: ReturnType<typeof steadyWindow>) => boolean,
  memory = 0.3,
): number {
  const random = new RandomSource(seed);
  let count = 0;
  for (let run = 0; run < 100; run++) {
    const series = [0, 1, 2, 3].map((index) =>
      noise(random, memory).map((value, bin) => value * levelOf(bin, index)),
    );
    if (holds(steadyWindow(series))) count += 1;
  }
  return count;
}

const ramp = (bin: number) => Math.min(1, (bin + 1) / 25);

describe('steadyWindow', () => {
  it('finds the steady state of at least 95 of 100 steady runs, and leaves little out', () => {
    const count = countOf(
      1,
      () => 1,
      ({ found, from, to }) => found && to - from >= 0.5 * LENGTH,
    );
    expect(count).toBeGreaterThanOrEqual(95);
  });

  it('cuts a ramp at the start, and the fall at the end, off in at least 95 of 100 runs', () => {
    // But for what differs from the level by less than two standard deviations of the noise.
    expect(
      countOf(2, ramp, ({ found, from, to }) => found && ramp(from) >= 0.8 && to - from >= 60),
    ).toBeGreaterThanOrEqual(95);
    const short = (bin: number) => Math.min(1, (bin + 1) / 15);
    const trapezoid = (bin: number) => Math.min(short(bin), short(LENGTH - 1 - bin));
    const isCut = ({ found, from, to }: ReturnType<typeof steadyWindow>) =>
      found && trapezoid(from) >= 0.8 && trapezoid(to - 1) >= 0.8;
    expect(countOf(3, trapezoid, isCut)).toBeGreaterThanOrEqual(95);
  });

  it('cuts a ramp of one series of four off', () => {
    const one = (bin: number, series: number) => (series === 2 ? 3 - 2 * ramp(bin) : 1);
    expect(countOf(4, one, ({ found, from }) => found && ramp(from) >= 0.8)).toBeGreaterThanOrEqual(95);
  });

  it('finds none in at least 95 of 100 runs of which a series drifts', () => {
    const drifting = (bin: number, series: number) => (series === 1 ? 1 + (0.6 * bin) / LENGTH : 1);
    expect(countOf(5, drifting, ({ found }) => !found)).toBeGreaterThanOrEqual(95);
    const falling = (bin: number, series: number) => (series === 3 ? 1 - (0.4 * bin) / LENGTH : 1);
    expect(countOf(6, falling, ({ found }) => !found)).toBeGreaterThanOrEqual(95);
  });

  it('names what drifts and by how much', () => {
    const random = new RandomSource(7);
    const series = [
      noise(random, 0),
      noise(random, 0).map((value, bin) => value * (1 + (0.6 * bin) / LENGTH)),
    ];
    const window = steadyWindow(series);
    expect(window).toMatchObject({ found: false, culprit: 1 });
    expect(window.series[1]!.drift).toBeGreaterThan(0.3);
    expect(window.series[1]!.driftP).toBeLessThan(0.001);
    expect(Math.abs(window.series[0]!.drift)).toBeLessThan(0.15);
  });

  it('keeps the longer side of a step, if it is long enough, else finds none', () => {
    const late = (bin: number) => (bin < 80 ? 1 : 1.5);
    expect(countOf(8, late, ({ found, to }) => found && to <= 82)).toBeGreaterThanOrEqual(85);
    const wild = (bin: number) => (Math.floor(bin / 12) % 2 === 0 ? 1 : 2.2);
    expect(countOf(9, wild, ({ found }) => !found)).toBeGreaterThanOrEqual(95);
  });

  it('seldom takes noise with a long memory for a drift', () => {
    expect(
      countOf(
        10,
        () => 1,
        ({ found }) => found,
        0.7,
      ),
    ).toBeGreaterThanOrEqual(80);
  });

  it('finds none in too few values', () => {
    expect(steadyWindow([new Array<number>(19).fill(1)])).toMatchObject({ found: false, why: 'too_short' });
    expect(steadyWindow([new Array<number>(20).fill(1)])).toMatchObject({ found: true, from: 0, to: 20 });
    expect(steadyWindow([])).toMatchObject({ found: false, why: 'too_short' });
  });
});
