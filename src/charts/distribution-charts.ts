import { percentText } from '../core/quantity-text.ts';
import type { LogDistribution } from '../core/run-history.ts';
import { logAxis, ninesAxis, valueAxis, VALUE_FORMATTERS } from './axes.ts';
import type { Chart, ChartLayout, ChartOption, ChartRun, Quantity } from './chart.ts';
import { countOf, histogramPoints, ninesPoints, rangeOf } from './distribution.ts';
import { formatValue } from './formatters.ts';
import { distinctNames, frameOption, lineLook, lineSeries, seriesName } from './frame.ts';
import type { ChartTheme } from './theme.ts';

interface DistributionSpec {
  readonly id: string;
  readonly title: string;
  readonly quantity: Quantity;
  readonly series: string;
  /** The same from due, in open loop. */
  readonly responseSeries?: string;
}

const DISTRIBUTIONS: readonly DistributionSpec[] = [
  {
    ...{ id: 'ttft', title: 'Time to first token (TTFT)' },
    quantity: 'duration',
    series: 'ttft_ns',
    responseSeries: 'response_ttft_ns',
  },
  { ...{ id: 'chunk-gap', title: 'Chunk gap' }, quantity: 'duration', series: 'chunk_delta_ns' },
  { ...{ id: 'tpot', title: 'Time per output token (TPOT)' }, quantity: 'duration', series: 'tpot_ns' },
  {
    ...{ id: 'latency', title: 'Latency' },
    quantity: 'duration',
    series: 'sample_latency_ns',
    responseSeries: 'response_latency_ns',
  },
  { ...{ id: 'issue-delay', title: 'Issue delay' }, quantity: 'duration', series: 'issue_delay_ns' },
  { ...{ id: 'input-tokens', title: 'Input tokens' }, quantity: 'number', series: 'isl' },
  { ...{ id: 'output-tokens', title: 'Output tokens' }, quantity: 'number', series: 'osl' },
];

/** Steps of a histogram: as many as are seen well. */
const MOST_STEPS = 70;
/** Whole numbers leave narrower buckets empty. */
const LEAST_MERGE_OF_COUNTS = 4;

interface Drawn {
  readonly run: number;
  readonly name: string;
  readonly line: string;
  readonly lineIndex: number;
  readonly distribution: LogDistribution;
  readonly max: number | undefined;
}

/**
 * How values are distributed: for each series a histogram over a logarithmic axis, and for times the values by percentile, with as much
 * room for each further nine. Series without values above 0 are left out, and counts that are always the same. Pure.
 */
export function distributionCharts(
  runs: readonly ChartRun[],
  theme: ChartTheme,
  layout: ChartLayout = {},
): readonly Chart[] {
  return DISTRIBUTIONS.flatMap((spec) => {
    const drawn = drawnOf(spec, runs);
    if (drawn.length === 0 || (spec.quantity === 'number' && drawn.every(isConstant))) return [];
    const frame = { spec, drawn, runs: runs.length, theme, layout };
    return spec.quantity === 'duration' ? [histogram(frame), nines(frame)] : [histogram(frame)];
  });
}

interface Frame {
  readonly spec: DistributionSpec;
  readonly drawn: readonly Drawn[];
  readonly runs: number;
  readonly theme: ChartTheme;
  readonly layout: ChartLayout;
}

function histogram({ spec, drawn, runs, theme, layout }: Frame): Chart {
  const title = `${spec.title}: distribution`;
  const service = drawn.filter(({ lineIndex }) => lineIndex === 0);
  const { min, max } = rangeOfAll(service);
  const merge = mergeFor(spec, min, max);
  const lines = service.map((one) => ({ ...one, points: histogramPoints(one.distribution, merge) }));
  const highest = Math.max(...lines.flatMap(({ points }) => points.map(([, share]) => share)));
  const zeros = service.flatMap(({ distribution, name }) =>
    distribution.zero === 0
      ? []
      : [
          `${percentText(distribution.zero / countOf(distribution))} of the values${runs > 1 ? ` of ${name}` : ''} are 0 and not drawn.`,
        ],
  );
  const option = frameOption({
    ...{ theme, title, layout },
    xAxis: logAxis(
      spec.quantity,
      lowestOf(lines.map(({ points }) => points[0]![0])),
      Math.max(...lines.map(({ points }) => points.at(-1)![0])),
      theme,
    ),
    yAxis: valueAxis('share', highest, theme),
    series: lines.map((line): ChartOption => {
      const look = lineLook(theme, { run: line.run, runs, line: 0, lines: 1 });
      return {
        ...lineSeries(line.name, line.points, look),
        step: 'end',
        areaStyle: { color: look.colour, opacity: runs === 1 ? 0.25 : 0.1 },
      };
    }),
    legend: runs > 1 ? lines.map(({ name }) => name) : [],
    valueFormatter: VALUE_FORMATTERS.share,
  });
  return {
    id: `histogram-${spec.id}`,
    title,
    description: ['Share of the values in each step; the axis is logarithmic.', ...zeros].join(' '),
    summary: service
      .map(({ name, distribution }) => {
        const range = rangeOf(distribution)!;
        const format = (value: number) => formatValue(VALUE_FORMATTERS[spec.quantity], value);
        return `${runs > 1 ? `${name}: ` : ''}from about ${format(range.min)} to ${format(range.max)}`;
      })
      .join('; '),
    quantity: 'share',
    lines: lines.map(({ name, points }) => ({ name, points })),
    option,
  };
}

