import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Draws } from './draws.ts';
import { fuzz } from './fuzz.ts';
import { FUZZ_TARGETS } from './targets.ts';

const RUNS = 3000;

/** An input that once broke a promise, as `npm run fuzz` saves it. */
interface Saved {
  readonly target: string;
  readonly seed: number;
  readonly bytes: string;
}

describe.each(Object.keys(FUZZ_TARGETS))('%s', (name) => {
  it('keeps its promises for changed inputs', async () => {
    const { broken } = fuzz(await FUZZ_TARGETS[name]!(), { seed: 20_261_130, runs: RUNS });
    if (broken !== undefined)
      throw new Error(`input ${JSON.stringify(broken.bytes.toString('latin1'))}`, { cause: broken.error });
  });
});

describe('what broke a promise once', () => {
  const directory = join(import.meta.dirname, 'broken');
  const names = readdirSync(directory);
  it.each(names)('does not again: %s', async (name) => {
    const { target, seed, bytes } = JSON.parse(readFileSync(join(directory, name), 'utf8')) as Saved;
    const { check } = await FUZZ_TARGETS[target]!();
    check(Buffer.from(bytes, 'base64'), new Draws(seed));
  });
});

it('finds a promise that is broken, and ends there', () => {
  const { broken, runs } = fuzz(
    {
      seeds: ['data'],
      words: ['needle'],
      check: (bytes) => expect(bytes.includes('needle')).toBe(false),
    },
    { seed: 1, runs: 10_000 },
  );
  expect(runs).toBeLessThan(10_000);
  expect(broken?.bytes.toString('latin1')).toContain('needle');
});
