import { gridOf, risingCells } from '../../studies/designs.ts';
import { quickText } from '../../studies/quick-text.ts';
import { FixedPlan } from './fixed-plan.ts';
import type { RunFlags } from './run-flags.ts';
import type { StudyPlan } from './study-plan.ts';
import type { QuickQuestion } from './study-question.ts';

/** Users at a time: 8 s each, and what a run needs to start and to report, make 60 to 90 s. */
const LOADS = ['1', '2', '4', '8', '16', '32', '64'];

/** A short ramp of users, which ends where throughput no longer rises. */
export function quickPlan({ server, machine }: QuickQuestion, flags: RunFlags): StudyPlan {
  const factors = [{ name: 'concurrency', values: LOADS }];
  const combinations = gridOf(factors);
  return new FixedPlan({
    ...{ factors, combinations, cells: risingCells(factors, combinations, 1, 0, 0), flags, saturatedBy: 0 },
    conclude: (results) => quickText(results, { server, machine }),
  });
}
