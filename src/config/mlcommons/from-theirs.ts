import type { Tree } from '../yaml-file.ts';
import { totalSamplesToIssue } from '../../plan/stop-rule.ts';
import { streamingOf } from './read-theirs.ts';
import type { TheirConfig } from './their-schema.ts';

/** Their configuration as settings of ours. */
export interface FromTheirs {
  readonly tree: Tree;
  /** What of it has no equivalent, or means something else, each a sentence. */
  readonly notes: readonly string[];
  /** How many requests they would send of a dataset of that size; undefined for what our settings say themselves. */
  readonly samplesOf: ((datasetSize: number) => number) | undefined;
}

const APIS = { openai: 'chat', openai_completions: 'completions', sglang: 'sglang' } as const;
const PATTERNS = {
  max_throughput: 'burst',
  poisson: 'poisson',
  concurrency: 'concurrency',
  agentic_inference: 'concurrency',
} as const;
/** The longest time to wait that we know: theirs waits without limit. */
const NO_LIMIT_MS = 576 * 3_600_000;
const LARGEST_SEED = 2 ** 53;
const SAMPLING = [
  ...['temperature', 'seed', 'top_k', 'top_p', 'repetition_penalty', 'presence_penalty', 'frequency_penalty'],
  'chat_template_kwargs',
] as const;

/** What stands in a path of ours comes from that path of theirs: for the places of messages. */
export const THEIR_PATHS: Readonly<Record<string, readonly string[]>> = {
  endpoints: ['endpoint_config', 'endpoints'],
  'client.api_key': ['endpoint_config', 'api_key'],
  model: ['model_params', 'name'],
  dataset: ['datasets'],
  max_output_tokens: ['model_params', 'max_new_tokens'],
  extra: ['model_params'],
  load: ['settings', 'load_pattern'],
  stop: ['settings', 'runtime'],
  seed: ['settings', 'runtime', 'scheduler_random_seed'],
  warmup: ['settings', 'warmup'],
  conversations: ['datasets'],
  salt: ['datasets'],
  client: ['settings', 'client'],
  drain_timeout_ms: ['settings', 'drain', 'performance_timeout_s'],
};

/** Returns a text instead that says why for a configuration that can't be run at all. */
export function fromTheirs(config: TheirConfig): FromTheirs | string {
  const { settings, endpoint_config: endpoint, model_params: model, submission_ref: reference } = config;
  if (config.type === 'eval') return 'type eval is not supported: a run measures performance, not accuracy';
  if (endpoint.api_type === 'videogen') return 'endpoint_config.api_type videogen has no equivalent';
  const performance = config.datasets.filter(({ type }) => type === 'performance');
  const [dataset] = performance;
  if (dataset === undefined || performance.length > 1)
    return `datasets must have exactly one of type performance (got ${performance.length})`;
  if (!dataset.path) return 'the dataset needs a path: predefined datasets have no equivalent';
  const { override, max_new_tokens: limit } = overrideOf(dataset, model);
  const { load_pattern: load, runtime, client, drain, warmup } = settings;
  const isAgentic = load.type === 'agentic_inference';
  const tree: Tree = {
    endpoints: endpoint.endpoints,
    model: model.name.trim() === '' ? reference?.model : model.name,
    dataset: dataset.path,
    ...(dataset.parser ? { map: dataset.parser } : {}),
    api: APIS[endpoint.api_type],
    streaming: streamingOf(config) ? 'on' : 'off',
    max_output_tokens: limit,
    extra: extraOf({ ...model, ...override }),
    load: {
      pattern: PATTERNS[load.type],
      ...(load.type === 'poisson' ? { rate_per_second: load.target_qps } : {}),
      ...(load.type === 'concurrency' || isAgentic ? { concurrency: load.target_concurrency } : {}),
    },
    stop: {
      ...(runtime.n_samples_to_issue ? { samples: runtime.n_samples_to_issue } : {}),
      ...(runtime.max_duration_ms === 0 ? {} : { duration_ms: runtime.max_duration_ms }),
    },
    seed: seedOf(runtime.scheduler_random_seed),
    ...(warmup.enabled && warmup.n_requests ? { warmup: { samples: warmup.n_requests } } : {}),
    client: {
      ...(endpoint.api_key ? { api_key: endpoint.api_key } : {}),
      ...(client.num_workers === -1 ? {} : { workers: client.num_workers }),
      ...(client.max_connections === -1 ? {} : { max_connections: client.max_connections }),
      ...(client.insecure ? { tls_verify: false } : {}),
    },
    drain_timeout_ms: drain.performance_timeout_s === null ? NO_LIMIT_MS : drain.performance_timeout_s * 1000,
    metrics: { drain_timeout_ms: drain.metrics_drain_timeout_s * 1000 },
  };
  if (isAgentic) addAgentic(tree, dataset);
  return { tree, notes: notesOf(config), samplesOf: isAgentic ? undefined : samplesOf(config) };
}

function samplesOf({ settings, datasets }: TheirConfig): FromTheirs['samplesOf'] {
  const { runtime, load_pattern: load } = settings;
  if (runtime.n_samples_to_issue) return undefined;
  const limit = datasets.find(({ type }) => type === 'performance')?.samples ?? Infinity;
  return (datasetSize) =>
    totalSamplesToIssue({
      samplesToIssue: null,
      minDurationMs: runtime.min_duration_ms,
      datasetSize: Math.min(datasetSize, limit),
      minSamples: 1,
      ratePerSecond: load.target_qps ?? null,
      agentic: false,
    });
}

