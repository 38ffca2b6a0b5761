import type { Cell, Combination } from './designs.ts';
import type { Factor } from './factor.ts';
import { FIGURE_KEYS, type FigureKey, type Figures } from './figures.ts';
import type { ServerLoad } from './limiting-cause.ts';
import { type FrontPlace, paretoFront, type ParetoPoint } from './pareto-front.ts';
import { type Estimate, meanOfRuns } from './run-means.ts';

/** `failed`: its run ended without a result. `skipped`: the study did not need it. `missing`: it has not been run yet. */
export type CellState = 'done' | 'failed' | 'skipped' | 'missing';

export type SloOutcome = 'met' | 'missed' | 'undecided';

/** How a run stood to an SLO. */
export interface CellSlo {
  readonly slo: string;
  readonly outcome: SloOutcome;
  /** Whether the figure itself keeps the limit; null without one. */
  readonly holds: boolean | null;
}

/** What is known of a cell. */
export interface CellResult {
  readonly cell: Cell;
  readonly state: CellState;
  /** ISO 8601; null before it began. */
  readonly startedAt: string | null;
  /** Of its run; null unless it is done. */
  readonly verdict: 'valid' | 'degraded' | 'invalid' | null;
  readonly slos: readonly CellSlo[];
  /** In open loop: the requests in flight kept growing, so that a longer run would be slower. Null where that is not known. */
  readonly backlogGrows: boolean | null;
  readonly figures: Figures;
  /** What its servers told of themselves; null where nothing was recorded. */
  readonly server: ServerLoad | null;
  /** In the folder of the run; default: report.html. */
  readonly reportFile?: string;
  /** Why it failed or was skipped, or why its SLOs are undecided for lack of a steady state; null otherwise. */
  readonly reason: string | null;
}

/** A combination with the figures of all its runs. */
export interface StudyPoint {
  readonly values: Combination;
  readonly cells: readonly CellResult[];
  /** How many of them are done. */
  readonly runs: number;
  /** The worst of its runs; null without one. */
  readonly verdict: CellResult['verdict'];
  /** The worst of all SLOs of its runs; null without any. */
  readonly slo: SloOutcome | null;
  readonly figures: Figures;
  /** Output tokens/s, for each GPU where their number is known. */
  readonly throughput: Estimate | null;
  /** On the front of throughput against tokens/s per user. */
  readonly byUser: FrontPlace | null;
  /** On the front of throughput against TTFT p90. */
  readonly byTtft: FrontPlace | null;
}

const VERDICTS = ['invalid', 'degraded', 'valid'] as const;
const OUTCOMES = ['missed', 'undecided', 'met'] as const;

/** The combinations of a study in the order of `combinations`, with their figures and their places on the Pareto fronts. */
export function studyPoints(
  combinations: readonly Combination[],
  results: readonly CellResult[],
  gpus: number | undefined,
): readonly StudyPoint[] {
  const byKey = Map.groupBy(results, ({ cell }) => JSON.stringify(cell.values));
  const points = combinations.map((values) => {
    const cells = (byKey.get(JSON.stringify(values)) ?? []).toSorted((a, b) => a.cell.repeat - b.cell.repeat);
    const done = cells.filter(({ state }) => state === 'done');
    const figures = meanFigures(done.map((result) => result.figures));
    return {
      ...{ values, cells, figures, runs: done.length },
      verdict: VERDICTS.find((level) => done.some(({ verdict }) => verdict === level)) ?? null,
      slo:
        OUTCOMES.find((wanted) => done.some(({ slos }) => slos.some(({ outcome }) => outcome === wanted))) ??
        null,
      throughput: dividedBy(figures.output_tokens_per_second, gpus ?? 1),
    };
  });
  const byUser = paretoFront(
    points.map((point) => paretoPoint(point, point.figures.tokens_per_second_per_user)),
  );
  const byTtft = paretoFront(points.map((point) => paretoPoint(point, negative(point.figures.ttft_p90_ns))));
  return points.map((point, i) => ({ ...point, byUser: byUser[i]!, byTtft: byTtft[i]! }));
}

/** Figures that every run has, as means over the runs. */
function meanFigures(runs: readonly Figures[]): Figures {
  const entries = FIGURE_KEYS.flatMap((key): readonly (readonly [FigureKey, Estimate])[] => {
    const values = runs.flatMap((run) => run[key] ?? []);
    const mean = values.length === runs.length ? meanOfRuns(values) : null;
    return mean === null ? [] : [[key, mean]];
  });
  return Object.fromEntries(entries);
}

function paretoPoint(
  { throughput }: { readonly throughput: Estimate | null },
  other: Estimate | undefined,
): ParetoPoint | null {
  return throughput === null || other === undefined ? null : { x: throughput, y: other };
}

function negative(estimate: Estimate | undefined): Estimate | undefined {
  if (estimate === undefined) return undefined;
  const { value, low, high } = estimate;
  return { value: -value, low: high === null ? null : -high, high: low === null ? null : -low };
}

function dividedBy(estimate: Estimate | undefined, divisor: number): Estimate | null {
  if (estimate === undefined) return null;
  const share = (value: number | null) => (value === null ? null : value / divisor);
  return { value: estimate.value / divisor, low: share(estimate.low), high: share(estimate.high) };
}

/** What a study asked, and what came of it. */
export interface StudyResult {
  readonly kind: 'sweep' | 'capacity' | 'repeat' | 'quick';
  /** The name of its folder. */
  readonly name: string;
  readonly version: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly factors: readonly Factor[];
  readonly gpus: number | undefined;
  /** In the order in which they ran or will run. */
  readonly cells: readonly CellResult[];
  readonly points: readonly StudyPoint[];
  /** What it came to, a sentence each. */
  readonly conclusions: readonly string[];
}
