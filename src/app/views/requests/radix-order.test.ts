import { expect, it } from 'vitest';
import { descendingKey, floatKey, LAST_KEY, sortByKeys } from './radix-order.ts';

const VALUES = [3.5, -2, 0, NaN, 1e12, -1e-9, 3.5, 7e-40, NaN, -1e12].map((value) => Math.fround(value));
const positions = () => Uint32Array.from(VALUES, (_, i) => i);
const valuesIn = (order: Uint32Array) => Array.from(order, (position) => VALUES[position]);

it('sorts numbers, those that are equal in the order they had and NaN last', async () => {
  const order = await sortByKeys(positions(), (position) => floatKey(VALUES[position]!));
  const known = VALUES.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  expect(valuesIn(order)).toEqual([...known, NaN, NaN]);
  expect([...order].filter((position) => VALUES[position] === 3.5)).toEqual([0, 6]);
  expect([...order].slice(-2)).toEqual([3, 8]);
});

it('sorts the other way with NaN last too', async () => {
  const order = await sortByKeys(positions(), (position) => descendingKey(floatKey(VALUES[position]!)));
  const known = VALUES.filter((value) => !Number.isNaN(value)).toSorted((a, b) => b - a);
  expect(valuesIn(order)).toEqual([...known, NaN, NaN]);
});

it('uses all 32 bits of a key', async () => {
  const keys = Uint32Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2_654_435_761));
  const order = await sortByKeys(
    keys.map((_, i) => i),
    (position) => keys[position]!,
  );
  const sorted = keys.toSorted();
  expect(order.every((position, i) => keys[position] === sorted[i])).toBe(true);
  expect(descendingKey(LAST_KEY)).toBe(LAST_KEY);
});
