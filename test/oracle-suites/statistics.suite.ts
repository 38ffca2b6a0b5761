import { QUANTILE_DEFINITIONS, type QuantileDefinitionName } from '../../bench/stats/quantile-definitions.ts';
import { intervalCoverage, intervalRanks } from '../../src/stats/quantile-interval.ts';
import { autocorrelations, hamedRao, mannKendall, senSlope } from '../../src/stats/trend.ts';
import { changePoint } from '../../src/stats/change-point.ts';
import { coefficientOfVariation } from '../../src/stats/variation.ts';
import { wilsonInterval } from '../../src/stats/wilson-interval.ts';
import { differences } from './compare.ts';
import { type OracleCase, type OracleSuite, readOracle } from './suite.ts';

interface Quantiles {
  readonly values: readonly number[];
  readonly quantiles: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

interface TrendScores {
  readonly s: number;
  /** Null where it is not defined, for a constant series. */
  readonly var_s: number | null;
  readonly z: number;
  readonly p: number;
}

interface Trend {
  readonly name: string;
  readonly values: readonly number[];
  readonly mann_kendall: TrendScores & { readonly tau: number; readonly sen_slope: number };
  readonly hamed_rao: TrendScores;
  readonly pettitt: { readonly change_after: number; readonly u: number; readonly p: number };
  readonly cov: number;
  readonly autocorrelation: readonly (number | null)[];
}

interface Share {
  readonly hits: number;
  readonly n: number;
  readonly level: number;
  readonly low: number;
  readonly high: number;
}

interface Interval {
  readonly n: number;
  readonly p: number;
  readonly level: number;
  readonly lower_rank: number | null;
  readonly upper_rank: number | null;
  readonly coverage: number;
}

const TOLERANCE = 1e-9;

export const suite: OracleSuite = {
  name: 'statistics',
  isOptional: true,
  cases: () => {
    const golden = readOracle<{
      quantiles: readonly Quantiles[];
      quantile_intervals: readonly Interval[];
      wilson: readonly Share[];
      trend: readonly Trend[];
    }>('statistics.json');
    return [
      ...golden.trend.map(trendCase),
      ...golden.quantiles.map(quantilesCase),
      ...golden.quantile_intervals.map(intervalCase),
      ...golden.wilson.map(shareCase),
    ];
  },
};

function trendCase({ name, values, ...wanted }: Trend): OracleCase {
  const pairs = (values.length * (values.length - 1)) / 2;
  return {
    name: `trend and change of ${name}`,
    run: () => {
      const plain = mannKendall(values);
      const corrected = hamedRao(values);
      const change = changePoint(values)!;
      return [
        ...scoreDifferences(wanted.mann_kendall, plain, '$.mann_kendall'),
        ...scoreDifferences(wanted.hamed_rao, corrected, '$.hamed_rao'),
        ...differences(
          [wanted.mann_kendall.tau, wanted.mann_kendall.sen_slope],
          [plain.s / pairs, senSlope(values)],
          TOLERANCE,
          '$.mann_kendall',
        ),
        ...differences(
          // Theirs is not capped at 1.
          { ...wanted.pettitt, p: Math.min(1, wanted.pettitt.p) },
          { change_after: change.after, u: change.u, p: change.p },
          TOLERANCE,
          '$.pettitt',
        ),
        ...differences(wanted.cov, coefficientOfVariation(values), TOLERANCE, '$.cov'),
        ...differences(
          wanted.autocorrelation.map((one) => one ?? 'none'),
          autocorrelations(values, wanted.autocorrelation.length).map((one) =>
            Number.isNaN(one) ? 'none' : one,
          ),
          TOLERANCE,
          '$.autocorrelation',
        ),
      ];
    },
  };
}

/** Theirs takes the tail as 1 less the rest, which leaves 1e-15 of it. */
const TAIL_TOLERANCE = 1e-15;

function scoreDifferences(
  wanted: TrendScores,
  found: ReturnType<typeof mannKendall>,
  path: string,
): string[] {
  const isTail = Math.abs(wanted.p - found.p) <= TAIL_TOLERANCE;
  return [
    ...differences(
      [wanted.s, wanted.var_s ?? found.variance, wanted.z],
      [found.s, found.variance, found.z],
      TOLERANCE,
      path,
    ),
    ...(isTail ? [] : differences(wanted.p, found.p, TOLERANCE, `${path}.p`)),
  ];
}

function quantilesCase({ values, quantiles }: Quantiles): OracleCase {
  const sorted = Float64Array.from(values).sort();
  const names = Object.keys(QUANTILE_DEFINITIONS) as QuantileDefinitionName[];
  return {
    name: `quantiles of ${values.length} values`,
    run: () =>
      Object.entries(quantiles).flatMap(([percentile, wanted]) =>
        names.flatMap((name) =>
          differences(
            wanted[name],
            QUANTILE_DEFINITIONS[name](sorted, Number(percentile)),
            TOLERANCE,
            `$.${percentile}.${name}`,
          ),
        ),
      ),
  };
}

function intervalCase({ n, p, level, lower_rank, upper_rank, coverage }: Interval): OracleCase {
  const percentile = Number((p * 100).toPrecision(12));
  return {
    name: `interval of p${percentile} of ${n} values`,
    run: () => {
      const ranks = intervalRanks(n, percentile, level);
      const found = {
        lower_rank: ranks.lower ?? null,
        upper_rank: ranks.upper ?? null,
        coverage: intervalCoverage(n, percentile, ranks),
      };
      return differences({ lower_rank, upper_rank, coverage }, found, TOLERANCE);
    },
  };
}

function shareCase({ hits, n, level, low, high }: Share): OracleCase {
  return {
    name: `share of ${hits} in ${n}`,
    run: () => differences({ low, high }, wilsonInterval(hits, n, level), TOLERANCE),
  };
}
