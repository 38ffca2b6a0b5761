import { RandomSource } from '../../src/core/random.ts';
import { PoissonArrivals } from '../../src/plan/arrivals/poisson.ts';
import { createSampleOrder } from '../../src/plan/sample-order.ts';
import { totalSamplesToIssue } from '../../src/plan/stop-rule.ts';
import type { SampleOrderSettings } from '../../src/plan/plan.ts';
import { differences } from './compare.ts';
import { type OracleCase, type OracleSuite, readOracle } from './suite.ts';

interface LoadGenerationOracle {
  readonly mersenne_twister_reference: readonly {
    readonly seed: number | bigint;
    readonly first_random: readonly number[];
    readonly first_getrandbits32: readonly number[];
  }[];
  readonly poisson_delays: readonly {
    readonly seed: number | bigint;
    readonly target_qps: number;
    readonly first_delays_ns: readonly number[];
  }[];
  readonly sample_orders: readonly ({ readonly seed: number; readonly dataset_size: number } & Partial<
    Record<SampleOrderSettings['order'], readonly number[]>
  >)[];
  readonly total_samples_to_issue: readonly {
    readonly n_samples_to_issue: number | null;
    readonly min_duration_ms: number;
    readonly dataset_samples: number;
    readonly min_sample_count: number;
    readonly target_qps: number | null;
    readonly load_pattern: string;
    readonly total_samples_to_issue: number;
  }[];
}

const ORDERS = ['without_replacement', 'with_replacement', 'sequential'] as const;
/** The draws must agree to the last bit. */
const EXACT = 0;

function cases(): readonly OracleCase[] {
  const oracle = readOracle<LoadGenerationOracle>('load_generation.json');
  return [
    ...oracle.mersenne_twister_reference.map(generatorCase),
    ...oracle.poisson_delays.map(poissonCase),
    ...oracle.sample_orders.flatMap(orderCases),
    ...oracle.total_samples_to_issue.map(totalCase),
  ];
}

function generatorCase(wanted: LoadGenerationOracle['mersenne_twister_reference'][number]): OracleCase {
  return {
    name: `generator, seed ${wanted.seed}`,
    run: () => {
      const uniform = new RandomSource(wanted.seed);
      const words = new RandomSource(wanted.seed);
      return [
        ...differences(
          wanted.first_random,
          wanted.first_random.map(() => uniform.uniform()),
          EXACT,
          '$.first_random',
        ),
        ...differences(
          wanted.first_getrandbits32,
          wanted.first_getrandbits32.map(() => words.next32()),
          EXACT,
          '$.first_getrandbits32',
        ),
      ];
    },
  };
}

function poissonCase(wanted: LoadGenerationOracle['poisson_delays'][number]): OracleCase {
  return {
    name: `poisson, seed ${wanted.seed}, ${wanted.target_qps}/s`,
    run: () => {
      const arrivals = new PoissonArrivals(wanted.target_qps, wanted.seed);
      let beforeNs = 0;
      const delays = wanted.first_delays_ns.map(() => {
        const dueNs = arrivals.nextDueNs();
        const delayNs = dueNs - beforeNs;
        beforeNs = dueNs;
        return delayNs;
      });
      return differences(wanted.first_delays_ns, delays, EXACT);
    },
  };
}

function orderCases(wanted: LoadGenerationOracle['sample_orders'][number]): OracleCase[] {
  return ORDERS.filter((order) => wanted[order] !== undefined).map((order) => ({
    name: `order ${order}, seed ${wanted.seed}, ${wanted.dataset_size} rows`,
    run: () => {
      const rows = createSampleOrder({ order, seed: wanted.seed, datasetSize: wanted.dataset_size });
      return differences(
        wanted[order],
        wanted[order]!.map((_, index) => rows.rowOf(index)),
        EXACT,
      );
    },
  }));
}

function totalCase(
  wanted: LoadGenerationOracle['total_samples_to_issue'][number],
  position: number,
): OracleCase {
  return {
    name: `total samples #${position}: ${wanted.load_pattern}, ${wanted.min_duration_ms} ms, ${wanted.dataset_samples} rows`,
    run: () =>
      differences(
        wanted.total_samples_to_issue,
        totalSamplesToIssue({
          samplesToIssue: wanted.n_samples_to_issue,
          minDurationMs: wanted.min_duration_ms,
          datasetSize: wanted.dataset_samples,
          minSamples: wanted.min_sample_count,
          ratePerSecond: wanted.target_qps,
          agentic: wanted.load_pattern === 'agentic_inference',
        }),
        EXACT,
      ),
  };
}

export const suite: OracleSuite = { name: 'load_generation', cases };
