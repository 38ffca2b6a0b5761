import type { Cell, Combination } from '../../studies/designs.ts';
import type { Factor } from '../../studies/factor.ts';
import { skippedCell } from './cell-results.ts';
import type { CellResult } from '../../studies/study-result.ts';
import type { RunFlags } from './run-flags.ts';

/** What a study does next. */
export type NextStep =
  | { readonly kind: 'run'; readonly cell: Cell }
  | { readonly kind: 'skip'; readonly cell: Cell; readonly reason: string };

/** Which cells a study has, told from the results so far alone: whoever resumes it goes on where it was. */
export interface StudyPlan {
  /** With the values that it has come to so far. */
  factors(results: ReadonlyMap<string, CellResult>): readonly Factor[];
  readonly gpus: number | undefined;
  /** All cells as far as they are known, in order. */
  cells(results: ReadonlyMap<string, CellResult>): readonly Cell[];
  /** Undefined when the study is complete. `results` has a cell once it is done, failed or skipped. */
  next(results: ReadonlyMap<string, CellResult>): NextStep | undefined;
  /** In the order of the table. */
  combinations(results: ReadonlyMap<string, CellResult>): readonly Combination[];
  flagsOf(cell: Cell): RunFlags;
  /** What a cell is, for a line of progress: `concurrency 4, input 512`. */
  textOf(cell: Cell): string;
  /** What it came to, a sentence each. */
  conclusions(results: readonly CellResult[]): readonly string[];
}

/** Plays a plan against the results that are there: the cells that it skips by them, and the first that it needs. */
export function settled(
  plan: StudyPlan,
  done: ReadonlyMap<string, CellResult>,
): ReadonlyMap<string, CellResult> {
  const results = new Map(done);
  for (;;) {
    const step = plan.next(results);
    if (step?.kind !== 'skip') return results;
    const { cell, reason } = step;
    results.set(cell.id, skippedCell(cell, reason));
  }
}
