import type { JudgedMetric } from '../core/judged-metrics.ts';
import { SALT_POSITIONS } from '../dataset/salted-row.ts';
import type { ArrivalProcessName } from '../plan/arrivals/arrival-processes.ts';
import { PLUGIN_PREFIX } from '../protocol/plugin-adapters.ts';
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
  'kserve',
  'embeddings',
  'ollama-embed',
  'rerank',
  'score',
  'images',
  'speech',
  'transcription',
] as const satisfies readonly ApiName[];
/** An API that a file describes, as `--api` has it. */
export const TEMPLATE_PREFIX = 'template:';
export const APIS_ALLOWED = `one of ${APIS.join(', ')}, ${TEMPLATE_PREFIX}FILE, or ${PLUGIN_PREFIX}NAME`;
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

/** Where a salt goes: into the text of a request, or as MLCommons endpoints has it. */
export const SALTS = [...SALT_POSITIONS, 'mlcommons'] as const;

/** `token` of RFC 9110 §5.6.2. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
export const HEADER_NAME_ALLOWED = 'the name of a header, such as X-Session-Token';

/** How a conversation is kept on one server: by its connection, by a header with its id, or by both. */
export const STICKY = /^(connection|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/;
export const STICKY_ALLOWED = 'connection or header:NAME, e.g. header:X-Session-ID';

/** What {@link STICKY} says: the header, if there is one, and whether connections are kept. */
export function stickyOf(given: readonly string[]): {
  readonly header: string | undefined;
  readonly keepsConnection: boolean;
} {
  const header = given.find((one) => one.startsWith('header:'));
  return { header: header?.slice('header:'.length), keepsConnection: given.includes('connection') };
}
