import { createHash } from 'node:crypto';
import { SILENT_LOG } from '../../src/core/log.ts';
import { SeriesSampler } from '../../src/metrics/sampler.ts';
import type { SeriesSnapshot } from '../../src/metrics/snapshot.ts';
import { differences } from './compare.ts';
import { generateValues, type GeneratedInput } from './series-generators.ts';
import { readOracle, type OracleCase, type OracleSuite } from './suite.ts';

/** A decimal text when exact, else a number; nothing for a series without it. */
type ExactNumber = string | number | bigint | null;

interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly counts_comparable_exactly?: boolean;
}

interface ExactStatistics {
  readonly count: number;
  readonly total: ExactNumber;
  readonly sum_sq_exact: ExactNumber;
  readonly sum_sq_wire: number | bigint;
  readonly min: number | bigint;
  readonly max: number | bigint;
  readonly percentiles: Readonly<Record<string, number>>;
  readonly early_stopping_percentiles: Readonly<Record<string, number | null>> | null;
  readonly histogram: Histogram;
  readonly avg: number | null;
  readonly median: number | null;
  readonly std_dev_exact: number | null;
}

interface LiveStatistics {
  readonly count: number;
  readonly min: number | bigint;
  readonly max: number | bigint;
  readonly percentiles: Readonly<Record<string, number>>;
  readonly histogram: Histogram;
}

interface SeriesCase {
  readonly name: string;
  readonly dtype: 'int' | 'float';
  readonly early_stopping: boolean;
  readonly n_histogram_buckets: number;
  readonly percentile_targets: readonly number[];
  readonly hdr: { readonly low: number; readonly high: number; readonly sig_figs: number };
  readonly input: { readonly values: readonly number[] } | GeneratedInput;
  readonly input_sha256: string;
  readonly expected: ExactStatistics;
  readonly expected_live?: LiveStatistics;
}

const EDGE_TOLERANCE = 1e-9;
const STD_DEV_TOLERANCE = 1e-9;

export const suite: OracleSuite = {
  name: 'series_exact',
  cases: () => readOracle<{ cases: SeriesCase[] }>('series_exact.json').cases.map(caseOf),
};

function caseOf(golden: SeriesCase): OracleCase {
  return {
    name: golden.name,
    run: () => {
      const values = 'values' in golden.input ? golden.input.values : generateValues(golden.input);
      const series = new SeriesSampler(
        golden.name,
        {
          valueKind: golden.dtype,
          hdrLow: golden.hdr.low,
          hdrHigh: golden.hdr.high,
          significantFigures: golden.hdr.sig_figs,
          bucketCount: golden.n_histogram_buckets,
          percentiles: golden.percentile_targets,
          earlyStopping: golden.early_stopping,
        },
        SILENT_LOG,
      );
      for (const value of values) series.record(Number(value));
      return [
        ...differences(golden.input_sha256, sha256Of(values, golden.dtype), 0, '$.input_sha256'),
        ...exactDifferences(golden.expected, series.build(true)),
        ...(golden.expected_live === undefined
          ? []
          : liveDifferences(golden.expected_live, series.build(false))),
      ];
    },
  };
}

function exactDifferences(expected: ExactStatistics, found: SeriesSnapshot): string[] {
  const median = found.count === 0 ? null : found.percentiles['50.0'];
  return [
    ...differences(
      {
        count: expected.count,
        total: exactly(expected.total),
        sum_sq_exact: exactly(expected.sum_sq_exact),
        sum_sq_wire: expected.sum_sq_wire,
        min: expected.min,
        max: expected.max,
        percentiles: expected.percentiles,
        early_stopping_percentiles: expected.early_stopping_percentiles,
        avg: expected.avg,
        median: expected.median,
      },
      {
        count: found.count,
        total: found.valueKind === 'int' ? BigInt(found.total) : found.total,
        sum_sq_exact: found.sumSqExact ?? null,
        sum_sq_wire: found.sumSq,
        min: found.min,
        max: found.max,
        percentiles: found.percentiles,
        early_stopping_percentiles: found.earlyStoppingPercentiles,
        avg: found.count === 0 ? null : Number(found.total) / found.count,
        median,
      },
    ),
    ...differences(expected.std_dev_exact, found.stdDev, STD_DEV_TOLERANCE, '$.std_dev'),
    ...histogramDifferences(expected.histogram, found, expected.histogram.counts_comparable_exactly === true),
  ];
}

function liveDifferences(expected: LiveStatistics, found: SeriesSnapshot): string[] {
  const { count, min, max, percentiles } = expected;
  return [
    ...differences(
      { count, min, max, percentiles },
      { count: found.count, min: found.min, max: found.max, percentiles: found.percentiles },
      1e-12,
      '$.live',
    ),
    ...histogramDifferences(expected.histogram, found, true, '$.live.histogram'),
  ];
}

/** Counts that may move to a neighbour, because a value sits on an edge, must at least add up. */
function histogramDifferences(
  expected: Histogram,
  { histogram }: SeriesSnapshot,
  exactCounts: boolean,
  path = '$.histogram',
): string[] {
  const edges = histogram.length === 0 ? [] : [histogram[0]![0][0], ...histogram.map(([[, high]]) => high)];
  const counts = histogram.map(([, count]) => count);
  return [
    ...differences(expected.edges, edges, EDGE_TOLERANCE, `${path}.edges`),
    ...(exactCounts
      ? differences(expected.counts, counts, 0, `${path}.counts`)
      : differences(sumOf(expected.counts), sumOf(counts), 0, `${path}.counts`)),
  ];
}

/** A decimal text is an exact integer. */
function exactly(value: ExactNumber): number | bigint | null {
  return typeof value === 'string' ? BigInt(value) : value;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** Integers in decimal, doubles as the hex digits of their bytes, joined by commas. */
function sha256Of(values: readonly number[], kind: 'int' | 'float'): string {
  const texts = values.map((value) => (kind === 'int' ? String(value) : hexOfDouble(value)));
  return createHash('sha256').update(texts.join(',')).digest('hex');
}

function hexOfDouble(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}
