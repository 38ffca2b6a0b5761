import type { JudgedMetric } from '../core/judged-metrics.ts';
import type { ApiName } from '../protocol/adapters.ts';

// Apart from the schema, so that `--help` need not load what checks it.

export const APIS = ['chat', 'completions', 'sglang'] as const satisfies readonly ApiName[];
export const LOAD_PATTERNS = ['burst', 'constant', 'poisson', 'concurrency'] as const;
export const SAMPLE_ORDERS = ['without_replacement', 'with_replacement', 'sequential'] as const;
export const JUDGED_METRICS = [
  'ttft',
  'tpot',
  'chunk_gap',
  'latency',
  'throughput',
] as const satisfies readonly JudgedMetric[];
