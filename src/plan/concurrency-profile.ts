import { InferometerError } from '../core/errors.ts';

/** A stretch of a phase in which the number of samples in flight goes evenly from one whole number to another, or stays. */
export interface ConcurrencyStage {
  readonly forNs: number;
  /** At its beginning and at its end; 0 is a pause. */
  readonly from: number;
  readonly to: number;
}

/**
 * A concurrency over time. A ramp goes in whole steps: at the time when the straight line reaches a whole number, up or down, that number
 * holds. Pure; both ways to ask use one formula.
 *
 * Throws `INFEROMETER_PLAN_CONCURRENCY` (input) for stages that can't be followed, or never have a sample in flight.
 */
export class ConcurrencyProfile {
  readonly totalNs: number;
  /** The most at any time. */
  readonly highest: number;
  readonly stages: readonly ConcurrencyStage[];

  constructor(stages: readonly ConcurrencyStage[]) {
    stages.forEach(checkStage);
    this.stages = stages;
    this.totalNs = stages.reduce((sum, { forNs }) => sum + forNs, 0);
    this.highest = stages.reduce((most, { from, to }) => Math.max(most, from, to), 0);
    if (this.highest === 0)
      throw concurrencyError('the stages have no sample: one needs a concurrency above 0');
  }

  /** Samples in flight at most at a time; behind the last stage, as at its end. Takes a step for each stage. */
  at(ns: number): number {
    let startNs = 0;
    for (const stage of this.stages) {
      if (ns < startNs + stage.forNs) return valueOf(stage, stepsUntil(stage, ns - startNs));
      startNs += stage.forNs;
    }
    return this.stages.at(-1)!.to;
  }
}

/** The changes of a concurrency over time, one after another, in constant memory. */
export class ConcurrencySteps {
  /** When the next change comes; Infinity for none. */
  atNs = Infinity;
  /** What holds from then on. */
  concurrency: number;
  readonly #stages: readonly ConcurrencyStage[];
  #stage = 0;
  #stageStartNs = 0;
  /** Of the stage: the next one, from 1; 0 is its beginning. */
  #step = 1;

  /** The first change is the first one after the beginning. */
  constructor({ stages }: ConcurrencyProfile) {
    this.#stages = stages;
    this.concurrency = stages[0]!.from;
    this.advance();
  }

  /** Goes on to the change behind the next. */
  advance(): void {
    for (;;) {
      const stage = this.#stages[this.#stage];
      if (stage === undefined) {
        this.atNs = Infinity;
        return;
      }
      if (this.#step <= stepsOf(stage)) {
        const isChange = valueOf(stage, this.#step) !== this.concurrency;
        this.atNs = this.#stageStartNs + timeOf(stage, this.#step);
        this.concurrency = valueOf(stage, this.#step);
        this.#step += 1;
        if (isChange) return;
      } else {
        this.#stage += 1;
        this.#stageStartNs += stage.forNs;
        this.#step = 0;
      }
    }
  }
}

function stepsOf({ from, to }: ConcurrencyStage): number {
  return Math.abs(to - from);
}

/** When a step of a stage comes, since the stage began. */
function timeOf(stage: ConcurrencyStage, step: number): number {
  return step === 0 ? 0 : (stage.forNs * step) / stepsOf(stage);
}

function stepsUntil(stage: ConcurrencyStage, ns: number): number {
  const steps = stepsOf(stage);
  const found = Math.floor((ns * steps) / stage.forNs);
  // The product may be rounded to the other side of a whole number.
  if (found < steps && timeOf(stage, found + 1) <= ns) return found + 1;
  return found > 0 && timeOf(stage, found) > ns ? found - 1 : found;
}

function valueOf({ from, to }: ConcurrencyStage, step: number): number {
  return to >= from ? from + step : from - step;
}

function checkStage({ forNs, from, to }: ConcurrencyStage): void {
  const fits = [from, to].every((value) => Number.isInteger(value) && value >= 0);
  if (fits && forNs > 0 && Number.isFinite(forNs)) return;
  throw concurrencyError(
    `a stage must take time and have whole numbers from 0 up (got ${from} to ${to} over ${forNs} ns)`,
  );
}

function concurrencyError(what: string): InferometerError {
  return new InferometerError('INFEROMETER_PLAN_CONCURRENCY', 'input', `concurrency: ${what}`);
}
