import { redactUrls } from '../core/redact-url.ts';
import type { Json } from '../metrics/snapshot.ts';
import { NO_PROXY } from '../protocol/proxy.ts';
import { firstModel, modelsOf } from './models.ts';
import type { RunConfig } from './schema.ts';

// Settings of MLCommons endpoints and ours: https://github.com/mlcommons/endpoints has theirs, schema.ts ours.

type Tree = Readonly<Record<string, unknown>>;

/** Their name → ours. */
const APIS: Readonly<Record<string, string>> = {
  openai: 'chat',
  openai_completions: 'completions',
  sglang: 'sglang',
};
const PATTERNS: Readonly<Record<string, string>> = {
  max_throughput: 'burst',
  poisson: 'poisson',
  concurrency: 'concurrency',
  agentic_inference: 'concurrency',
};
/** What their `model_params` send, and ours has among the extra fields, under the same names. */
const SAMPLING_KEYS: readonly string[] = [
  ...['temperature', 'seed', 'top_k', 'top_p', 'repetition_penalty', 'presence_penalty', 'frequency_penalty'],
  'chat_template_kwargs',
];

/** What one of their configurations says, as far as we have a word for it. */
export interface MlcommonsSettings {
  /** In the shape of ours, with what is not set left out. */
  readonly config: { readonly [key: string]: Json };
  readonly streaming: boolean | undefined;
  readonly ratePerSecond: number | undefined;
  readonly samples: number | undefined;
  /** Their report takes QPS and TPS from the window of MLPerf LoadGen. */
  readonly takesLegacyWindow: boolean;
}

/** Reads a configuration of theirs. Never throws: what is of another type reads as not set. */
export function fromMlcommonsConfig(tree: unknown): MlcommonsSettings {
  const { model_params, datasets, settings, endpoint_config, type, benchmark_mode: mode } = fieldsOf(tree);
  const model = fieldsOf(model_params);
  const { load_pattern, runtime, client, warmup, drain } = fieldsOf(settings);
  const load = fieldsOf(load_pattern);
  const times = fieldsOf(runtime);
  const endpoint = fieldsOf(endpoint_config);
  const pattern = textOf(load.type);
  const streaming = streamingOf(textOf(model.streaming), textOf(mode) ?? textOf(type));
  const ratePerSecond = pattern === 'poisson' ? numberOf(load.target_qps) : undefined;
  const samples = numberOf(times.n_samples_to_issue);
  const drainS = numberOf(fieldsOf(drain).performance_timeout_s);
  const durationMs = numberOf(times.max_duration_ms);
  const { enabled, n_requests: warmupSamples } = fieldsOf(warmup);
  return {
    streaming,
    ratePerSecond,
    samples,
    takesLegacyWindow: pattern === 'poisson' && load.use_legacy_loadgen_qps_metrics !== false,
    config: set({
      endpoints: listOf(endpoint.endpoints).flatMap((url) =>
        typeof url === 'string' ? [redactUrls(url)] : [],
      ),
      model: textOf(model.name),
      dataset: performancePath(listOf(datasets)),
      api: renamed(APIS, textOf(endpoint.api_type)),
      streaming: streaming === undefined ? undefined : streaming ? 'on' : 'off',
      max_output_tokens: numberOf(model.max_new_tokens),
      extra: set(Object.fromEntries(SAMPLING_KEYS.map((key) => [key, jsonOf(model[key])]))),
      load: set({
        pattern: renamed(PATTERNS, pattern),
        rate_per_second: ratePerSecond,
        concurrency: pattern === 'poisson' ? undefined : numberOf(load.target_concurrency),
      }),
      conversations: pattern === 'agentic_inference' ? { multi_turn: true } : undefined,
      stop: set({ samples, duration_ms: durationMs === 0 ? undefined : durationMs }),
      warmup: enabled === true ? set({ samples: numberOf(warmupSamples) }) : undefined,
      seed: numberOf(times.scheduler_random_seed),
      client: set({
        workers: numberOf(fieldsOf(client).num_workers),
        max_connections: numberOf(fieldsOf(client).max_connections),
      }),
      drain_timeout_ms: drainS === undefined ? undefined : drainS * 1000,
    }),
  };
}

