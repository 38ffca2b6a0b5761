import { studentTQuantile } from '../stats/student-t.ts';
import type { MetricKey, ResampledMetric, ResampledRun } from './resample.ts';

/**
 * What may be said of a difference. `worse`, `better`: surely by more than the margin. `equivalent`: surely within it.
 * `slightly_worse`, `slightly_better`: surely there, perhaps within the margin. `indistinct`: neither a difference nor
 * equivalence is shown; more samples would tell. `as_asked`: a rate of runs that were asked for different loads, which is neither better nor worse.
 */
export type DifferenceJudgement =
  'worse' | 'slightly_worse' | 'indistinct' | 'equivalent' | 'slightly_better' | 'better' | 'as_asked';

/** How a value differs from the baseline's. */
export interface ValueDifference {
  readonly baseline: number;
  readonly value: number;
  /** Of shares in percentage points / 100, of all others relative to the baseline: 0.05 is 5 % more. */
  readonly difference: number;
  /** Where the difference really lies; of all that are compared at once, with the chosen confidence. */
  readonly low: number;
  readonly high: number;
  /** The end of the interval that is worse for the user, positive when worse than the baseline. */
  readonly atWorst: number;
  readonly judgement: DifferenceJudgement;
}

export interface MetricDifference extends ValueDifference {
  readonly key: MetricKey;
}

export interface Comparison {
  readonly differences: readonly MetricDifference[];
  /** The worst that may be said of any metric; `equivalent` only when it may be said of all. */
  readonly judgement: DifferenceJudgement;
  /** Blocks of the run that has fewer. */
  readonly blockCount: number;
  /** Too few blocks to know how much runs differ by chance. */
  readonly tooShort: boolean;
}

export interface CompareOptions {
  /** Differences up to this are of no interest: 0.03 for 3 %. */
  readonly margin: number;
  /** Of all statements together: 0.95. */
  readonly confidence: number;
}

/** Of two runs. */
export interface PairOptions extends CompareOptions {
  /** They were asked for different loads: their rates say nothing of the server. */
  readonly isOtherLoad?: boolean;
}

/** Below so many blocks in a run its spread is a guess. */
export const FEWEST_BLOCKS = 7;

const HIGHER_IS_BETTER: readonly MetricKey[] = ['samples_per_second', 'output_tokens_per_second'];

/**
 * How `run` differs from `baseline`, metric by metric.
 *
 * Every interval has the same width in standard errors, chosen so that all of them hold at once with the confidence asked for (the
 * distribution of the largest deviation over the replicates: Romano and Wolf, Econometrica 73, 2005), widened by Student's t for the
 * number of blocks. So two runs of the same thing differ nowhere as often as the confidence says.
 */
export function compareRuns(
  baseline: ResampledRun,
  run: ResampledRun,
  { margin, confidence, isOtherLoad = false }: PairOptions,
): Comparison {
  const pairs = baseline.metrics.flatMap((before) => {
    const after = run.metrics.find(({ key }) => key === before.key);
    return after === undefined ? [] : [new Pair(before, after)];
  });
  const blockCount = Math.min(baseline.blockCount, run.blockCount);
  const width = commonWidth(pairs, confidence) * smallSampleFactor(blockCount, confidence);
  const differences = pairs.map((pair) => {
    const difference = pair.judge(width, margin);
    const isAsAsked = isOtherLoad && HIGHER_IS_BETTER.includes(difference.key);
    return isAsAsked ? { ...difference, judgement: 'as_asked' as const } : difference;
  });
  return {
    differences,
    judgement: worstOf(differences.map(({ judgement }) => judgement)),
    blockCount,
    tooShort: blockCount < FEWEST_BLOCKS,
  };
}

