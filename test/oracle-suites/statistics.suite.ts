import { QUANTILE_DEFINITIONS, type QuantileDefinitionName } from '../../bench/stats/quantile-definitions.ts';
import { intervalCoverage, intervalRanks } from '../../src/stats/quantile-interval.ts';
import { differences } from './compare.ts';
import { type OracleCase, type OracleSuite, readOracle } from './suite.ts';

interface Quantiles {
  readonly values: readonly number[];
  readonly quantiles: Readonly<Record<string, Readonly<Record<string, number>>>>;
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

/** Trends and shares are in the file, too: we have no function for them. */
export const suite: OracleSuite = {
  name: 'statistics',
  isOptional: true,
  cases: () => {
    const golden = readOracle<{ quantiles: readonly Quantiles[]; quantile_intervals: readonly Interval[] }>(
      'statistics.json',
    );
    return [...golden.quantiles.map(quantilesCase), ...golden.quantile_intervals.map(intervalCase)];
  },
};

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