function nines({ spec, drawn, runs, theme, layout }: Frame): Chart {
  const title = `${spec.title}: percentiles`;
  const lineCount = drawn.some(({ lineIndex }) => lineIndex > 0) ? 2 : 1;
  const lines = drawn.map((one) => ({ ...one, points: ninesPoints(one.distribution, one.max) }));
  const nameOf = ({ name, line }: Drawn) => seriesName(name, line, runs, lineCount);
  const { min, max } = rangeOfAll(drawn);
  const most = Math.max(...drawn.map(({ distribution }) => countOf(distribution)));
  const option = frameOption({
    ...{ theme, title, layout },
    xAxis: ninesAxis(most, theme),
    yAxis: logAxis(spec.quantity, min, max, theme),
    series: lines.map((line) =>
      lineSeries(
        nameOf(line),
        line.points,
        lineLook(theme, { run: line.run, runs, line: line.lineIndex, lines: lineCount }),
      ),
    ),
    legend: lines.map(nameOf),
    valueFormatter: VALUE_FORMATTERS[spec.quantity],
  });
  const summary = lines.map((line) => `${nameOf(line)}: ${endText(spec, line)}`).join('; ');
  return {
    id: `percentiles-${spec.id}`,
    title,
    description: 'The value each share of the samples stays below; each nine more takes the same width.',
    summary: lineCount === 1 && runs === 1 ? endText(spec, lines[0]!) : summary,
    quantity: spec.quantity,
    lines: lines.map((line) => ({ name: nameOf(line), points: line.points })),
    option,
  };
}

function drawnOf(spec: DistributionSpec, runs: readonly ChartRun[]): readonly Drawn[] {
  const names = distinctNames(runs);
  return runs.flatMap(({ distributions, maxima }, run) => {
    const isLate = rangeOfSeries(distributions.issue_delay_ns) !== undefined;
    const lines = [
      { line: spec.responseSeries === undefined ? spec.title : 'from issued', series: spec.series },
      ...(spec.responseSeries !== undefined && isLate
        ? [{ line: 'from due', series: spec.responseSeries }]
        : []),
    ];
    return lines.flatMap(({ line, series }, lineIndex) => {
      const distribution = distributions[series];
      if (distribution === undefined || rangeOfSeries(distribution) === undefined) return [];
      return [{ run, name: names[run]!, line, lineIndex, distribution, max: maxima?.[series] }];
    });
  });
}

function isConstant({ distribution: { counts, zero } }: Drawn): boolean {
  return zero === 0 && counts.filter((count) => count > 0).length === 1;
}

function rangeOfSeries(distribution: LogDistribution | undefined) {
  return distribution && rangeOf(distribution);
}

function rangeOfAll(drawn: readonly Drawn[]): { readonly min: number; readonly max: number } {
  const ranges = drawn.map(({ distribution }) => rangeOf(distribution)!);
  return { min: lowestOf(ranges.map(({ min }) => min)), max: Math.max(...ranges.map(({ max }) => max)) };
}

function mergeFor({ quantity }: DistributionSpec, min: number, max: number): number {
  const buckets = Math.log10(max / min) * 40;
  const needed = Math.max(quantity === 'number' ? LEAST_MERGE_OF_COUNTS : 1, buckets / MOST_STEPS);
  return 2 ** Math.ceil(Math.log2(needed));
}

function endText(
  { quantity }: DistributionSpec,
  { points }: { readonly points: readonly (readonly [number, number])[] },
): string {
  const at = (timesRarer: number) => points.find(([x]) => x >= timesRarer)?.[1];
  const format = (value: number | undefined) => formatValue(VALUE_FORMATTERS[quantity], value);
  return `p50 about ${format(at(2))}, p99 about ${format(at(100))}, maximum ${format(points.at(-1)?.[1])}`;
}

function lowestOf(values: readonly number[]): number {
  return Math.min(...values);
}
