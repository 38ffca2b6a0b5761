import { expect, test } from 'vitest';
import { createSyntheticDataset } from './synthetic.ts';

const options = { rowCount: 500, medianWords: 40, sigma: 0.6, maxWords: 150, seed: 11 };
const wordCounts = (rows: readonly { prompt?: unknown }[]) =>
  rows.map(({ prompt }) => String(prompt).split(' ').length);

test('is unique prompts of the lengths asked for', () => {
  const { rows } = createSyntheticDataset(options);
  const counts = wordCounts(rows).sort((a, b) => a - b);
  expect(new Set(rows.map(({ prompt }) => prompt)).size).toBe(500);
  expect(counts[0]).toBeGreaterThanOrEqual(2);
  expect(counts.at(-1)).toBe(150);
  expect(Math.abs(counts[250]! - 40)).toBeLessThan(5);
});

test('is the same for the same seed and another for another', () => {
  expect(createSyntheticDataset(options)).toEqual(createSyntheticDataset(options));
  expect(createSyntheticDataset({ ...options, seed: 12 }).rows).not.toEqual(
    createSyntheticDataset(options).rows,
  );
});

test('has no spread without sigma', () => {
  expect(new Set(wordCounts(createSyntheticDataset({ ...options, sigma: 0 }).rows))).toEqual(new Set([40]));
});

test.each([{ rowCount: 0 }, { rowCount: 1.5 }, { medianWords: 0 }, { sigma: -1 }, { maxWords: 1 }])(
  'refuses %j',
  (part) => {
    expect(() => createSyntheticDataset({ ...options, ...part })).toThrow('needs at least one row');
  },
);
