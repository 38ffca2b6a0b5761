import { expect, test } from 'vitest';
import { DAMAGE_OPERATORS, logDamageRound } from './log-damage.ts';

test.each([1, 2, 3])('every reader says of a damaged log what the report says, seed %i', async (seed) => {
  expect(await logDamageRound(seed, 2 * DAMAGE_OPERATORS.length)).toEqual([]);
});
