import { describe, expect, it } from 'vitest';
import { studentTQuantile } from './student-t.ts';

describe('studentTQuantile', () => {
  // Abramowitz and Stegun, table 26.10.
  it.each([
    [0.975, 1, 12.706],
    [0.975, 4, 2.776],
    [0.975, 10, 2.228],
    [0.975, 30, 2.042],
    [0.95, 5, 2.015],
    [0.995, 20, 2.845],
    [0.975, 1e7, 1.96],
  ])('at %f with %d degrees is %f', (probability, degrees, t) => {
    expect(studentTQuantile(probability, degrees)).toBeCloseTo(t, 3);
  });

  it('is 0 in the middle', () => {
    expect(studentTQuantile(0.5, 7)).toBeCloseTo(0, 9);
  });

  it('refuses what has no answer', () => {
    expect(() => studentTQuantile(1, 3)).toThrow('probability 1');
    expect(() => studentTQuantile(0.9, 0)).toThrow('0 degrees');
  });
});
