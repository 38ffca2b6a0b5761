import { expect, test } from 'vitest';
import { ErrorTally } from './error-tally.ts';

test('counts by type, most frequent first, with the first message as example', () => {
  const tally = new ErrorTally();
  tally.add('a', 'first a');
  tally.add('b', 'first b');
  tally.add('b', 'second b');
  expect(tally.counts()).toEqual([
    { type: 'b', count: 2, example: 'first b' },
    { type: 'a', count: 1, example: 'first a' },
  ]);
});

test('is bounded: from the 101st type on they count together, and nothing is lost', () => {
  const tally = new ErrorTally();
  for (let i = 0; i < 500; i++) tally.add(`type ${i}`, 'm'.repeat(10_000));
  tally.add('type 7', 'again');
  const counts = tally.counts();
  expect(counts).toHaveLength(101);
  expect(counts[0]).toMatchObject({ type: 'other', count: 400 });
  expect(counts[1]).toMatchObject({ type: 'type 7', count: 2 });
  expect(counts[1]!.example.length).toBeLessThanOrEqual(500);
});
