import { normalTail } from './normal-tail.ts';
import { changePoint } from './change-point.ts';
import { hamedRao, medianOf, senSlope } from './trend.ts';
import { coefficientOfVariation } from './variation.ts';

/** Without so many values the tests tell nothing. */
export const FEWEST_STEADY = 20;
/** A window that leaves out more of a run than this leaves is not its steady state. */
export const LEAST_STEADY_SHARE = 0.4;
/** A ramp at the start may take so much of a run at most, and one at the end. */
const MOST_HEAD_SHARE = 0.5;
const MOST_TAIL_SHARE = 0.4;
/** Of each test of a series: there are two for each of some four series, and the correction for dependence is an estimate itself. */
const SIGNIFICANCE = 0.001;
/** How far values may depend on each other, as a share of their number. */
const LAG_SHARE = 0.05;
/** A ramp differs from what comes after it by at least this many standard errors. */
const RAMP_ERRORS = 5;
/** What is significant and smaller than these is of no consequence. */
const LEAST_DRIFT = 0.05;
const LEAST_STEP = 0.1;
/** Over batches, so that the noise of single values averages out. */
const MOST_VARIATION = 0.25;
const VARIATION_BATCHES = 10;

/** What the tests say of one series over a window. */
export interface SeriesSteadiness {
  /** By how much it goes up or down over the window, as a share of its median. */
  readonly drift: number;
  readonly driftP: number;
  /** By how much the level after the change point is higher than before it, as a share of the median, and where that is: an index of the window. */
  readonly step: number;
  readonly stepP: number;
  readonly stepAt: number;
  /** Coefficient of variation of the means of ten batches. */
  readonly variation: number;
}

export type Unsteadiness = 'too_short' | 'drift' | 'step' | 'variation' | 'ramp';

/** Where series are steady, or why they are not. */
export type SteadyWindow = {
  /** Of the values: from the first to below the last. Where none is found, the window that was looked at last. */
  readonly from: number;
  readonly to: number;
  /** In the order of the series. */
  readonly series: readonly SeriesSteadiness[];
} & (
  { readonly found: true } | { readonly found: false; readonly why: Unsteadiness; readonly culprit: number }
);

/**
 * Cuts what comes before and after the steady state of series of equal length off, and tests what is left.
 *
 * The ramps at both ends are cut where a line and a level behind it fit best (least squares), by the series that needs most; a series that a line through all of it fits as well has no ramp, but a drift. Then, for each series: a change of level (Pettitt, with the variance of dependent values) that leaves enough on one side is cut, too; a trend (Mann–Kendall
 * with the correction of Hamed and Rao), a change of level, or batches that differ too much mean that there is no steady state. A drift must be more than 5 % of the median
 * over the window, and a change of level more than 10 %, to matter. At most some ms for 120 values.
 */
export function steadyWindow(series: readonly (readonly number[])[]): SteadyWindow {
  const count = series[0]?.length ?? 0;
  if (count < FEWEST_STEADY) return none(series, 0, count, 'too_short', 0);
  const fewest = Math.max(FEWEST_STEADY, Math.ceil(LEAST_STEADY_SHARE * count));
  const mostHead = Math.floor(MOST_HEAD_SHARE * count);
  const mostTail = Math.floor(MOST_TAIL_SHARE * count);
  // Without what may be the other ramp.
  const heads = series.map((values) => rampLength(values.slice(0, count - mostTail), mostHead));
  const tails = series.map((values, i) => rampLength(values.slice(heads[i]).reverse(), mostTail));
  for (const [i, values] of series.entries()) {
    if (!isRatherLine(values, heads[i]!, count - tails[i]!)) continue;
    const why = worst(values);
    if (why !== undefined) return none(series, 0, count, why, i);
    heads[i] = tails[i] = 0;
  }
  let from = Math.max(...heads);
  let to = count - Math.max(...tails);
  if (to - from < fewest) {
    const culprit = count - to > from ? tails.indexOf(count - to) : heads.indexOf(from);
    return none(series, 0, count, worst(series[culprit]!) ?? 'ramp', culprit);
  }
  for (;;) {
    const cut = stepToCut(series, from, to, fewest);
    if (cut === undefined) break;
    if (cut - from < to - cut) from = cut;
    else to = cut;
  }
  const tested = series.map((values) => steadinessOf(values.slice(from, to)));
  for (const [culprit, one] of tested.entries()) {
    const why = faultOf(one);
    if (why !== undefined) return { from, to, series: tested, found: false, why, culprit };
  }
  return { from, to, series: tested, found: true };
}

