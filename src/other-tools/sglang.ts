import { definedOf, goodputOf, headersOf, urlOf } from './common-flags.ts';
import type { Given } from './given.ts';
import type { Lengths, Load, Meaning, Prompts } from './meaning.ts';
import { missing, same, secondsText, switched, type Tool, type ToolFlag, valued } from './tool.ts';

const SIX_HOURS_S = 21_600;
const SYNTHETIC = '--synthetic';

interface Backend {
  readonly api: string;
  readonly path: string;
  readonly port: number;
}

const BACKENDS: Readonly<Record<string, Backend>> = {
  sglang: { api: 'sglang-generate', path: '/generate', port: 30_000 },
  'sglang-native': { api: 'sglang-generate', path: '/generate', port: 30_000 },
  'sglang-oai': { api: 'openai-completions', path: '/v1/completions', port: 30_000 },
  'sglang-oai-chat': { api: 'openai-chat', path: '/v1/chat/completions', port: 30_000 },
  'sglang-embedding': { api: 'openai-embeddings', path: '/v1/embeddings', port: 30_000 },
  vllm: { api: 'openai-completions', path: '/v1/completions', port: 8000 },
  'vllm-chat': { api: 'openai-chat', path: '/v1/chat/completions', port: 8000 },
  'vllm-embedding': { api: 'openai-embeddings', path: '/v1/embeddings', port: 8000 },
  lmdeploy: { api: 'openai-completions', path: '/v1/completions', port: 23_333 },
  'lmdeploy-chat': { api: 'openai-chat', path: '/v1/chat/completions', port: 23_333 },
  trt: { api: 'triton-generate', path: '/v2/models/ensemble/generate_stream', port: 8000 },
};

const IMAGES = 'Images are not generated here; use --dataset with a column image.';