type Dataset = TheirConfig['datasets'][number];
type Model = TheirConfig['model_params'];

/** What a dataset sets for itself. */
function overrideOf(
  { generation_config_override: override }: Dataset,
  { max_new_tokens: limit }: Model,
): { readonly override: Tree; readonly max_new_tokens: number } {
  const { max_new_tokens: own, ...rest } = override ?? {};
  return { override: rest, max_new_tokens: typeof own === 'number' ? own : limit };
}

/** Sampling parameters are sent under the same names; null is not set. */
function extraOf(model: Tree): Tree {
  const given = SAMPLING.map((key) => [key, model[key]] as const).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return {
    ...Object.fromEntries(given),
    ...(model.min_new_tokens === 1 ? {} : { min_tokens: model.min_new_tokens }),
    ...(model.skip_special_tokens === false ? { skip_special_tokens: false } : {}),
  };
}

/** Theirs may be larger than a number holds exactly. */
function seedOf(seed: number | bigint): number {
  return typeof seed === 'number' && seed >= 0 ? seed : Number(BigInt.asUintN(53, BigInt(seed)));
}

/** As docs/conversations.md has it. */
function addAgentic(tree: Tree, { agentic_inference: agentic }: Dataset): void {
  const block = agentic!;
  const [header] = block.routing_headers;
  tree.sample_order = 'sequential';
  tree.conversations = {
    multi_turn: true,
    on_turn_failure: 'fail',
    on_first_idle: block.stop_issuing_on_first_user_complete ? 'stop_issuing' : 'stop_measuring',
    ignore_delays: !block.inject_tool_delay,
    ...(header === undefined ? {} : { sticky: [`header:${header}`] }),
  };
  if (block.enable_salt) tree.salt = { position: 'mlcommons', per: 'conversation' };
  if (block.num_trajectories_to_issue) tree.stop = { conversations: block.num_trajectories_to_issue };
  const client = tree.client as Tree;
  client.request_timeout_ms = Math.min(NO_LIMIT_MS, block.turn_timeout_s * 1000);
}

/** What has no equivalent, where it is not as it is by default. */
const UNMATCHED: readonly { readonly note: string; readonly holds: (config: TheirConfig) => boolean }[] = [
  {
    note: 'accuracy datasets are not run: a run measures performance',
    holds: ({ datasets }) => datasets.some(({ type }) => type === 'accuracy'),
  },
  {
    note: 'datasets[].samples has no equivalent: every row may be sent',
    holds: ({ datasets }) => datasets.some(({ type, samples }) => type === 'performance' && !!samples),
  },
  {
    note: 'model_params.tokenizer_name has no equivalent: give the path of a tokenizer.json by --tokenizer',
    holds: ({ model_params: model }) => !!model.tokenizer_name,
  },
  {
    note: 'model_params.osl_distribution has no equivalent',
    holds: ({ model_params: model }) => !!model.osl_distribution,
  },
  {
    note: 'dataloader_random_seed has no equivalent of its own: seed is the scheduler_random_seed',
    holds: ({ settings: { runtime } }) => runtime.dataloader_random_seed !== runtime.scheduler_random_seed,
  },
  {
    note: 'scheduler_random_seed is larger than a seed may be: its lowest 53 bits are used, so arrival times differ from theirs',
    holds: ({ settings: { runtime } }) => runtime.scheduler_random_seed >= LARGEST_SEED,
  },
  {
    note: 'a warm-up without n_requests has no equivalent: there is none (--warmup)',
    holds: ({ settings: { warmup } }) => warmup.enabled && !warmup.n_requests,
  },
  {
    note: 'settings.warmup.salt has no equivalent: --salt is for all requests',
    holds: ({ settings: { warmup } }) => warmup.enabled && warmup.salt,
  },
  {
    note: 'settings.drain: all phases have the time-out of performance_timeout_s',
    holds: ({ settings: { drain } }) => drain.warmup_timeout_s !== drain.performance_timeout_s,
  },
  {
    note: 'settings.client: only num_workers, max_connections and insecure have an equivalent',
    holds: ({ settings: { client } }) => Object.keys(client).some((key) => !CLIENT_KEYS.includes(key)),
  },
  { note: 'settings.profiling has no equivalent', holds: ({ settings }) => !!settings.profiling?.engine },
  { note: 'audit is not run', holds: ({ audit }) => !!audit },
  { note: 'report_dir has no equivalent: give --out', holds: ({ report_dir: path }) => !!path },
  {
    note: 'agentic_inference.routing_headers: only the first header is sent',
    holds: ({ datasets }) =>
      datasets.some(({ agentic_inference: agentic }) => (agentic?.routing_headers.length ?? 0) > 1),
  },
];
const CLIENT_KEYS: readonly string[] = ['num_workers', 'max_connections', 'insecure', 'stream_all_chunks'];

function notesOf(config: TheirConfig): readonly string[] {
  return UNMATCHED.filter(({ holds }) => holds(config)).map(({ note }) => note);
}
