import { NOT_AVAILABLE } from '../core/quantity-text.ts';
import type { ExactInteger, QuantileEstimate } from '../metrics/snapshot.ts';
import { fixedHalfEven } from './half-even.ts';
import { medianOf, type PercentileValues, type SeriesReport, type SeriesRollup } from './series-report.ts';

/** How a series is shown: values times `scale`, in `unit`. */
export interface DisplayUnit {
  readonly unit: string;
  readonly scale: number;
}

export const MILLISECONDS: DisplayUnit = { unit: 'ms', scale: 1e-6 };
export const TOKENS: DisplayUnit = { unit: 'tokens', scale: 1 };

const LONGEST_BAR = 30;
const PERCENTILE_KEY_WIDTH = 6;

/** The block of a series under its title, as the reference shows it; nothing when there is nothing to tell. */
export function seriesLines(title: string, series: SeriesReport, unit: DisplayUnit): string[] {
  const { earlyStoppingPercentiles } = series;
  if (series.kind === 'empty' && earlyStoppingPercentiles === null) return [];
  const rollup = series.kind === 'values' ? series : undefined;
  const line = (label: string, value: ExactInteger | null | undefined) =>
    `  ${label}: ${quantity(value, unit)}`;
  return [
    `${title}:`,
    line('Min', rollup?.min),
    line('Max', rollup?.max),
    line('Median', medianOf(series)),
    line('Avg.', rollup?.average),
    line('Std Dev.', rollup?.standardDeviation),
    '\n  Histogram:',
    ...(rollup === undefined ? [] : histogramLines(rollup.histogram, unit)),
    '\n  Percentiles:',
    ...(rollup?.quantiles
      ? quantileLines(rollup.quantiles, unit)
      : percentileLines(rollup?.percentiles ?? {}, unit)),
    ...(earlyStoppingPercentiles === null
      ? []
      : [
          '\n  Early-stopping percentile estimates (N/A = insufficient samples):',
          ...percentileLines(earlyStoppingPercentiles, unit),
        ]),
    '',
  ];
}

function histogramLines({ buckets, counts }: SeriesRollup['histogram'], unit: DisplayUnit): string[] {
  const labels = buckets.map(
    ([low, high], i) => `[${scaled(low, unit)}, ${scaled(high, unit)}${i === buckets.length - 1 ? ']' : ')'}`,
  );
  const labelWidth = Math.max(0, ...labels.map((label) => label.length));
  const highest = Math.max(0, ...counts);
  const markPerCount = highest > 0 ? LONGEST_BAR / highest : 0;
  return labels.map((label, i) => {
    const count = counts[i]!;
    return `    ${label.padStart(labelWidth)} |${'#'.repeat(Math.floor(count * markPerCount))} ${count}`;
  });
}

function percentileLines(values: PercentileValues, unit: DisplayUnit): string[] {
  return inGridOrder(Object.entries(values)).map(
    ([key, value]) => `  ${key.padStart(PERCENTILE_KEY_WIDTH)}: ${quantity(value, unit)}`,
  );
}

/** Each with the interval it lies in; an end for which there are too few values is left open. */
function quantileLines(quantiles: Readonly<Record<string, QuantileEstimate>>, unit: DisplayUnit): string[] {
  return inGridOrder(Object.entries(quantiles)).map(([key, { value, low, high }]) => {
    const line = `  ${key.padStart(PERCENTILE_KEY_WIDTH)}: ${quantity(value, unit)}`;
    const [from, to] = [low ?? null, high ?? null];
    if (from === null && to === null) return line;
    if (to === null) return `${line}  (${scaled(from, unit)} or more)`;
    return from === null
      ? `${line}  (${scaled(to, unit)} or less)`
      : `${line}  (${scaled(from, unit)} to ${scaled(to, unit)})`;
  });
}

/** Whole keys (`99`, from a grid of integers) have lost their place: objects have them first, the lowest at the top. */
function inGridOrder<T>(entries: readonly (readonly [key: string, value: T])[]) {
  if (entries.every(([key]) => key.includes('.'))) return entries;
  return entries.toSorted(([a], [b]) => Number(b) - Number(a));
}

function quantity(value: ExactInteger | null | undefined, unit: DisplayUnit): string {
  return `${scaled(value, unit)} ${unit.unit}`;
}

function scaled(value: ExactInteger | null | undefined, { scale }: DisplayUnit): string {
  return value === null || value === undefined ? NOT_AVAILABLE : fixedHalfEven(Number(value) * scale, 2);
}
