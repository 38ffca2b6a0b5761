import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logGamma, regularizedIncompleteBeta } from './incomplete-beta.ts';

/** The chance of `a` or more successes in a + b − 1 trials, term by term. */
function binomialTail(a: number, b: number, x: number): number {
  const trials = a + b - 1;
  let tail = 0;
  for (let successes = a; successes <= trials; successes++) {
    let term = 1;
    for (let i = 1; i <= successes; i++) term *= (x * (trials - successes + i)) / i;
    tail += term * (1 - x) ** (trials - successes);
  }
  return tail;
}

describe('logGamma', () => {
  it('is the logarithm of a factorial', () => {
    let logFactorial = 0;
    for (let n = 1; n < 150; n++) {
      expect(logGamma(n)).toBeCloseTo(logFactorial, 11);
      logFactorial += Math.log(n);
    }
  });

  it('is half the logarithm of pi at one half', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 13);
  });
});

describe('regularizedIncompleteBeta', () => {
  it('is a tail of the binomial distribution', () => {
    const shape = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(shape, shape, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (a, b, x) => {
        const expected = binomialTail(a, b, x);
        expect(Math.abs(regularizedIncompleteBeta(a, b, x) - expected)).toBeLessThan(1e-12);
      }),
    );
  });

  it('mirrors itself on either branch', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 500, noNaN: true }),
        fc.double({ min: 1, max: 500, noNaN: true }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (a, b, x) => {
          const sum = regularizedIncompleteBeta(a, b, x) + regularizedIncompleteBeta(b, a, 1 - x);
          expect(Math.abs(sum - 1)).toBeLessThan(1e-10);
        },
      ),
    );
  });

  it('is 0 and 1 at the ends, and about a half in the middle of five million', () => {
    expect(regularizedIncompleteBeta(2, 3, 0)).toBe(0);
    expect(regularizedIncompleteBeta(2, 3, 1)).toBe(1);
    const middle = regularizedIncompleteBeta(5e6, 5e6, 0.5);
    expect(middle).toBeGreaterThan(0.4);
    expect(middle).toBeLessThan(0.6);
  });
});
