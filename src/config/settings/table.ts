import { CLIENT } from './client-settings.ts';
import { CONVERSATIONS } from './conversation-settings.ts';
import * as dataset from './dataset-settings.ts';
import * as load from './load-settings.ts';
import { PHASES } from './phase-settings.ts';
import * as output from './output-settings.ts';
import * as requests from './request-settings.ts';

/** Every setting of a run, by its key in YAML: the one source of flags, environment variables, schemas, help and docs. */
export const SETTING_TABLE = {
  endpoints: requests.ENDPOINTS,
  model: requests.MODEL,
  dataset: dataset.DATASET,
  format: dataset.FORMAT,
  map: dataset.MAP,
  hub: dataset.HUB,
  dataset_memory_bytes: dataset.DATASET_MEMORY,
  synthetic: dataset.SYNTHETIC,
  conversations: CONVERSATIONS,
  salt: dataset.SALT,
  api: requests.API,
  streaming: requests.STREAMING,
  max_output_tokens: requests.OUTPUT_LIMIT,
  limit_field: requests.LIMIT_FIELD,
  extra: requests.EXTRA,
  usage: requests.USAGE,
  path: requests.PATH,
  skip_bad_rows: dataset.SKIP_BAD_ROWS,
  tokenizer: dataset.TOKENIZER,
  load: load.LOAD,
  stop: load.STOP,
  until: load.UNTIL,
  phases: PHASES,
  warmup: load.WARMUP,
  cancel: load.CANCEL,
  retry: load.RETRY,
  sample_order: load.SAMPLE_ORDER,
  seed: load.SEED,
  judge: output.JUDGE,
  slo: output.SLO,
  good: output.GOOD,
  steady_state: output.STEADY_STATE,
  client: CLIENT,
  drain_timeout_ms: output.DRAIN_TIMEOUT,
  check: output.CHECK,
  wait_ready_ms: output.WAIT_READY,
  abort_when_hopeless: output.ABORT_WHEN_HOPELESS,
  abort: output.ABORT,
  idle_timeout_ms: output.IDLE_TIMEOUT,
  server_metrics: output.SERVER_METRICS,
  power: output.POWER,
  price_per_hour: output.PRICE_PER_HOUR,
  metrics: output.METRICS,
  events_jsonl: output.EVENTS_JSONL,
  report_html: output.REPORT_HTML,
  tags: output.TAGS,
};
