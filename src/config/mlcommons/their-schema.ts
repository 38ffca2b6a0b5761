import { z } from 'zod';
import { datasetOfText } from './their-dataset-text.ts';
import { group, milliseconds, oneOf, real, seed, whole, yesNo } from './their-values.ts';

// The configuration of MLCommons endpoints, with its defaults: https://github.com/mlcommons/endpoints

const text = () => z.string('text');
const anything = () => z.record(z.string(), z.unknown(), 'keys and values');
const countAboveZero = () => whole(1, 'a whole number above 0');
const aboveZero = () => real('a number above 0', (value) => value > 0);
const fromZero = () => real('a number from 0', (value) => value >= 0);
const penalty = () => real('a number').nullish();

const DATASET_TYPES = oneOf('performance', 'accuracy');

const agentic = group({
  turn_timeout_s: aboveZero().default(86_400),
  enable_salt: yesNo().default(false),
  inject_tool_delay: yesNo().default(false),
  routing_headers: z.array(text(), 'a list').default(['X-Session-ID']),
  num_trajectories_to_issue: countAboveZero().nullish(),
  stop_issuing_on_first_user_complete: yesNo().default(false),
});

const dataset = z.preprocess(
  (given) => (typeof given === 'string' ? datasetOfText(given) : given),
  group({
    name: text().nullish(),
    type: DATASET_TYPES.default('performance'),
    path: text().nullish(),
    format: text().nullish(),
    samples: countAboveZero().nullish(),
    parser: z.partialRecord(z.enum(['prompt', 'system']), text(), 'columns for prompt and system').nullish(),
    generate_params: anything().nullish(),
    eval_method: text().nullish(),
    generation_config_override: anything().nullish(),
    accuracy_config: group({
      eval_method: text().nullish(),
      ground_truth: text().nullish(),
      extractor: text().nullish(),
      num_repeats: whole(1, 'a whole number above 0').default(1),
      extras: anything().nullish(),
    }).nullish(),
    agentic_inference: agentic.nullish(),
  }),
);

const modelParams = group({
  name: text().default(''),
  temperature: penalty(),
  seed: seed().nullish(),
  top_k: whole(-1, 'a whole number').nullish(),
  top_p: penalty(),
  repetition_penalty: penalty(),
  presence_penalty: penalty(),
  frequency_penalty: penalty(),
  chat_template_kwargs: anything().nullish(),
  osl_distribution: anything().nullish(),
  max_new_tokens: whole(1, 'a whole number above 0').default(1024),
  min_new_tokens: whole(0, 'a whole number from 0').default(1),
  skip_special_tokens: yesNo().default(true),
  streaming: oneOf('auto', 'on', 'off').default('auto'),
  tokenizer_name: text().nullish(),
});

const autoOrMore = whole(-1, '-1 for auto, or a whole number above 0').refine(
  (value) => value !== 0,
  '-1 for auto, or a whole number above 0',
);

const settings = group({
  runtime: group({
    min_duration_ms: milliseconds().default(600_000),
    max_duration_ms: milliseconds().default(0),
    n_samples_to_issue: countAboveZero().nullish(),
    scheduler_random_seed: seed().default(42),
    dataloader_random_seed: seed().default(42),
  }).prefault({}),
  load_pattern: group({
    type: oneOf('max_throughput', 'poisson', 'concurrency', 'agentic_inference').default('max_throughput'),
    target_qps: aboveZero().nullish(),
    target_concurrency: countAboveZero().nullish(),
    use_legacy_loadgen_qps_metrics: yesNo().default(true),
  }).prefault({}),
  client: group({
    num_workers: autoOrMore.default(-1),
    max_connections: autoOrMore.default(-1),
    insecure: yesNo().default(false),
    stream_all_chunks: yesNo().default(false),
    log_level: text().optional(),
    warmup_connections: whole(-1, 'a whole number from -1').optional(),
    auto_warmup_budget_fraction: real('a share above 0, at most 1', (one) => one > 0 && one <= 1).optional(),
    max_concurrent_warmup_connects: countAboveZero().optional(),
    transport: anything().optional(),
    worker_initialization_timeout: fromZero().optional(),
    worker_graceful_shutdown_wait: fromZero().optional(),
    worker_force_kill_timeout: fromZero().optional(),
    max_idle_time: fromZero().optional(),
    min_required_connections: whole(-1, 'a whole number from -1').optional(),
    worker_gc_mode: oneOf('disabled', 'relaxed', 'system').optional(),
  }).prefault({}),
  drain: group({
    warmup_timeout_s: aboveZero().nullable().default(240),
    performance_timeout_s: aboveZero().nullable().default(240),
    accuracy_timeout_s: aboveZero().nullable().default(null),
    metrics_drain_timeout_s: fromZero().default(0),
    metrics_tokenizer_workers: countAboveZero().default(4),
  }).prefault({}),
  warmup: group({
    enabled: yesNo().default(false),
    n_requests: countAboveZero().nullish(),
    salt: yesNo().default(false),
    drain: yesNo().default(false),
    warmup_random_seed: seed().default(42),
  }).prefault({}),
  profiling: group({
    engine: oneOf('vllm').nullish(),
    urls: z.array(text().regex(/^https?:\/\//, 'a URL'), 'a list').nullish(),
  }).optional(),
  early_stopping: group({ enabled: yesNo().default(true) }).prefault({}),
  service_ready_timeout_s: fromZero().optional(),
});

const URL_ALLOWED = 'a URL that begins with http:// or https://';

export const theirSchema = group({
  type: oneOf('offline', 'online', 'eval', 'submission'),
  name: text().nullish(),
  version: text().nullish(),
  benchmark_mode: oneOf('offline', 'online').nullish(),
  submission_ref: group({ model: text().nullish(), ruleset: text().nullish() }).nullish(),
  model_params: modelParams.prefault({}),
  datasets: z.array(dataset, 'a list of datasets').default([]),
  settings: settings.prefault({}),
  endpoint_config: group({
    endpoints: z.array(text(), 'a list of URLs').min(1, 'a list of URLs, at least one'),
    api_key: text().nullish(),
    api_type: oneOf('openai', 'openai_completions', 'sglang', 'videogen').default('openai'),
  }).superRefine(({ endpoints }, context) => {
    if (endpoints.every((url) => /^https?:\/\//.test(url))) return;
    context.addIssue({ code: 'custom', message: URL_ALLOWED, path: ['endpoints'] });
  }),
  report_dir: text().nullish(),
  timeout: fromZero().nullish(),
  verbose: yesNo().optional(),
  enable_cpu_affinity: yesNo().optional(),
  audit: group({
    test: oneOf('output_caching_test'),
    only: yesNo().default(false),
    samples: countAboveZero(),
    audit_samples: countAboveZero().nullish(),
    sample_index: whole(0, 'a whole number from 0').default(0),
    threshold: real('a number above 0 and below 1', (value) => value > 0 && value < 1).default(0.1),
  }).nullish(),
});

export type TheirConfig = z.output<typeof theirSchema>;
/** The fields of a model that a dataset may set for itself, and those that it may not. */
export const MODEL_FIELDS = Object.keys(modelParams.shape);
export const GLOBAL_MODEL_FIELDS: readonly string[] = ['name', 'streaming', 'tokenizer_name'];
