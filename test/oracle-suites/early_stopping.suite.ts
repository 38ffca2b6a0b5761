import { InferometerError } from '../../src/core/errors.ts';
import {
  earlyStoppingEstimate,
  earlyStoppingTargets,
  minimumPassing,
} from '../../src/stats/early-stopping.ts';
import { percentileIndex, percentileKey } from '../../src/stats/percentile-key.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleCase, type OracleSuite } from './suite.ts';

interface MinPassing {
  readonly t: number;
  readonly percentile_fraction: number;
  readonly tolerance: number;
  readonly confidence: number;
  readonly min_passing: number;
}

interface Estimate {
  readonly n: number;
  readonly percentile: number;
  readonly confidence: number;
  readonly sufficient: boolean;
  readonly min_queries: number;
  readonly estimate_index_0based: number | null;
  readonly rank_from_top: number | null;
  readonly discarded: number;
  readonly empirical_index_0based: number | null;
}

interface Golden {
  readonly min_passing: readonly MinPassing[];
  readonly estimates: readonly Estimate[];
  readonly percentile_argument_domain: readonly {
    readonly percentile: number;
    readonly rejected: boolean;
    readonly hint_offers_times_100?: boolean;
  }[];
  readonly kernel_domain: readonly (readonly [number, number, number, number, 'rejected' | 'accepted'])[];
  readonly grid_targets: readonly {
    readonly grid: readonly string[];
    readonly targets: Readonly<Record<string, number>>;
  }[];
}

export const suite: OracleSuite = {
  name: 'early_stopping',
  isOptional: true,
  cases: () => {
    const golden = readOracle<Golden>('early_stopping.json');
    return [
      ...golden.min_passing.map(minPassingCase),
      ...golden.estimates.map(estimateCase),
      ...golden.percentile_argument_domain.map(percentileDomainCase),
      ...golden.kernel_domain.map(kernelDomainCase),
      ...golden.grid_targets.map(gridTargetsCase),
    ];
  },
};

function minPassingCase({
  t,
  percentile_fraction,
  tolerance,
  confidence,
  min_passing,
}: MinPassing): OracleCase {
  return {
    name: `min_passing t=${t} p=${percentile_fraction} d=${tolerance} c=${confidence}`,
    run: () =>
      differences(
        min_passing,
        minimumPassing(t, percentile_fraction, tolerance, confidence),
        0,
        '$.min_passing',
      ),
  };
}

function estimateCase(golden: Estimate): OracleCase {
  const { n, percentile, confidence, ...expected } = golden;
  return {
    name: `estimate n=${n} p=${percentile} c=${confidence}`,
    run: () => {
      const { minQueries, index, discarded } = earlyStoppingEstimate(n, percentile, confidence);
      const found = {
        sufficient: index !== undefined,
        min_queries: minQueries,
        estimate_index_0based: index ?? null,
        rank_from_top: index === undefined ? null : n - index,
        discarded,
        empirical_index_0based: n === 0 ? null : percentileIndex(n, percentile),
      };
      return differences(expected, found, 0);
    },
  };
}

function percentileDomainCase(golden: Golden['percentile_argument_domain'][number]): OracleCase {
  const { percentile, rejected, hint_offers_times_100: hinted = false } = golden;
  return {
    name: `percentile ${percentile} ${rejected ? 'rejected' : 'accepted'}`,
    run: () => {
      const message = rejectionOf(() => earlyStoppingEstimate(1000, percentile));
      const found = {
        rejected: message !== undefined,
        hinted: /did you mean [\d.]+\?/.test(message ?? ''),
      };
      return differences({ rejected, hinted }, found);
    },
  };
}

function kernelDomainCase([
  t,
  fraction,
  tolerance,
  confidence,
  verdict,
]: Golden['kernel_domain'][number]): OracleCase {
  return {
    name: `kernel t=${t} p=${fraction} d=${tolerance} c=${confidence} ${verdict}`,
    run: () => {
      const message = rejectionOf(() => minimumPassing(t, fraction, tolerance, confidence));
      return differences(verdict, message === undefined ? 'accepted' : 'rejected');
    },
  };
}

/**
 * Rule: our grids hold numbers, so a whole percentile is keyed with a decimal (`99.0`) even where the reference's grid
 * holds an integer, which it keys `99`. The order is the grid's.
 */
function gridTargetsCase({ grid, targets }: Golden['grid_targets'][number]): OracleCase {
  return {
    name: `grid ${grid.join(' ')}`,
    run: () => {
      const expected = grid.filter((key) => key in targets).map((key) => [keyed(key), targets[key]]);
      const found = earlyStoppingTargets(grid.map(Number)).map((p) => [percentileKey(p), p]);
      return differences(expected, found, 0);
    },
  };
}

function keyed(gridKey: string): string {
  return percentileKey(Number(gridKey));
}

function rejectionOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof InferometerError) return error.message;
    throw error;
  }
}
