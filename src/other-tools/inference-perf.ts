import { parse } from 'yaml';
import { errorText, InferometerError } from '../core/errors.ts';
import { definedOf, urlOf } from './common-flags.ts';
import type { Given } from './given.ts';
import type { Lengths, Load, Meaning, Prompts, Stage } from './meaning.ts';
import { missing, same, secondsText, type Tool, type ToolFlag, valued } from './tool.ts';

const APIS: Readonly<Record<string, readonly [api: string, path: string]>> = {
  completion: ['openai-completions', '/v1/completions'],
  chat: ['openai-chat', '/v1/chat/completions'],
  anthropic_messages: ['anthropic', '/v1/messages'],
};
const WORKERS = 'Threads and connections are chosen here; see --workers and --max-connections.';

const FLAGS: readonly ToolFlag[] = [
  valued('--config_file --config-file -c', '(its settings)', { unit: 'YAML file' }),
  valued('server.type', '--api', { default: 'vllm' }),
  same('server.base_url', '--endpoint', { unit: 'URL without /v1' }),
  same('server.model_name', '--model', { unit: 'name' }),
  valued('server.ignore_eos', '--extra ignore_eos=true', { default: 'true' }),
  same('server.api_key', '--api-key'),
  valued('api.type', '--api', { default: 'completion' }),
  valued('api.streaming', '--streaming', { default: 'false' }),
  valued('api.headers', '--header'),
  valued('load.type', '--pattern', { default: 'constant' }),
  valued('load.stages', '--stages, --concurrency with --samples', { unit: '1/s, s, requests' }),
  valued('load.interval', '--stages "…, pause for TIME, …"', { unit: 's', default: '1' }),
  valued('load.sweep', 'several runs', { unit: 'requests, s' }),
  valued('load.trace', '--replay, --dataset'),
  missing('load.num_workers', WORKERS, { default: 'the CPUs' }),
  missing('load.worker_max_concurrency', WORKERS, { default: '100' }),
  missing('load.worker_max_tcp_connections', WORKERS, { default: '2500' }),
  same('load.request_timeout', '--request-timeout', { unit: 's', value: secondsText }),
  same('load.request_retries', '--retry-max', { default: '0' }),
  missing(
    'load.request_retry_backoff_sec',
    'Retries wait as Retry-After says, else 0.5 s and longer each time.',
    {
      default: '0.5',
    },
  ),
  same('load.base_seed', '--seed', { default: 'the time of day' }),
  valued('load.lora_traffic_split', '--model a=0.75 --model b=0.25'),
  valued('data.type', '--synthetic, --dataset', { default: 'mock' }),
  same('data.path', '--dataset', { unit: 'file' }),
  valued('data.trace', '--dataset, --format'),
  valued('data.input_distribution', '--synthetic input=', { unit: 'tokens' }),
  valued('data.output_distribution', '--synthetic output=', { unit: 'tokens' }),
  valued('data.shared_prefix', '--synthetic prefix=', { unit: 'tokens' }),
  same('tokenizer.pretrained_model_name_or_path', '--tokenizer', { default: 'the model' }),
  missing('tokenizer.trust_remote_code', 'No code of a model is run here.'),
  missing('report.request_lifecycle', 'The report always has all metrics, percentiles and requests.'),
  valued('report.goodput', '--good', { unit: 's' }),
  valued('storage.local_storage', '--out'),
  missing('metrics.prometheus', "The server's own metrics are not read from Prometheus."),
  missing('metrics.type', "The server's own metrics are not read from Prometheus."),
];

export const INFERENCE_PERF: Tool = {
  name: 'inference-perf',
  title: 'inference-perf 0.7, keys of its YAML file',
  program: /(^|\/)(inference-perf|inference_perf)$/,
  flags: FLAGS,
  spread: (given, { readFile }) => {
    const path = given.text('--config_file');
    if (path === undefined)
      throw new InferometerError(
        'INFEROMETER_FROM_INVALID',
        'input',
        'from inference-perf: --config_file is missing, the YAML file that says what to do',
      );
    const leaves = new Map<string, unknown[]>();
    const notes: string[] = [];
    collect(treeOf(readFile(path), path), '', leaves, notes);
    for (const flag of given.flags()) {
      if (flag.names[0].includes('.')) leaves.set(flag.names[0], [...given.all(flag.names[0])]);
    }
    return given.with(leaves, notes);
  },
  meaningOf: (given) => {
    const type = given.text('api.type')!;
    const [api, path] = APIS[type] ?? [];
    if (api === undefined) throw given.error('api.type', `one of ${Object.keys(APIS).join(', ')}`, type);
    const key = given.text('server.api_key');
    const split = given.all('load.lora_traffic_split').at(-1) as readonly Split[] | undefined;
    const dir = given.json('storage.local_storage')?.path;
    const lifecycle = given.json('report.request_lifecycle');
    return {
      endpoint: { url: urlOf(given.text('server.base_url') ?? 'http://localhost:8000'), path: path! },
      api,
      model:
        split === undefined
          ? (given.text('server.model_name') ?? null)
          : { names: split.map(({ name }) => name), weights: split.map(({ split: weight }) => weight) },
      streaming: given.text('api.streaming') === 'true',
      load: loadOf(given),
      stop: {},
      dataset: promptsOf(given),
      ignore_eos: given.text('server.ignore_eos') === 'true',
      headers: definedOf({
        ...(given.json('api.headers') as Readonly<Record<string, string>> | undefined),
        ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      }),
      seed: given.has('load.base_seed') ? given.number('load.base_seed') : undefined,
      tokenizer: given.texts('tokenizer.pretrained_model_name_or_path').at(-1),
      timeout_seconds: given.number('load.request_timeout'),
      retries: given.count('load.request_retries') || undefined,
      goodput_ms: goodputOf(given),
      report: Array.isArray(lifecycle?.percentiles)
        ? { percentiles: lifecycle.percentiles as number[] }
        : undefined,
      output:
        typeof dir === 'string'
          ? { dir, ...(lifecycle?.per_request === true ? { per_request: true } : {}) }
          : undefined,
    };
  },
};