/** Samples of a run that its duration ends: theirs has no other way to say so. */
const NO_SAMPLE_LIMIT = 1_000_000_000;

export type MlcommonsConfig = { readonly tree: { readonly [key: string]: Json } } | { readonly why: string };

/**
 * The same run as a configuration of theirs, or the first setting that they have no word for. A secret is left to the environment; time-outs
 * of requests and how tokens are counted are ours alone and change nothing of the load. `streaming`: as the run has it.
 */
export function toMlcommonsConfig(config: RunConfig, streaming: boolean): MlcommonsConfig {
  const why = REASONS.find(({ holds }) => holds(config));
  if (why !== undefined) return { why: why.text };
  const { load, stop, warmup, client, endpoints, dataset, extra, seed } = config;
  const isOnline = load.pattern !== 'burst';
  const { workers } = client;
  return {
    tree: {
      type: isOnline ? 'online' : 'offline',
      name: 'inferometer',
      model_params: {
        name: firstModel(config),
        max_new_tokens: config.max_output_tokens!,
        streaming: streaming ? 'on' : 'off',
        ...(extra as { readonly [key: string]: Json }),
      },
      // There is one: generated prompts are among the reasons.
      datasets: [{ path: dataset! }],
      settings: {
        runtime: {
          min_duration_ms: 0,
          max_duration_ms: Math.round(stop.duration_ms ?? 0),
          n_samples_to_issue: stop.samples ?? (stop.duration_ms === undefined ? null : NO_SAMPLE_LIMIT),
          scheduler_random_seed: seed,
          dataloader_random_seed: seed,
        },
        load_pattern: {
          type: load.pattern === 'burst' ? 'max_throughput' : load.pattern,
          target_qps: load.rate_per_second ?? null,
          target_concurrency: load.concurrency ?? null,
        },
        client: {
          // Theirs must serve each endpoint alike.
          num_workers: workers === 'auto' || workers % endpoints.length !== 0 ? -1 : workers,
          max_connections: client.max_connections ?? -1,
          insecure: !client.tls_verify,
          ...(streaming ? { stream_all_chunks: true } : {}),
        },
        drain: {
          performance_timeout_s: config.drain_timeout_ms / 1000,
          warmup_timeout_s: config.drain_timeout_ms / 1000,
        },
        ...(warmup?.samples === undefined
          ? {}
          : { warmup: { enabled: true, n_requests: warmup.samples, drain: true } }),
      },
      endpoint_config: {
        endpoints: endpoints.map((url) => redactUrls(url)),
        api_type: 'openai',
        ...(client.api_key === undefined ? {} : { api_key: '${INFEROMETER_API_KEY}' }),
      },
    },
  };
}