/** What the tests say of a series. */
export function steadinessOf(values: readonly number[]): SeriesSteadiness {
  const median = medianOf(Float64Array.from(values));
  const { z, correction } = hamedRao(values, Math.ceil(LAG_SHARE * values.length));
  // Dependence that would make the tests surer is left out of account.
  const inflation = Math.max(1, correction);
  const driftP = 2 * normalTail(Math.abs(z) * Math.sqrt(correction / inflation));
  const change = changePoint(values, inflation);
  const stepAt = change?.after ?? 0;
  const step = meanOf(values.slice(stepAt)) - meanOf(values.slice(0, stepAt));
  const share = (amount: number) => (median === 0 || !Number.isFinite(amount) ? 0 : amount / median);
  return {
    drift: share(senSlope(values) * (values.length - 1)),
    driftP,
    ...{ step: share(step), stepP: change?.p ?? 1, stepAt },
    variation: coefficientOfVariation(batchMeans(values)),
  };
}

function faultOf(one: SeriesSteadiness): Unsteadiness | undefined {
  if (drifts(one)) return 'drift';
  if (steps(one)) return 'step';
  return one.variation > MOST_VARIATION ? 'variation' : undefined;
}

function drifts({ drift, driftP }: SeriesSteadiness): boolean {
  return driftP < SIGNIFICANCE && Math.abs(drift) >= LEAST_DRIFT;
}

function steps({ step, stepP }: SeriesSteadiness): boolean {
  return stepP < SIGNIFICANCE && Math.abs(step) >= LEAST_STEP;
}

/** What is wrong with a series as a whole, when no ramp is short enough to be cut off. */
function worst(values: readonly number[]): Unsteadiness | undefined {
  return faultOf(steadinessOf(values));
}

/** Where to cut a change of level off, so that enough is left; undefined for nowhere. */
function stepToCut(
  series: readonly (readonly number[])[],
  from: number,
  to: number,
  fewest: number,
): number | undefined {
  for (const values of series) {
    const one = steadinessOf(values.slice(from, to));
    const at = from + one.stepAt;
    if (steps(one) && Math.max(at - from, to - at) >= fewest) return at;
  }
  return undefined;
}

/**
 * How many values at the start are a ramp: the length for which a line through them and a level behind them fit best, by least squares; 0 where they are no more different from the
 * others than chance makes them, or so little that it is of no consequence.
 */
function rampLength(values: readonly number[], most: number): number {
  const fits = Array.from({ length: most + 1 }, (_, length) => {
    return squaresAboutLine(values.slice(0, length)) + squaresAboutMean(values.slice(length));
  });
  const length = fits.indexOf(Math.min(...fits));
  return length > 0 && isRamp(values.slice(0, length), values.slice(length)) ? length : 0;
}

function isRamp(head: readonly number[], rest: readonly number[]): boolean {
  const mean = meanOf(rest);
  const difference = Math.abs(meanOf(head) - mean);
  const { correction } = hamedRao(rest, Math.ceil(LAG_SHARE * rest.length));
  const variance = (squaresAboutMean(rest) / rest.length) * Math.max(1, correction);
  const error = Math.sqrt(variance * (1 / head.length + 1 / rest.length));
  return difference >= LEAST_STEP * Math.abs(mean) && difference >= RAMP_ERRORS * error;
}

/**
 * Whether a straight line describes a series as well as ramps up to `from` and from `to` on with a level between them: then it drifts all the time. By the Bayesian information criterion
 * (Schwarz, Annals of Statistics 6, 1978): what has more parts must fit better.
 */
function isRatherLine(values: readonly number[], from: number, to: number): boolean {
  const count = values.length;
  const ramps = [values.slice(0, from), values.slice(to)].filter((ramp) => ramp.length > 0);
  if (ramps.length === 0) return false;
  const steady = squaresAboutMean(values.slice(from, to));
  const squares = ramps.reduce((sum, ramp) => sum + squaresAboutLine(ramp), steady);
  const parameters = 1 + ramps.length * RAMP_PARAMETERS - LINE_PARAMETERS;
  return count * Math.log(squaresAboutLine(values) / squares) <= parameters * Math.log(count);
}

/** Slope, intercept and end of a ramp; slope and intercept of a line. */
const RAMP_PARAMETERS = 5;
const LINE_PARAMETERS = 2;

function squaresAboutMean(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

/** What a line fitted by least squares leaves unexplained. */
function squaresAboutLine(values: readonly number[]): number {
  const count = values.length;
  if (count < 3) return 0;
  const [middle, mean] = [(count - 1) / 2, meanOf(values)];
  const slope =
    values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0) /
    ((count * (count * count - 1)) / 12);
  return values.reduce((sum, value, at) => sum + (value - mean - slope * (at - middle)) ** 2, 0);
}

function batchMeans(values: readonly number[]): readonly number[] {
  const batches = Math.min(VARIATION_BATCHES, values.length);
  return Array.from({ length: batches }, (_, i) =>
    meanOf(
      values.slice(
        Math.round((i * values.length) / batches),
        Math.round(((i + 1) * values.length) / batches),
      ),
    ),
  );
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function none(
  series: readonly (readonly number[])[],
  from: number,
  to: number,
  why: Unsteadiness,
  culprit: number,
): SteadyWindow {
  const tested = series.map((values) => steadinessOf(values.slice(from, to)));
  return { from, to, series: tested, found: false, why, culprit };
}