const FLAGS: readonly ToolFlag[] = [
  valued('--backend', '--api', { default: 'sglang' }),
  same('--base-url', '--endpoint', { unit: 'URL', value: urlOf }),
  valued('--host', '--endpoint', { default: '0.0.0.0' }),
  valued('--port', '--endpoint', { unit: "number; by the server's kind" }),
  switched('--rust-client', 'the same flags mean the same'),
  same('--model', '--model', { unit: 'name' }),
  same('--served-model-name', '--model', { unit: 'name' }),
  same('--tokenizer', '--tokenizer', { default: 'the model' }),
  valued('--dataset-name', '--dataset, --synthetic or --format', { default: 'sharegpt' }),
  same('--dataset-path', '--dataset', { unit: 'file' }),
  missing('--dataset-offset', 'Rows are not skipped; cut the file instead.', { unit: 'rows', default: '0' }),
  same('--num-prompts', '--samples', { unit: 'requests', default: '1000' }),
  valued('--random-input-len', `${SYNTHETIC} input=`, { unit: 'tokens', default: '1024' }),
  valued('--random-output-len', `${SYNTHETIC} output=`, { unit: 'tokens', default: '1024' }),
  valued('--random-range-ratio', `${SYNTHETIC} input=uniform:… output=uniform:…`, {
    unit: 'smallest share of the length',
    default: '0',
  }),
  valued('--sharegpt-output-len', '--max-output-tokens', { unit: 'tokens' }),
  missing('--sharegpt-context-len', 'Rows that are too long are not dropped; cut the file instead.'),
  same('--request-rate', '--rate', {
    unit: '1/s',
    default: 'inf',
    value: (text) => (Number.isFinite(Number(text)) ? text : undefined),
  }),
  valued('--max-concurrency', '--concurrency, or --max-in-flight beside a rate', {
    unit: 'requests',
    same: { flag: '--concurrency' },
  }),
  switched('--use-trace-timestamps', '--replay'),
  valued('--mooncake-slowdown-factor', '--speed, its reciprocal', { unit: '×', default: '1' }),
  missing('--mooncake-num-rounds', 'A trace is replayed once.', { default: '1' }),
  missing('--mooncake-workload', 'Name the file of the trace with --dataset; it is not downloaded.'),
  valued('--gsp-num-groups', `${SYNTHETIC} prefix=`, { unit: 'groups', default: '64' }),
  valued('--gsp-prompts-per-group', `${SYNTHETIC} count=, --samples`, { unit: 'prompts', default: '16' }),
  valued('--gsp-system-prompt-len', `${SYNTHETIC} prefix=`, { unit: 'tokens', default: '2048' }),
  valued('--gsp-question-len', `${SYNTHETIC} input=`, { unit: 'tokens', default: '128' }),
  valued('--gsp-output-len', `${SYNTHETIC} output=`, { unit: 'tokens', default: '256' }),
  valued('--gsp-num-turns', `${SYNTHETIC} turns=`, { unit: 'turns', default: '1' }),
  missing('--gsp-range-ratio', 'Lengths of questions are fixed; write input=uniform:LEAST,MOST instead.', {
    default: '1',
  }),
  switched('--disable-stream', '--streaming off'),
  switched('--disable-ignore-eos', 'no --extra ignore_eos'),
  missing(
    '--apply-chat-template',
    'Prompts are not templated by the client; use --api chat for the template.',
    {
      takes: 'nothing',
    },
  ),
  missing('--tokenize-prompt', 'Prompts are sent as text; a column input_tokens sends token ids.', {
    takes: 'nothing',
  }),
  valued('--temperature', '--extra temperature=', { default: '0' }),
  valued('--top-p', '--extra top_p=', { default: '1' }),
  same('--extra-request-body', '--extra', { unit: 'JSON' }),
  valued('--header', '--header', { takes: 'values', unit: 'NAME=VALUE' }),
  same('--warmup-requests', '--warmup', { unit: 'requests', default: '1' }),
  switched('--flush-cache', '', {
    note: 'The prefix cache is not flushed; call POST /flush_cache before the run, or use --salt prefix.',
  }),
  same('--ready-check-timeout-sec', '--wait-ready', { unit: 's', default: '60', value: secondsText }),
  valued('--lora-name', '--model, once for each', { takes: 'values', unit: 'names' }),
  missing(
    '--lora-request-distribution',
    'Several models get equal shares; give --model weights for others.',
    {
      default: 'uniform',
    },
  ),
  missing('--lora-zipf-alpha', 'Give --model weights instead.', { default: '1.5' }),
  valued('--goodput', '--good', { takes: 'values', unit: 'ms' }),
  valued('--output-file', '--out'),
  switched('--output-details', 'always: run.log has every request'),
  missing('--tag', 'A run folder has no labels; name the folder with --out.'),
  missing('--cache-report', 'The report always counts cached tokens where the server reports them.', {
    takes: 'nothing',
  }),
  missing('--print-requests', 'Requests are not printed; see run.log with inferometer export --events.', {
    takes: 'nothing',
  }),
  missing('--image-count', IMAGES),
  missing('--image-resolution', IMAGES),
  missing('--image-format', IMAGES),
  missing('--disable-tqdm', 'Use --quiet.', { takes: 'nothing' }),
  same('--seed', '--seed', { default: '42' }),
];

