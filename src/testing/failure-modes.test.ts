import { expect, test } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { checkFailureModes, drawFailure, parseFailureMode } from './failure-modes.ts';

test('reads a kind and its probability', () => {
  expect(parseFailureMode('status:503=0.25')).toEqual({ kind: 'status', status: 503, probability: 0.25 });
  expect(parseFailureMode('cut=1e-3')).toEqual({ kind: 'cut', status: 200, probability: 0.001 });
});

test.each([
  '',
  'cut',
  'cut=',
  'cut=2',
  'cut=-0.1',
  'cut=x',
  'status=0.1',
  'status:200=0.1',
  'status:999=0.1',
  'toString=0.1',
  'cut:5=0.1',
])('refuses "%s"', (text) => {
  expect(() => parseFailureMode(text)).toThrow(`must be KIND=PROBABILITY`);
});

test('refuses probabilities of more than 1 in all', () => {
  const modes = ['cut=0.5', 'reset=0.4'].map(parseFailureMode);
  expect(() => checkFailureModes(modes)).not.toThrow();
  expect(() => checkFailureModes([...modes, parseFailureMode('stall=0.2')])).toThrow(
    'add up to at most 1 (got 1.1',
  );
});

test('draws each mode as often as it should', () => {
  const modes = ['cut=0.2', 'reset=0.05'].map(parseFailureMode);
  const random = new RandomSource(9);
  const drawn = Array.from({ length: 10_000 }, () => drawFailure(modes, random)?.kind ?? 'none');
  const share = (kind: string) => drawn.filter((other) => other === kind).length / drawn.length;
  expect(Math.abs(share('cut') - 0.2)).toBeLessThan(0.02);
  expect(Math.abs(share('reset') - 0.05)).toBeLessThan(0.01);
  expect(Math.abs(share('none') - 0.75)).toBeLessThan(0.02);
});

test('without modes takes nothing from the random source', () => {
  const random = new RandomSource(9);
  expect(drawFailure([], random)).toBeUndefined();
  expect(random.next32()).toBe(new RandomSource(9).next32());
});
