import { percentText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { estimateRangeText, FIGURE_KEYS, type FigureKey, FIGURES, figureValueText } from './figures.ts';
import { meanOfRuns, varianceOf } from './run-means.ts';
import type { CellResult } from './study-result.ts';
import { FEWEST_FOR_TREND, trendOf } from './trend.ts';

/** Figures of which a drift or a spread is worth a sentence. */
const TOLD: readonly FigureKey[] = [
  ...([
    'requests_per_second',
    'output_tokens_per_second',
    'ttft_p50_ns',
    'ttft_p99_ns',
    'tpot_p50_ns',
  ] as const),
  ...(['latency_p50_ns'] as const),
];
/** A spread between runs is worth a sentence when it is this many times what a run's own interval allows. */
const NOTABLE_RATIO = 1.5;

/** Runs of the same settings as a table: each figure with its mean, its interval and its spread between the runs. Lines of text. */
export function repeatTable(results: readonly CellResult[]): readonly string[] {
  const rows = FIGURE_KEYS.flatMap((key): readonly (readonly string[])[] => {
    const values = valuesOf(results, key);
    const mean = meanOfRuns(estimatesOf(results, key));
    if (mean === null || values.length < results.length) return [];
    const [text, range = ''] = estimateRangeText(key, mean).split(' (');
    const spread = mean.value > 0 ? percentText(Math.sqrt(varianceOf(values)) / mean.value) : '–';
    return [
      [
        ...[FIGURES[key].title, text!, range.replace(')', '')],
        ...[spread, figureValueText(key, Math.min(...values)), figureValueText(key, Math.max(...values))],
      ],
    ];
  });
  if (rows.length === 0) return [];
  return alignColumns([['', 'mean', '95 % interval', 'spread', 'lowest', 'highest'], ...rows]);
}

/** What repeats came to: how far runs differ beyond what each tells of itself, and whether they drift. */
export function repeatConclusions(results: readonly CellResult[]): readonly string[] {
  const done = results.filter(({ state }) => state === 'done');
  if (done.length < 2) return [];
  return [...spreadText(done), ...driftTexts(done)];
}

function spreadText(done: readonly CellResult[]): readonly string[] {
  const key = (['output_tokens_per_second', 'requests_per_second'] as const).find(
    (one) => valuesOf(done, one).length === done.length,
  );
  if (key === undefined) return [];
  const values = valuesOf(done, key);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (!(mean > 0)) return [];
  const between = Math.sqrt(varianceOf(values)) / mean;
  const own = estimatesOf(done, key).flatMap(({ value, low, high }) =>
    low === null || high === null ? [] : [(high - low) / 2 / value],
  );
  const within = own.length === 0 ? null : own.reduce((sum, one) => sum + one, 0) / own.length;
  const name = FIGURES[key].title;
  const said = `${name} spread by ${percentText(between)} between runs (standard deviation of ${done.length} runs).`;
  // A 95 % interval reaches about two standard deviations.
  const isMore = within !== null && between > (NOTABLE_RATIO * within) / 2;
  return [
    isMore
      ? `${said} That is more than the interval of a single run, ±${percentText(within)}, allows for.`
      : said,
  ];
}

function driftTexts(done: readonly CellResult[]): readonly string[] {
  if (done.length < FEWEST_FOR_TREND) return [];
  return TOLD.flatMap((key) => {
    const values = valuesOf(done, key);
    const trend = values.length === done.length ? trendOf(values) : undefined;
    if (trend === undefined) return [];
    return [
      `Warning: ${FIGURES[key].title} goes ${trend.direction} from run to run, by ${percentText(Math.abs(trend.change))} from the first to the last ` +
        `(chance alone: ${percentText(trend.chance)}). The server or this machine changes; the interval does not account for that.`,
    ];
  });
}

function estimatesOf(results: readonly CellResult[], key: FigureKey) {
  return results.flatMap(({ figures }) => figures[key] ?? []);
}

function valuesOf(results: readonly CellResult[], key: FigureKey): readonly number[] {
  return estimatesOf(results, key).map(({ value }) => value);
}