export const SGLANG: Tool = {
  name: 'sglang',
  title: 'sglang.bench_serving 0.5',
  program: /(^|\/)(sglang\.bench_serving|bench_serving\.py|sglang\.benchmark\.serving|serving)$/,
  flags: FLAGS,
  meaningOf: (given) => {
    const name = given.text('--backend')!;
    const backend = BACKENDS[name];
    if (backend === undefined)
      throw given.error('--backend', `one of ${Object.keys(BACKENDS).join(', ')}`, name);
    const { api, path } = backend;
    const hasText = api !== 'openai-embeddings';
    const body = given.json('--extra-request-body') ?? {};
    const { temperature, top_p: topP, ...others } = body;
    const turns = given.count('--gsp-num-turns');
    const isShared = given.text('--dataset-name') === 'generated-shared-prefix';
    const loras = given.texts('--lora-name');
    const shared = given.count('--gsp-num-groups') * given.count('--gsp-prompts-per-group');
    const requests = isShared ? shared : given.count('--num-prompts');
    return {
      endpoint: { url: urlOfServer(given, backend.port), path },
      api,
      model:
        loras.length > 0
          ? { names: loras }
          : (given.text('--served-model-name') ?? given.text('--model') ?? null),
      streaming: hasText && !given.has('--disable-stream'),
      load: loadOf(given),
      stop: isShared && turns > 1 ? { conversations: requests } : { requests },
      warmup: { requests: given.count('--warmup-requests') },
      dataset: promptsOf(given, hasText),
      ...(hasText
        ? {
            ignore_eos: !given.has('--disable-ignore-eos'),
            sampling: {
              temperature: temperature ?? given.count('--temperature'),
              top_p: topP ?? given.count('--top-p'),
            },
          }
        : {}),
      body: definedOf(others),
      seed: given.count('--seed'),
      tokenizer:
        given.texts('--tokenizer').at(-1) ??
        (given.has('--served-model-name') ? given.text('--model') : undefined),
      headers: headersOf(given, '--header', '='),
      goodput_ms: goodputOf(given.texts('--goodput')),
      output: outputOf(given),
      timeout_seconds: SIX_HOURS_S,
      wait_ready_seconds: given.count('--ready-check-timeout-sec') || undefined,
      before: given.has('--flush-cache') ? ['flush the prefix cache'] : undefined,
    };
  },
};

function urlOfServer(given: Given, port: number): string {
  const url = given.text('--base-url');
  return url === undefined
    ? `http://${given.text('--host')}:${given.texts('--port').at(-1) ?? port}`
    : urlOf(url);
}

function loadOf(given: Given): Load {
  const cap = { max_in_flight: given.number('--max-concurrency') };
  const rate = given.count('--request-rate');
  if (given.has('--use-trace-timestamps')) {
    const scale = given.count('--mooncake-slowdown-factor');
    return { kind: 'schedule', from: 'timestamps', ...(scale === 1 ? {} : { time_scale: scale }) };
  }
  return rate === Infinity
    ? { kind: 'all_at_once', ...cap }
    : { kind: 'rate', per_second: rate, arrival: 'poisson', ...cap };
}

function promptsOf(given: Given, hasText: boolean): Prompts {
  const name = given.text('--dataset-name')!;
  const path = given.text('--dataset-path') ?? null;
  if (name === 'random' || name === 'random-ids') {
    const ratio = given.count('--random-range-ratio');
    const output = rangeOf(given.count('--random-output-len'), ratio);
    return {
      kind: 'synthetic',
      input: rangeOf(given.count('--random-input-len'), ratio),
      ...(hasText ? { output } : {}),
      ...(name === 'random-ids' ? { text: 'random token ids' } : {}),
    };
  }
  if (name === 'generated-shared-prefix') {
    const turns = given.count('--gsp-num-turns');
    return {
      kind: 'shared_prefix',
      prefixes: given.count('--gsp-num-groups'),
      per_prefix: given.count('--gsp-prompts-per-group'),
      prefix_tokens: given.count('--gsp-system-prompt-len'),
      suffix_tokens: given.count('--gsp-question-len'),
      output: { tokens: given.count('--gsp-output-len') },
      ...(turns > 1 ? { turns: { mean: turns } } : {}),
    };
  }
  const limit = given.number('--sharegpt-output-len');
  return {
    kind: name === 'custom' || name === 'openai' ? 'file' : name.replaceAll('-', '_'),
    path,
    ...(limit === undefined ? {} : { output: { tokens: limit } }),
  };
}

/** Lengths lie in [length·r, length], at least 1: 0, the default, is not fixed. */
function rangeOf(length: number, ratio: number): Lengths {
  const least = Math.max(1, Math.floor(length * ratio));
  return least >= length ? { tokens: length } : { uniform: [least, length] };
}

function outputOf(given: Given): Meaning['output'] {
  const file = given.text('--output-file');
  return definedOf({
    file,
    per_request: file !== undefined && given.has('--output-details') ? true : undefined,
    label: given.text('--tag'),
  });
}