/** One metric of two runs, on the scale on which they are compared: shares as they are, the rest as logarithms. */
class Pair {
  readonly #before: ResampledMetric;
  readonly #after: ResampledMetric;
  readonly #isShare: boolean;
  readonly #distance: number;
  /** Distances of the replicates from {@link #distance}, and their standard error. */
  readonly #deviations: Float64Array;
  readonly #error: number;

  constructor(before: ResampledMetric, after: ResampledMetric) {
    this.#before = before;
    this.#after = after;
    this.#isShare = before.key === 'error_share';
    this.#distance = this.#distanceOf(before.value, after.value);
    this.#deviations = before.replicates.map(
      (value, i) => this.#distanceOf(value, after.replicates[i]!) - this.#distance,
    );
    this.#error = standardError(this.#deviations);
  }

  get replicateCount(): number {
    return this.#deviations.length;
  }

  /** How far replicate `i` is off, in standard errors. */
  deviation(i: number): number {
    return this.#error === 0 ? 0 : Math.abs(this.#deviations[i]!) / this.#error;
  }

  judge(width: number, margin: number): MetricDifference {
    const reach = width * this.#error;
    const [difference, low, high] = [this.#distance, this.#distance - reach, this.#distance + reach].map(
      (distance) => (this.#isShare ? distance : Math.expm1(distance)),
    ) as [number, number, number];
    const { key } = this.#before;
    const isFlipped = HIGHER_IS_BETTER.includes(key);
    const [atBest, atWorst] = isFlipped ? [-high, -low] : [low, high];
    return {
      ...{ key, baseline: this.#before.value, value: this.#after.value, difference, low, high, atWorst },
      judgement: judge(atBest, atWorst, margin),
    };
  }

  #distanceOf(before: number, after: number): number {
    if (this.#isShare) return after - before;
    // Times of 0 ns, as of chunks that came in one read, have no logarithm.
    return Math.log(Math.max(after, 1e-9) / Math.max(before, 1e-9));
  }
}

/** `atBest` to `atWorst` is how much worse it got. */
export function judge(atBest: number, atWorst: number, margin: number): DifferenceJudgement {
  if (atBest > margin) return 'worse';
  if (atWorst < -margin) return 'better';
  if (atBest >= -margin && atWorst <= margin) return 'equivalent';
  if (atBest > 0) return 'slightly_worse';
  if (atWorst < 0) return 'slightly_better';
  return 'indistinct';
}

/** Standard errors that the largest deviation of any metric stays within, in the share `confidence` of the replicates. */
function commonWidth(pairs: readonly Pair[], confidence: number): number {
  const replicateCount = pairs[0]?.replicateCount ?? 0;
  const largest = Float64Array.from({ length: replicateCount }, (_, i) =>
    pairs.reduce((most, pair) => Math.max(most, pair.deviation(i)), 0),
  ).sort();
  return largest[Math.min(replicateCount - 1, Math.ceil(confidence * replicateCount))] ?? 0;
}

/** Few blocks make the standard error itself uncertain, and too small. */
function smallSampleFactor(blockCount: number, confidence: number): number {
  const probability = (1 + confidence) / 2;
  const degrees = Math.max(1, blockCount - 1);
  const t = studentTQuantile(probability, degrees) / studentTQuantile(probability, 1e6);
  return t * Math.sqrt((degrees + 1) / degrees);
}

/** From worst to best; what is not known for certain counts as worse than what is. */
const BY_SEVERITY: readonly DifferenceJudgement[] = [
  'worse',
  'slightly_worse',
  'indistinct',
  'better',
  'slightly_better',
  'equivalent',
];

/** Of those that say something of the server. */
export function worstOf(judgements: readonly DifferenceJudgement[]): DifferenceJudgement {
  return BY_SEVERITY.find((judgement) => judgements.includes(judgement)) ?? 'indistinct';
}

function standardError(deviations: Float64Array): number {
  const mean = deviations.reduce((sum, value) => sum + value, 0) / deviations.length;
  const squares = deviations.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, deviations.length - 1));
}
