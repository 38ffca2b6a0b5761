import { describe, expect, it } from 'vitest';
import { DURATIONS_ALLOWED, parseDurations } from './durations.ts';

describe('spans of time as people write them', () => {
  it.each([
    ['2s', { kind: 'fixed', ms: 2000 }],
    [' 1.5m ', { kind: 'fixed', ms: 90_000 }],
    ['fixed:250ms', { kind: 'fixed', ms: 250 }],
    ['uniform:1s,3s', { kind: 'uniform', leastMs: 1000, mostMs: 3000 }],
    ['uniform:1s,1s', { kind: 'uniform', leastMs: 1000, mostMs: 1000 }],
    ['exponential:5s', { kind: 'exponential', meanMs: 5000 }],
    ['lognormal:2s,0.5', { kind: 'lognormal', medianMs: 2000, sigma: 0.5 }],
    ['lognormal:2s, 0', { kind: 'lognormal', medianMs: 2000, sigma: 0 }],
  ])('%s', (text, expected) => {
    expect(parseDurations(text)).toEqual(expected);
  });

  it.each([
    ...['', '2', '0', '0s', '-1s', 'fixed', 'fixed:', 'fixed:2', 'fixed:1s,2s', 'uniform:1s'],
    ...['uniform:3s,1s', 'uniform:1s,2s,3s', 'lognormal:2s', 'lognormal:2s,-1', 'lognormal:2s,6'],
    ...['lognormal:2s,1s', 'exponential:1s,1', 'gauss:1s', 'constructor:1s'],
  ])('%j is none', (text) => {
    expect(parseDurations(text)).toBeUndefined();
  });

  it('what is allowed names each form', () => {
    for (const name of ['fixed', 'uniform', 'exponential', 'lognormal']) {
      expect(DURATIONS_ALLOWED).toContain(`${name}:`);
    }
  });
});
