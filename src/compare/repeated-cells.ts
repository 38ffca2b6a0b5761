import { studentTQuantile } from '../stats/student-t.ts';
import {
  type CompareOptions,
  type DifferenceJudgement,
  judge,
  type ValueDifference,
  worstOf,
} from './simultaneous-intervals.ts';

/** A figure of one run, with its own interval where it has one. */
export interface RunFigure {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** One figure of the runs of a cell, of the baseline and of the other study. */
export interface CellFigure {
  readonly key: string;
  readonly baseline: readonly RunFigure[];
  readonly runs: readonly RunFigure[];
}

/** The same settings in two studies. */
export interface CellPair {
  /** In words, such as `concurrency 8`; empty where there is only one. */
  readonly name: string;
  readonly figures: readonly CellFigure[];
}

/** How a kind of figure is compared. */
export interface FigureTraits {
  /** In points, all others as ratios. */
  readonly isShare: boolean;
  readonly isHigherBetter: boolean;
  /** It is what was asked for: neither better nor worse. */
  readonly isAsAsked: boolean;
}

/** Of a figure; baseline and value are means over the runs. */
export interface CellDifference extends ValueDifference {
  readonly key: string;
}

export interface ComparedCell {
  readonly name: string;
  readonly baselineRuns: number;
  readonly runs: number;
  readonly differences: readonly CellDifference[];
  /** Figures that are 0 in a run, which has no ratio to any other: a rate where nothing succeeded. The cell is judged by the others, its errors among them. */
  readonly notCompared: readonly string[];
  /** Runs in which nothing succeeded. */
  readonly failedBaselineRuns: number;
  readonly failedRuns: number;
  readonly judgement: DifferenceJudgement;
}

/** Of a figure's own interval, 95 %: from its middle to an end, in standard errors. */
const OWN_REACH = 1.96;
/** Of a figure, the least that the lower end of its own interval counts as: nearer to 0 its logarithm would say more of the end than of the figure. */
const LEAST_OF_OWN = 0.1;

/**
 * How the cells of two studies differ. The spread between runs is in the intervals: of each figure, on a logarithmic scale, it is what the runs of a cell scatter by, taken
 * over all cells of both studies, or what they scatter by in this cell, or what a single run says of itself, whichever is most. Intervals are Student's (degrees of freedom:
 * all runs less all cells), and wide enough that all of them hold at once (Šidák). Where no cell was repeated there are only the runs' own intervals, and
 * {@link isRepeated} is false. A run in which nothing succeeded says nothing of how the others scatter.
 */
export function compareCells(
  cells: readonly CellPair[],
  traitsOf: (key: string) => FigureTraits,
  { margin, confidence }: CompareOptions,
): readonly ComparedCell[] {
  const isComparable = ({ key, baseline, runs }: CellFigure) =>
    traitsOf(key).isShare || [...baseline, ...runs].every(({ value }) => value > 0);
  const statements = cells.reduce((count, { figures }) => count + figures.filter(isComparable).length, 0);
  const each = confidence ** (1 / Math.max(1, statements));
  const spreads = new Map<string, Spread>();
  const spreadOf = (key: string) => {
    let spread = spreads.get(key);
    if (spread === undefined) {
      const { isShare } = traitsOf(key);
      const alike = cells.flatMap(({ figures }) => figures.filter((figure) => figure.key === key));
      spread = pooledSpread(
        alike.flatMap(({ baseline, runs }) => [baseline, runs]),
        isShare,
      );
      spreads.set(key, spread);
    }
    return spread;
  };
  /** A rate is 0 where nothing succeeded. */
  const failedOf = (figures: readonly Pick<CellFigure, 'key' | 'runs'>[]) =>
    Math.max(
      0,
      ...figures.map(({ key, runs }) =>
        traitsOf(key).isHigherBetter ? runs.filter(({ value }) => !(value > 0)).length : 0,
      ),
    );
  return cells.map(({ name, figures }) => {
    const differences = figures
      .filter(isComparable)
      .map((figure) => differenceOf(figure, traitsOf(figure.key), spreadOf(figure.key), { margin, each }));
    return {
      name,
      baselineRuns: Math.max(0, ...figures.map(({ baseline }) => baseline.length)),
      runs: Math.max(0, ...figures.map(({ runs }) => runs.length)),
      differences,
      notCompared: figures.filter((figure) => !isComparable(figure)).map(({ key }) => key),
      failedBaselineRuns: failedOf(figures.map(({ key, baseline }) => ({ key, runs: baseline }))),
      failedRuns: failedOf(figures),
      judgement: worstOf(differences.map(({ judgement }) => judgement)),
    };
  });
}

/** Whether the spread between runs is known at all. */
export function isRepeated(cells: readonly CellPair[]): boolean {
  return cells.some(({ figures }) =>
    figures.some(({ baseline, runs }) => baseline.length > 1 || runs.length > 1),
  );
}

interface Spread {
  readonly variance: number;
  /** 0 where nothing was repeated. */
  readonly degrees: number;
}

function pooledSpread(groups: readonly (readonly RunFigure[])[], isShare: boolean): Spread {
  let [squares, degrees] = [0, 0];
  for (const group of groups) {
    const values = group.flatMap(({ value }) => (hasFailed(value, isShare) ? [] : scaled(value, isShare)));
    squares += squaresOf(values);
    degrees += Math.max(0, values.length - 1);
  }
  return { variance: degrees === 0 ? 0 : squares / degrees, degrees };
}

/** Nothing succeeded in the run: all were errors, and its rate is 0. */
function hasFailed(value: number, isShare: boolean): boolean {
  return isShare ? value >= 1 : !(value > 0);
}

function differenceOf(
  { key, baseline, runs }: CellFigure,
  { isShare, isHigherBetter, isAsAsked }: FigureTraits,
  spread: Spread,
  { margin, each }: { readonly margin: number; readonly each: number },
): CellDifference {
  const [before, after] = [baseline, runs].map((group) =>
    mean(group.map(({ value }) => scaled(value, isShare))),
  ) as [number, number];
  const errors = [baseline, runs].map((group) => varianceOfRun(group, isShare, spread) / group.length);
  const degrees = spread.degrees === 0 ? LARGE : spread.degrees;
  const reach = studentTQuantile((1 + each) / 2, degrees) * Math.sqrt(errors[0]! + errors[1]!);
  const [difference, low, high] = [after - before, after - before - reach, after - before + reach].map(
    (distance) => (isShare ? distance : Math.expm1(distance)),
  ) as [number, number, number];
  const [atBest, atWorst] = isHigherBetter ? [-high, -low] : [low, high];
  return {
    ...{ key, baseline: unscaled(before, isShare), value: unscaled(after, isShare) },
    ...{ difference, low, high, atWorst },
    judgement: isAsAsked ? 'as_asked' : judge(atBest, atWorst, margin),
  };
}

const LARGE = 1e6;

/** Of a single run of the cell: the most of what all runs, those of this cell and each of them by itself tell. */
function varianceOfRun(group: readonly RunFigure[], isShare: boolean, spread: Spread): number {
  const values = group.map(({ value }) => scaled(value, isShare));
  const inCell = values.length > 1 ? squaresOf(values) / (values.length - 1) : 0;
  const own = mean(group.map((figure) => ownVariance(figure, isShare)));
  return Math.max(spread.variance, inCell, own);
}

function ownVariance({ value, low, high }: RunFigure, isShare: boolean): number {
  if (low === null || high === null) return 0;
  const least = isShare ? low : Math.max(low, LEAST_OF_OWN * value);
  return ((scaled(high, isShare) - scaled(least, isShare)) / (2 * OWN_REACH)) ** 2;
}

/** `value` above 0, unless it is a share. */
function scaled(value: number, isShare: boolean): number {
  return isShare ? value : Math.log(value);
}

function unscaled(value: number, isShare: boolean): number {
  return isShare ? value : Math.exp(value);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function squaresOf(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
}
