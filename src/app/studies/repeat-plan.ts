import { shuffledCells } from '../../studies/designs.ts';
import { repeatConclusions } from '../../studies/repeat-text.ts';
import { FixedPlan } from './fixed-plan.ts';
import type { RunFlags } from './run-flags.ts';
import type { StudyPlan } from './study-plan.ts';
import type { RepeatQuestion } from './study-question.ts';

/** The same run several times: a sweep over nothing. */
export function repeatPlan({ repeat }: RepeatQuestion, flags: RunFlags): StudyPlan {
  const combinations = [[]];
  return new FixedPlan({
    ...{ factors: [], combinations, cells: shuffledCells([], combinations, repeat, 0), flags },
    conclude: repeatConclusions,
  });
}
