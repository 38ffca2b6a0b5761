import type { JudgedMetric } from '../../../src/core/judged-metrics.ts';
import type { Metric } from './figures.ts';
import type { ProvokedRun } from './provoked-run.ts';

/** Between the server's write and the client's wake-up, on a machine that does nothing else. */
const SERVER_ERROR_NS = 100_000;
/** What is off by less says nothing of how wide a bound is. */
const LEAST_BIAS_NS = 200_000;
const TOLERATED = 0.05;

const JUDGED_AS = {
  ttft_ns: 'ttft',
  chunk_delta_ns: 'chunk_gap',
  tpot_ns: 'tpot',
  sample_latency_ns: 'latency',
} as const satisfies Record<Metric, JudgedMetric>;

export interface JudgedFigure {
  readonly figure: string;
  readonly biasMs: number;
  /** How far the truth itself is uncertain. */
  readonly truthSpanMs: number;
  /** Of the side on which the bias is. */
  readonly boundMs: number;
  readonly isCovered: boolean;
  readonly isOff: boolean;
  /** It is off and its metric was called valid. */
  readonly isMistake: boolean;
}

export interface JudgedRun {
  readonly unmatched: number;
  readonly figures: readonly JudgedFigure[];
}

export function judgeRun({ figures, bounds, levels, unmatched }: ProvokedRun): JudgedRun {
  return {
    unmatched,
    figures: figures.map(({ metric, percentile, observedNs, trueNs, trueLowNs, trueHighNs }) => {
      const [added, missing] = bounds?.series[metric]?.[`${percentile}.0`] ?? [0, 0];
      const biasNs = observedNs - trueNs;
      const boundNs = biasNs >= 0 ? added : (missing ?? Infinity);
      const sizeNs = Math.abs(biasNs);
      const isOff = sizeNs > TOLERATED * trueNs && sizeNs > SERVER_ERROR_NS;
      return {
        figure: `${metric} p${percentile}`,
        biasMs: biasNs / 1e6,
        truthSpanMs: (trueHighNs - trueLowNs) / 1e6,
        boundMs: boundNs / 1e6,
        isCovered:
          observedNs - added - SERVER_ERROR_NS <= trueHighNs &&
          observedNs + (missing ?? Infinity) + SERVER_ERROR_NS >= trueLowNs,
        isOff,
        isMistake: isOff && levels[JUDGED_AS[metric]] === 'valid',
      };
    }),
  };
}

export interface Summary {
  readonly cells: string[];
  readonly meetsGoals: boolean;
}

export function summaryOf(runs: readonly JudgedRun[]): Summary {
  const figures = runs.flatMap((run) => run.figures);
  const covered = runs.filter((run) => run.figures.every(({ isCovered }) => isCovered)).length;
  const ratios = figures
    .filter(({ biasMs }) => Math.abs(biasMs) * 1e6 >= LEAST_BIAS_NS)
    .map(({ biasMs, boundMs }) => boundMs / Math.abs(biasMs));
  const ratio = medianOf(ratios);
  const gaps = figures.filter(({ figure }) => figure === 'chunk_delta_ns p99');
  const mistakes = figures.filter(({ isMistake }) => isMistake).length;
  const share = (part: number, whole: number) =>
    whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
  const ms = (values: readonly number[]) => `${medianOf(values).toFixed(2)} ms`;
  return {
    cells: [
      String(runs.length),
      share(covered, runs.length),
      share(figures.filter(({ isCovered }) => isCovered).length, figures.length),
      Number.isNaN(ratio) ? '–' : ratio.toFixed(2),
      ms(gaps.map(({ biasMs }) => biasMs)),
      ms(gaps.map(({ boundMs }) => boundMs)),
      String(figures.filter(({ isOff }) => isOff).length),
      String(mistakes),
    ],
    meetsGoals: covered >= 0.99 * runs.length && !(ratio > 3) && mistakes === 0,
  };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN;
}
