import { expect, it } from 'vitest';
import { closestName } from './closest-name.ts';

const NAMES = ['model', 'dataset', 'load', 'rate_per_second', 'concurrency', 'max_in_flight', 'stages'];

it.each([
  ['lod', 'load'],
  ['modle', 'model'],
  ['data-set', 'dataset'],
  ['concurency', 'concurrency'],
  ['Concurrency', 'concurrency'],
  ['rate', 'rate_per_second'],
  ['in_flight', 'max_in_flight'],
  ['stage', 'stages'],
])('%s is most likely %s', (given, name) => {
  expect(closestName(given, NAMES)).toBe(name);
});

it.each(['', 'x', 'tokenizer', 'seconds'])('"%s" is like nothing', (given) => {
  expect(closestName(given, NAMES)).toBeUndefined();
});