interface Split {
  readonly name: string;
  readonly split: number;
}

function treeOf(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_FROM_INVALID',
      'input',
      `${path}: is not YAML: ${errorText(error)}`,
    );
  }
}

/** Values by the names of the table, which are paths; what is not in it is told. */
function collect(node: unknown, path: string, leaves: Map<string, unknown[]>, notes: string[]): void {
  if (FLAGS.some(({ names }) => names[0] === path)) {
    leaves.set(path, [node]);
    return;
  }
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    notes.push(
      `${path === '' ? 'The file' : path} is not a setting of inference-perf that is known here; it is left out.`,
    );
    return;
  }
  for (const [key, value] of Object.entries(node)) {
    if (value !== null) collect(value, path === '' ? key : `${path}.${key}`, leaves, notes);
  }
}

function loadOf(given: Given): Load {
  const type = given.text('load.type')!;
  const sweep = given.json('load.sweep');
  if (type === 'trace_replay' || type === 'trace_session_replay')
    return { kind: 'schedule', from: 'timestamps' };
  if (sweep !== undefined) {
    return {
      kind: 'sweep',
      of: 'rate',
      points: Number(sweep.num_stages ?? 5),
      spacing: typeof sweep.type === 'string' ? sweep.type : 'linear',
      seconds_each: Number(sweep.stage_duration ?? 180),
      up_to: 'saturation',
      probe: { requests: Number(sweep.num_requests ?? 2000), seconds: Number(sweep.timeout ?? 60) },
      arrival: type === 'poisson' ? 'poisson' : 'constant',
    };
  }
  const stages = (given.all('load.stages').at(-1) ?? []) as readonly Readonly<Record<string, number>>[];
  if (stages.length === 0)
    throw new InferometerError(
      'INFEROMETER_FROM_INVALID',
      'input',
      'from inference-perf: load.stages is missing',
    );
  const pause = stages.length > 1 ? { pause_seconds: given.count('load.interval') } : {};
  if (type === 'concurrent') {
    const levels: readonly Stage[] = stages.map((stage) => ({
      concurrency: stage.concurrency_level!,
      requests: stage.num_requests!,
    }));
    return { kind: 'stages', stages: levels, pause_seconds: given.count('load.interval') };
  }
  return {
    kind: 'stages',
    arrival: type === 'poisson' ? 'poisson' : 'constant',
    stages: stages.map((stage) => ({ per_second: stage.rate!, seconds: stage.duration! })),
    ...pause,
  };
}

function promptsOf(given: Given): Prompts {
  const type = given.text('data.type')!;
  const path = given.text('data.path') ?? null;
  const trace = given.json('data.trace');
  if (trace !== undefined) return { kind: 'azure_trace', path: String(trace.file), text: 'synthetic' };
  if (type === 'shared_prefix') {
    const shared = given.json('data.shared_prefix') ?? {};
    return {
      kind: 'shared_prefix',
      prefixes: Number(shared.num_groups),
      per_prefix: Number(shared.num_prompts_per_group),
      prefix_tokens: Number(shared.system_prompt_len ?? 100),
      suffix_tokens: Number(shared.question_len ?? 50),
      output: { tokens: Number(shared.output_len ?? 50) },
    };
  }
  if (type === 'random' || type === 'synthetic') {
    const input = given.json('data.input_distribution');
    return {
      kind: 'synthetic',
      input: lengthsOf(input),
      output: lengthsOf(given.json('data.output_distribution')),
      ...definedOf({ entries: input?.total_count as number | undefined }),
    };
  }
  return type === 'shareGPT'
    ? { kind: 'sharegpt', path }
    : { kind: type, ...(path === null ? {} : { path }) };
}

/** Normal from 10 to 1024 around 512 unless they say otherwise. */
function lengthsOf(given: Readonly<Record<string, unknown>> = {}): Lengths {
  const { type = 'normal', min = 10, max = 1024, mean = 512, std_dev: stddev = 200 } = given;
  if (type === 'fixed' || min === max) return { tokens: Number(mean) };
  if (type === 'uniform') return { uniform: [Number(min), Number(max)] };
  return { normal: { mean: Number(mean), stddev: Number(stddev) }, min: Number(min), max: Number(max) };
}

/** Seconds there, ms here. */
function goodputOf(given: Given): Meaning['goodput_ms'] {
  const constraints = given.json('report.goodput')?.constraints;
  if (typeof constraints !== 'object' || constraints === null) return undefined;
  return Object.fromEntries(Object.entries(constraints).map(([name, value]) => [name, Number(value) * 1000]));
}
