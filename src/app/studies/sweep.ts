import {
  type Cell,
  type Combination,
  gridOf,
  latinHypercubeOf,
  risingCells,
  shuffledCells,
} from '../../studies/designs.ts';
import { FACTOR_ALLOWED, type Factor, factorNumber, parseFactor } from '../../studies/factor.ts';
import { countedText } from '../../core/quantity-text.ts';
import { paretoText } from '../../studies/sweep-conclusions.ts';
import { FixedPlan } from './fixed-plan.ts';
import { factorFault, type RunFlags } from './run-flags.ts';
import type { StudyPlan } from './study-plan.ts';
import { MOST_CELLS, type SweepQuestion } from './study-question.ts';

/** Settings that raise the load. */
const LOADS: readonly string[] = ['concurrency', 'rate'];

/** Makes the error of something that a sweep can't do; `place` says which of its settings. */
export type Refuse = (place: keyof SweepQuestion, what: string) => Error;

/** The cells of a sweep. `flags`: those of the question, with their secrets. Throws what `refuse` makes. */
export function sweepPlan(question: SweepQuestion, flags: RunFlags, refuse: Refuse): StudyPlan {
  const { over, design, repeat, study_seed: seed, gpus, stop_after_saturation: stops } = question;
  const factors = factorsOf(over, flags, refuse);
  const saturatedBy = stops ? loadIndexOf(factors, refuse) : undefined;
  const combinations = combinationsOf(question, factors, refuse);
  const count = combinations.length * repeat;
  if (count > MOST_CELLS)
    throw refuse(
      'over',
      `makes ${countedText(count, 'cell')} with --repeat; a study has at most ${MOST_CELLS}`,
    );
  const cells: readonly Cell[] =
    saturatedBy === undefined
      ? shuffledCells(factors, combinations, repeat, seed)
      : risingCells(factors, combinations, repeat, seed, saturatedBy);
  if (design === 'grid' && question.cells !== undefined)
    throw refuse('cells', 'is for --design lhs; a grid has every combination');
  return new FixedPlan({
    ...{ factors, combinations, cells, flags, gpus, saturatedBy },
    conclude: (results) => paretoText(factors, combinations, results, gpus),
  });
}

function factorsOf(over: readonly string[], flags: RunFlags, refuse: Refuse): readonly Factor[] {
  const factors: Factor[] = [];
  for (const text of over) {
    const factor = parseFactor(text);
    if (typeof factor === 'string')
      throw refuse('over', `must be ${FACTOR_ALLOWED} (got "${text}": ${factor})`);
    const { name } = factor;
    const fault = factorFault(name, flags);
    if (fault !== undefined) throw refuse('over', `"${text}": ${name} ${fault}`);
    if (factors.some((one) => one.name === name))
      throw refuse('over', `varies ${name} twice; give all values at once`);
    factors.push(factor);
  }
  return factors;
}

function loadIndexOf(factors: readonly Factor[], refuse: Refuse): number {
  const index = factors.findIndex(({ name }) => LOADS.includes(name));
  if (index === -1)
    throw refuse('stop_after_saturation', 'needs a load to raise: --over concurrency=… or --over rate=…');
  if (factors[index]!.values.some((value) => Number.isNaN(factorNumber(value))))
    throw refuse('over', `${factors[index]!.name} must have numbers`);
  return index;
}

function combinationsOf(
  { design, cells, study_seed: seed }: SweepQuestion,
  factors: readonly Factor[],
  refuse: Refuse,
): readonly Combination[] {
  const size = factors.reduce((product, { values }) => product * values.length, 1);
  if (design === 'lhs') {
    if (cells === undefined) throw refuse('design', 'lhs needs --cells, the number of combinations to draw');
    // Few values may be drawn together twice.
    const drawn = latinHypercubeOf(factors, cells, seed).map((one) => JSON.stringify(one));
    return [...new Set(drawn)].map((one) => JSON.parse(one) as Combination);
  }
  if (size > MOST_CELLS)
    throw refuse(
      'over',
      `makes a grid of ${countedText(size, 'combination')}; a study has at most ${MOST_CELLS} cells (or use --design lhs)`,
    );
  return gridOf(factors);
}
