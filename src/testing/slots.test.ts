import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

test('an answer waits for the place that is free first', () => {
  const slots = new Slots(2);
  expect(slots.take(0, 100)).toBe(0);
  expect(slots.take(10, 50)).toBe(0);
  expect(slots.take(20, 10)).toBe(40);
  expect(slots.take(20, 10)).toBe(50);
  expect(slots.take(500, 10)).toBe(0);
});