const REASONS: readonly { readonly text: string; readonly holds: (config: RunConfig) => boolean }[] = [
  { text: '--pattern constant', holds: ({ load }) => load.pattern === 'constant' },
  {
    text: '--api completions and sglang with prompts that are texts',
    holds: ({ api }) => api === 'completions' || api === 'sglang',
  },
  {
    text: 'APIs other than chat, completions and sglang',
    holds: ({ api }) => !Object.values(APIS).includes(api),
  },
  {
    text: 'requests without a limit of output tokens: set one by --max-output-tokens',
    holds: ({ max_output_tokens: limit }) => limit === undefined,
  },
  { text: '--limit-field max_tokens', holds: ({ limit_field: field }) => field === 'max_tokens' },
  {
    text: 'datasets other than .jsonl, .json and .csv',
    holds: ({ dataset }) => dataset !== undefined && !/\.(jsonl|json|csv)$/i.test(dataset),
  },
  { text: '--multi-turn', holds: ({ conversations }) => conversations?.multi_turn === true },
  {
    text: '--format with other datasets than rows of prompts, and traces',
    holds: ({ format }) => format !== undefined && format !== 'rows',
  },
  { text: '--replay', holds: ({ load }) => load.pattern === 'replay' },
  { text: '--hub', holds: ({ hub }) => hub !== undefined },
  { text: '--dataset-memory', holds: ({ dataset_memory_bytes: bytes }) => bytes !== undefined },
  { text: 'several --model', holds: (config) => modelsOf(config).length > 1 },
  { text: '--map', holds: ({ map }) => map !== undefined },
  { text: '--salt', holds: ({ salt }) => salt !== undefined },
  { text: '--synthetic', holds: ({ synthetic }) => synthetic !== undefined },
  { text: 'phases', holds: ({ phases }) => phases !== undefined },
  { text: '--pattern gamma', holds: ({ load }) => load.pattern === 'gamma' },
  {
    text: '--stages',
    holds: ({ load }) => load.stages !== undefined || load.stages_file !== undefined,
  },
  { text: '--skip-bad-rows', holds: ({ skip_bad_rows: skips }) => skips },
  {
    text: '--path, Unix sockets, and endpoints with a path or a query',
    holds: ({ path, endpoints }) => path !== undefined || endpoints.some((url) => !isOrigin(url)),
  },
  { text: '--header', holds: ({ client }) => Object.keys(client.headers).length > 0 },
  {
    text: '--ca, --cert and --server-name',
    holds: ({ client }) =>
      [client.ca_file, client.cert_file, client.server_name].some((one) => one !== undefined),
  },
  { text: '--request-id and --traceparent', holds: ({ client }) => client.request_id || client.traceparent },
  { text: '--resolve', holds: ({ client }) => client.resolve !== undefined },
  {
    text: '--proxy',
    holds: ({ client: { proxies = [] } }) => proxies.some((proxy) => proxy !== NO_PROXY),
  },
  {
    text: '--requests-per-connection',
    holds: ({ client }) => client.requests_per_connection !== undefined,
  },
  { text: '--http 2', holds: ({ client }) => client.http === 2 },
  { text: '--balance least-in-flight', holds: ({ client }) => client.balance === 'least_in_flight' },
  { text: '--until', holds: ({ until }) => until !== undefined },
  { text: '--retry', holds: ({ retry }) => retry !== undefined },
  { text: '--cancel', holds: ({ cancel }) => cancel !== undefined },
  { text: '--connections new', holds: ({ client }) => client.connections === 'new' },
  {
    text: `--sample-order other than without-replacement`,
    holds: ({ sample_order: order }) => order !== 'without_replacement',
  },
  { text: 'a warm-up that lasts a time', holds: ({ warmup }) => warmup?.duration_ms !== undefined },
  { text: '--drain-timeout 0', holds: ({ drain_timeout_ms: timeout }) => timeout === 0 },
  {
    text: `--extra with other fields than ${SAMPLING_KEYS.join(', ')}`,
    holds: ({ extra }) =>
      Object.entries(extra).some(([key, value]) => !SAMPLING_KEYS.includes(key) || value === null),
  },
];

function isOrigin(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { pathname, search, username } = new URL(url);
  return pathname === '/' && search === '' && username === '';
}

function streamingOf(streaming: string | undefined, mode: string | undefined): boolean | undefined {
  if (streaming === 'on' || streaming === 'off') return streaming === 'on';
  return mode === undefined ? undefined : mode !== 'offline';
}

function performancePath(datasets: readonly unknown[]): string | undefined {
  const found = datasets.map(fieldsOf).find(({ type }) => type === undefined || type === 'performance');
  return textOf(found?.path);
}

/** Their word for it where ours lacks one. */
function renamed(names: Readonly<Record<string, string>>, name: string | undefined): string | undefined {
  return name !== undefined && Object.hasOwn(names, name) ? names[name] : name;
}

function set(fields: Readonly<Record<string, Json | undefined>>): { readonly [key: string]: Json } {
  const isSet = (entry: [string, Json | undefined]): entry is [string, Json] => {
    const [, value] = entry;
    const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
    return value !== undefined && value !== null && !isEmpty;
  };
  return Object.fromEntries(Object.entries(fields).filter(isSet));
}

function fieldsOf(value: unknown): Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A number or a text; a mapping of these is theirs to know. */
function jsonOf(value: unknown): Json | undefined {
  return textOf(value) ?? numberOf(value);
}
