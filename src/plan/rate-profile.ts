import { InferometerError } from '../core/errors.ts';
import { NS_PER_SECOND } from '../core/time.ts';

/** A stretch of a phase in which the rate changes evenly from one value to another, or stays. */
export interface RateStage {
  /** How long it takes, ns; Infinity for one that lasts to the end of the phase. */
  readonly forNs: number;
  /** Arrivals a second at its beginning and at its end; 0 is a pause. */
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
}

/** The stages of a phase at one rate. */
export function steadyRate(ratePerSecond: number): readonly RateStage[] {
  return [{ forNs: Infinity, fromPerSecond: ratePerSecond, toPerSecond: ratePerSecond }];
}

/** The one rate of the stages, or undefined when it changes. */
export function onlyRateOf(stages: readonly RateStage[]): number | undefined {
  const [first] = stages;
  return stages.length === 1 && first!.forNs === Infinity ? first!.fromPerSecond : undefined;
}

/**
 * The target rate λ(t) of a phase, piecewise linear, and its integral Λ(t): how many arrivals are expected until t. Arrival processes run in
 * expected arrivals; this says when that is.
 *
 * Both directions are closed forms of the stage they fall into, which is found by bisection: no steps, no error that adds up. Behind the last
 * stage there are no arrivals. Throws `INFEROMETER_PLAN_RATE` (input) for stages without any arrival, or with a rate below 0.
 */
export class RateProfile {
  /** Of all stages, ns; Infinity when the last one has no end. */
  readonly totalNs: number;
  /** Arrivals expected in all. */
  readonly totalCount: number;
  readonly #stages: readonly RateStage[];
  /** Where each stage begins. */
  readonly #startNs: Float64Array;
  readonly #startCount: Float64Array;

  constructor(stages: readonly RateStage[]) {
    this.#stages = stages;
    this.#startNs = new Float64Array(stages.length);
    this.#startCount = new Float64Array(stages.length);
    let ns = 0;
    let count = 0;
    for (const [index, stage] of stages.entries()) {
      checkStage(stage);
      this.#startNs[index] = ns;
      this.#startCount[index] = count;
      ns += stage.forNs;
      count += countIn(stage, stage.forNs);
    }
    this.totalNs = ns;
    this.totalCount = count;
    if (!(count > 0)) throw rateError('the stages have no arrival: one needs a rate above 0');
  }

  /** Arrivals expected from 0 to a time. */
  countAt(ns: number): number {
    const index = lastNotAbove(this.#startNs, ns);
    const stage = this.#stages[index]!;
    return this.#startCount[index]! + countIn(stage, Math.min(ns - this.#startNs[index]!, stage.forNs));
  }

  /** Arrivals a second at a time; 0 behind the last stage. */
  rateAt(ns: number): number {
    const index = lastNotAbove(this.#startNs, ns);
    const { forNs, fromPerSecond, toPerSecond } = this.#stages[index]!;
    const goneNs = ns - this.#startNs[index]!;
    if (goneNs >= forNs) return 0;
    return forNs === Infinity
      ? fromPerSecond
      : fromPerSecond + ((toPerSecond - fromPerSecond) * goneNs) / forNs;
  }

  /**
   * When so many arrivals are expected, ns; Infinity when it is never. At the border of a pause it is the pause's end.
   * @hot
   */
  timeOf(count: number): number {
    if (count >= this.totalCount) return Infinity;
    const index = lastNotAbove(this.#startCount, count);
    const { forNs, fromPerSecond, toPerSecond } = this.#stages[index]!;
    const left = (count - this.#startCount[index]!) * NS_PER_SECOND;
    const startNs = this.#startNs[index]!;
    if (fromPerSecond === toPerSecond) return startNs + left / fromPerSecond;
    // The root of r·t + s·t²/2 = left that does not cancel, whichever way the ramp goes.
    const slope = (toPerSecond - fromPerSecond) / forNs;
    const root = Math.sqrt(Math.max(0, fromPerSecond * fromPerSecond + 2 * slope * left));
    const divisor = fromPerSecond + root;
    return divisor > 0 ? startNs + Math.min(forNs, (2 * left) / divisor) : startNs;
  }
}

function countIn({ forNs, fromPerSecond, toPerSecond }: RateStage, ns: number): number {
  if (fromPerSecond === toPerSecond) return fromPerSecond === 0 ? 0 : (fromPerSecond * ns) / NS_PER_SECOND;
  const there = fromPerSecond + ((toPerSecond - fromPerSecond) * ns) / forNs;
  return (((fromPerSecond + there) / 2) * ns) / NS_PER_SECOND;
}

/** The last of some ascending numbers that is not above a value: behind equal ones, which are pauses. */
function lastNotAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (ascending[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function checkStage({ forNs, fromPerSecond, toPerSecond }: RateStage): void {
  const rates = [fromPerSecond, toPerSecond];
  if (!(forNs > 0) || rates.some((rate) => !Number.isFinite(rate) || rate < 0)) {
    throw rateError(
      `a stage must take time and have rates from 0 up (got ${rates.join(' to ')} a second over ${forNs} ns)`,
    );
  }
  if (forNs === Infinity && fromPerSecond !== toPerSecond)
    throw rateError('a stage without an end must have one rate');
}

function rateError(what: string): InferometerError {
  return new InferometerError('INFEROMETER_PLAN_RATE', 'input', `arrival rate: ${what}`);
}
