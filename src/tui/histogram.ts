import { BUCKETS_PER_DECADE, type LogDistribution } from '../core/run-history.ts';
import type { LiveRow } from '../live/view-model.ts';
import { countText } from '../core/quantity-text.ts';
import { tickText } from './amount-text.ts';
import { bars } from './bars.ts';
import { span, textWidth, type Line } from './paint.ts';

/** Buckets shown at least, so that a narrow distribution has some air around it. */
const FEWEST_BUCKETS = 12;
/** A wider range than this is cut to what lies between these shares of the values. */
const WIDEST_BUCKETS = 2 * BUCKETS_PER_DECADE;
const CUT_SHARE = 0.001;
const TICK_STEPS = [1, 2, 5] as const;

/** The part of a distribution that is shown: buckets `[from, to)`, numbered as in {@link LogDistribution}. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
  /** Values left out on either side. */
  readonly below: number;
  readonly above: number;
}

/** What of a distribution is worth the space: all values, or all but one in a thousand at either end when they lie far apart. */
export function zoomOf({ first, counts }: LogDistribution): Zoom {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const isWide = spanOf(counts, 0, total).length > WIDEST_BUCKETS;
  const { start, length } = spanOf(counts, isWide ? total * CUT_SHARE : 0, total);
  const air = Math.max(2, FEWEST_BUCKETS - length);
  const sum = (from: number, to?: number) => counts.slice(from, to).reduce((a, b) => a + b, 0);
  return {
    from: first + start - Math.floor(air / 2),
    to: first + start + length + Math.ceil(air / 2),
    below: sum(0, start),
    above: sum(start + length),
  };
}

/** The buckets between the `cut` lowest and the `cut` highest values. */
function spanOf(
  counts: readonly number[],
  cut: number,
  total: number,
): { readonly start: number; readonly length: number } {
  let start = 0;
  let seen = 0;
  while (start < counts.length - 1 && (seen + counts[start]! <= cut || seen + counts[start]! === 0)) {
    seen += counts[start]!;
    start += 1;
  }
  let end = counts.length;
  seen = total;
  while (end > start + 1 && total - (seen - counts[end - 1]!) <= cut) {
    seen -= counts[end - 1]!;
    end -= 1;
  }
  return { start, length: Math.max(1, end - start) };
}

/**
 * A distribution as bars over a logarithmic axis, `height` rows high with the axis: it spreads over the width, so that it zooms
 * with the data. The percentiles stand below when there are rows to spare.
 */
export function histogram(
  distribution: LogDistribution,
  row: Pick<LiveRow, 'unit' | 'p50' | 'p90' | 'p99'> | undefined,
  unit: LiveRow['unit'],
  { width, height }: { readonly width: number; readonly height: number },
): Line[] {
  const zoom = zoomOf(distribution);
  const columns = columnsOf(distribution, zoom, width);
  const columnOf = (value: number) => {
    const bucket = Math.log10(value) * BUCKETS_PER_DECADE;
    return Math.floor(((bucket - zoom.from) / (zoom.to - zoom.from)) * width);
  };
  const hasPercentiles = row !== undefined && height >= 6;
  const barRows = Math.max(1, height - (hasPercentiles ? 2 : 1));
  return [
    ...bars(columns, barRows, Math.max(...columns)).map((text): Line => [span(text, 'chart')]),
    ...(hasPercentiles ? [percentileLine(row, columnOf, width)] : []),
    axisLine(zoom, unit, columnOf, width),
  ];
}

/** What is not among the bars: `12 at 0, 3 lower, 1 higher`; empty when everything is. */
export function leftOutText(distribution: LogDistribution): string {
  const { below, above } = zoomOf(distribution);
  return [
    ...(distribution.zero === 0 ? [] : [`${countText(distribution.zero)} at 0`]),
    ...(below === 0 ? [] : [`${countText(below)} lower`]),
    ...(above === 0 ? [] : [`${countText(above)} higher`]),
  ].join(', ');
}

/** Values in each column: a bucket is spread evenly over what it covers. */
function columnsOf({ first, counts }: LogDistribution, { from, to }: Zoom, width: number): number[] {
  const perColumn = (to - from) / width;
  return Array.from({ length: width }, (_, column) => {
    const start = from + column * perColumn;
    const end = start + perColumn;
    let inColumn = 0;
    for (let bucket = Math.floor(start); bucket < end; bucket++) {
      const covered = Math.min(end, bucket + 1) - Math.max(start, bucket);
      inColumn += (counts[bucket - first] ?? 0) * covered;
    }
    return inColumn;
  });
}

function axisLine(
  zoom: Zoom,
  unit: LiveRow['unit'],
  columnOf: (value: number) => number,
  width: number,
): Line {
  const decades: number[] = [];
  const last = Math.ceil(zoom.to / BUCKETS_PER_DECADE);
  for (let decade = Math.floor(zoom.from / BUCKETS_PER_DECADE); decade <= last; decade++)
    decades.push(decade);
  // Whole decades first: they are the ones to keep where labels don't all fit.
  const placed = TICK_STEPS.flatMap((step) => decades.map((decade) => step * 10 ** decade)).reduce<Label[]>(
    (labels, value) =>
      placeLabel(labels, { column: columnOf(value), text: `╵${tickText(value, unit)}` }, width),
    [],
  );
  return [span(labelsText(placed), 'quiet')];
}

function percentileLine(
  { p50, p90, p99 }: Pick<LiveRow, 'p50' | 'p90' | 'p99'>,
  columnOf: (value: number) => number,
  width: number,
): Line {
  const placed = [['▲p50', p50] as const, ['▲p99', p99] as const, ['▲p90', p90] as const].reduce<Label[]>(
    (labels, [text, value]) =>
      value > 0 ? placeLabel(labels, { column: columnOf(value), text }, width) : labels,
    [],
  );
  return [span(labelsText(placed))];
}

interface Label {
  readonly column: number;
  readonly text: string;
}

/** The labels with one more, unless it would touch another one or the edge. */
function placeLabel(labels: readonly Label[], label: Label, width: number): Label[] {
  const endOf = ({ column, text }: Label) => column + textWidth(text);
  const isFree =
    label.column >= 0 &&
    endOf(label) <= width &&
    labels.every((other) => endOf(label) < other.column || endOf(other) < label.column);
  return isFree ? [...labels, label] : [...labels];
}

function labelsText(labels: readonly Label[]): string {
  let line = '';
  for (const { column, text } of labels.toSorted((a, b) => a.column - b.column))
    line = line.padEnd(column) + text;
  return line;
}
