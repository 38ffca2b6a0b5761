import { type Cell, type Combination, combinationText, groupKey } from '../../studies/designs.ts';
import type { Factor } from '../../studies/factor.ts';
import { meanOfRuns } from '../../studies/run-means.ts';
import { isSaturated } from '../../studies/saturation.ts';
import type { CellResult } from '../../studies/study-result.ts';
import { type RunFlags, withFactor } from './run-flags.ts';
import type { NextStep, StudyPlan } from './study-plan.ts';

export interface FixedPlanOptions {
  readonly factors: readonly Factor[];
  readonly combinations: readonly Combination[];
  /** In the order in which they run. */
  readonly cells: readonly Cell[];
  readonly flags: RunFlags;
  readonly gpus?: number | undefined;
  /** The factor that is the load, to stop raising it once the server is saturated; the cells rise in it. */
  readonly saturatedBy?: number | undefined;
  readonly conclude: (results: readonly CellResult[]) => readonly string[];
}

const SATURATED = 'throughput no longer rose at a lower load';

/** A study whose cells are known from the start. */
export class FixedPlan implements StudyPlan {
  readonly gpus: number | undefined;
  readonly #options: FixedPlanOptions;

  constructor(options: FixedPlanOptions) {
    this.#options = options;
    this.gpus = options.gpus;
  }

  factors(): readonly Factor[] {
    return this.#options.factors;
  }

  cells(): readonly Cell[] {
    return this.#options.cells;
  }

  combinations(): readonly Combination[] {
    return this.#options.combinations;
  }

  next(results: ReadonlyMap<string, CellResult>): NextStep | undefined {
    const cell = this.#options.cells.find(({ id }) => !results.has(id));
    if (cell === undefined) return undefined;
    return this.#isBeyondSaturation(cell, results)
      ? { kind: 'skip', cell, reason: SATURATED }
      : { kind: 'run', cell };
  }

  flagsOf({ values }: Cell): RunFlags {
    return this.#options.factors.reduce(
      (flags, { name }, i) => withFactor(flags, name, values[i]!),
      this.#options.flags,
    );
  }

  textOf({ values }: Cell): string {
    return combinationText(this.#options.factors, values);
  }

  conclusions(results: readonly CellResult[]): readonly string[] {
    return this.#options.conclude(results);
  }

  /** Some load below that of the cell, with the same other settings, had no more throughput than the load before it. */
  #isBeyondSaturation(cell: Cell, results: ReadonlyMap<string, CellResult>): boolean {
    const { saturatedBy: loadIndex, cells } = this.#options;
    if (loadIndex === undefined) return false;
    const key = groupKey(cell.values, loadIndex);
    const group = cells.filter(({ values }) => groupKey(values, loadIndex) === key);
    const loads = [...new Set(group.map(({ values }) => values[loadIndex]!))];
    const lower = loads.slice(0, loads.indexOf(cell.values[loadIndex]!));
    const throughputs = lower.map((load) =>
      meanOfRuns(
        group
          .filter(({ values }) => values[loadIndex] === load)
          .flatMap(({ id }) => {
            const { output_tokens_per_second: tokens, requests_per_second: requests } =
              results.get(id)?.figures ?? {};
            return tokens ?? requests ?? [];
          }),
      ),
    );
    return throughputs.some((after, i) => {
      const before = throughputs[i - 1];
      return after !== null && before !== null && before !== undefined && isSaturated(before, after);
    });
  }
}
