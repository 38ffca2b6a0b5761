import { describe, expectTypeOf, it } from 'vitest';
import type { DifferenceJudgement } from '../compare/simultaneous-intervals.ts';
import type { Judgement } from './results.ts';

describe('Judgement', () => {
  // The compiler checks this; nothing happens when it runs.
  it('has every judgement that a comparison can come to', () => {
    expectTypeOf<Judgement>().toEqualTypeOf<DifferenceJudgement>();
  });
});
