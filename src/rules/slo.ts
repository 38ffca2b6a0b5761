import type { JudgedMetric } from '../core/judged-metrics.ts';
import { SHOWN_SERIES, type SeriesName, TURN_BUCKETS } from '../core/metric-catalogue.ts';
import { type FigureUnit, type Limit, limitText, readLimit } from './limit.ts';
import { namePattern } from './name-pattern.ts';
import { readRule, type RuleScanner } from './rule-scanner.ts';

/** Where a figure of a run stands. */
export type SloFigure =
  | { readonly kind: 'percentile'; readonly series: SeriesName; readonly percentile: number }
  | { readonly kind: 'rate'; readonly of: 'requests' | 'output_tokens' }
  | { readonly kind: 'error_share' };

/** A limit for a figure of a run: `ttft p99 < 500ms`. */
export interface Slo {
  /** As it is shown: `ttft p99 < 500 ms`. */
  readonly text: string;
  readonly figure: SloFigure;
  readonly unit: FigureUnit;
  readonly limit: Limit;
  /** The part of the run's verdict that is about this figure. */
  readonly judged: JudgedMetric | undefined;
}

/** Something of a run that can have a limit, under the name people see. */
interface SloMetric {
  readonly name: string;
  readonly unit: FigureUnit;
  /** A series has a percentile behind its name. */
  readonly figure: SloFigure | { readonly kind: 'series'; readonly series: SeriesName };
  readonly judged?: JudgedMetric;
}

/** Everything that can have a limit; append to extend. */
export const SLO_METRICS: readonly SloMetric[] = [
  time('ttft', 'ttft_ns', 'ttft'),
  time('tpot', 'tpot_ns', 'tpot'),
  time('chunk gap', 'chunk_delta_ns', 'chunk_gap'),
  time('latency', 'sample_latency_ns', 'latency'),
  time('response ttft', 'response_ttft_ns', 'ttft'),
  time('response latency', 'response_latency_ns', 'latency'),
  time('issue delay', 'issue_delay_ns'),
  time('content ttft', 'ttft_content_ns', 'ttft'),
  time('reasoning ttft', 'ttft_reasoning_ns', 'ttft'),
  time('tool ttft', 'ttft_tool_ns', 'ttft'),
  time('refusal ttft', 'ttft_refusal_ns', 'ttft'),
  ...TURN_BUCKETS.flatMap((bucket) => {
    const turn = `turn ${bucket.replace('_up', '+').replace('_', '-')}`;
    return [
      time(`${turn} ttft`, `turn_${bucket}_ttft_ns`, 'ttft'),
      time(`${turn} latency`, `turn_${bucket}_latency_ns`, 'latency'),
    ];
  }),
  ...SHOWN_SERIES.map(({ name, shownAs }) => time(shownAs.toLowerCase(), name)),
  tokens('input tokens', 'isl'),
  tokens('output tokens', 'osl'),
  tokens('cached tokens', 'cached_tokens'),
  tokens('reasoning tokens', 'reasoning_tokens'),
  rate('requests/s', 'requests'),
  rate('output tokens/s', 'output_tokens'),
  { name: 'errors', unit: 'share', figure: { kind: 'error_share' } },
];

/** Those a report holds, with intervals. */
export const SLO_PERCENTILES: readonly number[] = [50, 75, 80, 90, 95, 97, 99, 99.9];

const PERCENTILES_ALLOWED = SLO_PERCENTILES.map((percentile) => `p${percentile}`).join(', ');

/** Longest name first: `output tokens/s` begins with another one. In each, blanks, dashes and underscores are one. */
const BY_LENGTH = SLO_METRICS.map((metric) => ({ metric, pattern: namePattern(metric.name) })).toSorted(
  (a, b) => b.metric.name.length - a.metric.name.length,
);

/** An SLO as people write it, or what is wrong with the text. */
export function parseSlo(text: string): Slo | string {
  return readRule(text, (scanner) => {
    const { shownName, figure, unit, judged } = readSloFigure(scanner);
    const limit = readLimit(scanner, unit);
    return { text: `${shownName} ${limitText(limit, unit)}`, figure, unit, limit, judged };
  });
}

/** A figure as it is named in an SLO: `ttft p99`. Throws `RuleFault`. */
export function readSloFigure(scanner: RuleScanner): Pick<Slo, 'figure' | 'unit' | 'judged'> & {
  readonly shownName: string;
} {
  const metric = readMetric(scanner);
  const [figure, shownName] = readFigure(scanner, metric);
  return { shownName, figure, unit: metric.unit, judged: metric.judged };
}

/** SLOs that were checked before; what can't be read is left out. */
export function slosOf(texts: unknown): readonly Slo[] {
  if (!Array.isArray(texts)) return [];
  return texts.flatMap((text) => {
    const slo = typeof text === 'string' ? parseSlo(text) : '';
    return typeof slo === 'string' ? [] : [slo];
  });
}

function readMetric(scanner: RuleScanner): SloMetric {
  for (const { metric, pattern } of BY_LENGTH) {
    if (scanner.take(pattern) !== undefined) return metric;
  }
  const common = SLO_METRICS.filter(({ name }) => !name.startsWith('turn ')).map(({ name }) => name);
  throw scanner.fault(`one of ${common.join(', ')}`);
}

function readFigure(scanner: RuleScanner, { name, figure }: SloMetric): readonly [SloFigure, string] {
  if (figure.kind !== 'series') return [figure, name];
  const allowed = `a percentile (${PERCENTILES_ALLOWED})`;
  const before = scanner.fault(allowed);
  const percentile = Number(scanner.take(/p(\d+(?:\.\d+)?)(?![\w.])/iy)?.[1]);
  if (!SLO_PERCENTILES.includes(percentile)) throw before;
  return [{ kind: 'percentile', series: figure.series, percentile }, `${name} p${percentile}`];
}

function time(name: string, series: SeriesName, judged?: JudgedMetric): SloMetric {
  return { name, unit: 'ns', figure: { kind: 'series', series }, ...(judged && { judged }) };
}

function tokens(name: string, series: SeriesName): SloMetric {
  return { name, unit: 'tokens', figure: { kind: 'series', series } };
}

function rate(name: string, of: 'requests' | 'output_tokens'): SloMetric {
  return { name, unit: 'per_second', figure: { kind: 'rate', of }, judged: 'throughput' };
}
