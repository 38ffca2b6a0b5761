import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ATTACKS, type AttackName } from './attacks.ts';

const directory = join(import.meta.dirname, 'failed');
const names = existsSync(directory) ? readdirSync(directory) : [];

it.each(['none', ...names])('a round that once failed does not again: %s', async (name) => {
  if (name === 'none') return;
  const { attack, seed } = JSON.parse(readFileSync(join(directory, name), 'utf8')) as {
    readonly attack: AttackName;
    readonly seed: number;
  };
  const { failures, input } = await ATTACKS[attack](seed, 5000);
  expect(failures, JSON.stringify(input)).toEqual([]);
});
