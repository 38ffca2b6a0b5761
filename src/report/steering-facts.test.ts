import { describe, expect, it } from 'vitest';
import type { RunMark, RunMarkKind } from '../core/run-history.ts';
import { askedRateText, highestRate, readSteering, steeringText } from './steering-facts.ts';

type Sketch = readonly [atS: number, kind: RunMarkKind, value?: number];

function steering(...marks: readonly Sketch[]) {
  const told = marks.map(([atS, kind, value = null]): RunMark => ({
    at_ns: atS * 1e9,
    kind,
    value,
    text: '',
  }));
  return readSteering({ history: { format: 1, end_ns: 60e9, marks: told } });
}

describe('steering', () => {
  it('is none when nobody touched the load', () => {
    expect(readSteering({})).toBeNull();
    expect(readSteering(undefined)).toBeNull();
    expect(steering([0, 'phase'], [3, 'note'], [50, 'stop'])).toBeNull();
  });

  it('is about the measured phase, which is the last one', () => {
    expect(steering([0, 'phase'], [1, 'rate', 5], [2, 'pause'], [9, 'phase'])).toBeNull();
    expect(steering([0, 'phase'], [1, 'rate', 5], [9, 'phase'], [10, 'rate', 7])).toMatchObject({
      ratesPerSecond: [7],
      pauses: 0,
    });
  });

  it('adds pauses up; one that nobody ended lasts until a stop or the end', () => {
    expect(steering([1, 'pause'], [4, 'resume'], [10, 'pause'], [10.5, 'note'], [11, 'stop'])).toMatchObject({
      pauses: 2,
      pausedNs: 4e9,
    });
    expect(steering([1, 'pause'])).toMatchObject({ pauses: 1, pausedNs: 59e9 });
  });

  it('knows the highest rate asked for', () => {
    expect(highestRate(50, null)).toBe(50);
    expect(highestRate(50, steering([1, 'rate', 80], [2, 'rate', 20]))).toBe(80);
    expect(highestRate(null, steering([1, 'concurrency', 80]))).toBeNull();
  });

  it('tells the rates asked for one after another', () => {
    expect(askedRateText(60, null)).toBe('60/s');
    expect(askedRateText(60, steering([1, 'rate', 90], [2, 'rate', 0.5]))).toBe(
      '60/s, then 90/s, then 0.5/s',
    );
    const many = [1, 2, 3, 4].map((n): Sketch => [n, 'rate', n * 8]);
    expect(askedRateText(60, steering(...many))).toBe('8 to 60/s');
  });

  it.each<[marks: readonly Sketch[], text: string]>([
    [[[1, 'rate', 80]], 'the rate was changed by hand to 80/s'],
    [
      [
        [1, 'rate', 80],
        [2, 'rate', 20],
        [3, 'pause'],
        [6.1, 'resume'],
      ],
      'the rate was changed by hand to 80/s and 20/s, issuing was paused for 3.10 s',
    ],
    [
      [1, 2, 3, 4, 5].map((n): Sketch => [n, 'concurrency', n * 8]),
      'the concurrency was changed by hand 5 times, to 8 to 40',
    ],
    [
      [
        [1, 'pause'],
        [2, 'resume'],
        [3, 'pause'],
        [4, 'resume'],
      ],
      'issuing was paused 2 times, for 2.00 s',
    ],
  ])('%j reads %s', (marks, text) => {
    expect(steeringText(steering(...marks)!)).toBe(text);
  });
});
