import type { JudgedMetric } from '../core/judged-metrics.ts';
import type { ArrivalProcessName } from '../plan/arrivals/arrival-processes.ts';
import type { ApiName } from '../protocol/adapters.ts';
import type { HistoryChoice } from '../workload/dataset/planned-turns.ts';

// Apart from the schema, so that `--help` need not load what checks it.

export const APIS = [
  'chat',
  'completions',
  'responses',
  'anthropic',
  'ollama',
  'ollama-generate',
  'sglang',
  'tgi',
  'llamacpp',
  'triton',
  'embeddings',
  'rerank',
  'score',
] as const satisfies readonly ApiName[];
/** An API that a file describes, as `--api` has it. */
export const TEMPLATE_PREFIX = 'template:';
export const APIS_ALLOWED = `one of ${APIS.join(', ')}, or ${TEMPLATE_PREFIX}FILE`;
/** Those in which requests have due times at a rate, by the names of `ARRIVAL_PROCESSES`. */
export const OPEN_LOOP_PATTERNS = [
  'constant',
  'poisson',
  'gamma',
] as const satisfies readonly ArrivalProcessName[];
export const LOAD_PATTERNS = ['burst', ...OPEN_LOOP_PATTERNS, 'concurrency', 'replay'] as const;
export const HISTORIES = ['auto', 'live', 'recorded'] as const satisfies readonly HistoryChoice[];
export const SAMPLE_ORDERS = ['without_replacement', 'with_replacement', 'sequential'] as const;
export const JUDGED_METRICS = [
  'ttft',
  'tpot',
  'chunk_gap',
  'latency',
  'throughput',
] as const satisfies readonly JudgedMetric[];
