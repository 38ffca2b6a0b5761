import { expect, test } from 'vitest';
import { DAMAGE_OPERATORS, logDamageRound } from './log-damage.ts';

// Each operator once and once more; other seeds find what they find in a longer run.
test('every reader says of a damaged log what the report says', async () => {
  expect(await logDamageRound(1, 2 * DAMAGE_OPERATORS.length)).toEqual([]);
});
