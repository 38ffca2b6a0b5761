import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ATTACKS, type AttackName } from './attacks.ts';

const directory = join(import.meta.dirname, 'failed');

it('no round that `npm run attack` saved as failed fails again', async () => {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const { attack, seed } = JSON.parse(readFileSync(join(directory, name), 'utf8')) as {
      readonly attack: AttackName;
      readonly seed: number;
    };
    const { failures, input } = await ATTACKS[attack](seed, 5000);
    expect(failures, `${name}: ${JSON.stringify(input)}`).toEqual([]);
  }
});
