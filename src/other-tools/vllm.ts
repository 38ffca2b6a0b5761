import { InferometerError } from '../core/errors.ts';
import { definedOf, goodputOf, headersOf, urlOf } from './common-flags.ts';
import type { Given } from './given.ts';
import type { Lengths, Load, Meaning, Prompts, Stop } from './meaning.ts';
import { missing, same, secondsText, switched, type Tool, type ToolFlag, valued } from './tool.ts';

const SIX_HOURS_S = 21_600;
const SYNTHETIC = '--synthetic';
const NO_METRICS = 'The report here always has all metrics and percentiles.';
const NO_LABELS = 'A run folder has no labels; name the folder with --out.';

/** Their backends by the API that they speak. */
const APIS: Readonly<Record<string, string>> = {
  openai: 'openai-completions',
  vllm: 'openai-completions',
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
  'openai-audio': 'openai-transcription',
  'openai-embeddings': 'openai-embeddings',
  'openai-embeddings-chat': 'openai-embeddings',
  'infinity-embeddings': 'openai-embeddings',
  'vllm-rerank': 'rerank',
};

const FLAGS: readonly ToolFlag[] = [
  valued('--backend', '--api', { unit: 'name', default: 'openai' }),
  same('--base-url', '--endpoint', { unit: 'URL', value: urlOf }),
  valued('--host', '--endpoint', { default: '127.0.0.1' }),
  valued('--port', '--endpoint', { default: '8000' }),
  same('--endpoint', '--path', { default: '/v1/completions' }),
  same('--model -m', '--model', { unit: 'name' }),
  same('--served-model-name', '--model', { unit: 'name' }),
  same('--tokenizer', '--tokenizer', { default: 'the model' }),
  missing('--tokenizer-mode', 'The tokenizer is always that of tokenizer.json here.'),
  missing('--trust-remote-code', 'No code of a model is run here.', { takes: 'nothing' }),
  switched('--skip-tokenizer-init', '', { note: 'A tokenizer is loaded only where it is needed here.' }),
  valued('--dataset-name', '--dataset, --synthetic or --format', { default: 'random' }),
  same('--dataset-path', '--dataset', { unit: 'file or hub id' }),
  missing('--hf-subset', 'Data sets are not downloaded here; export the subset to a file first.'),
  missing('--hf-split', 'Data sets are not downloaded here; export the split to a file first.'),
  missing('--hf-name', 'Data sets are not downloaded here; export it to a file first.'),
  same('--num-prompts', '--samples', { unit: 'requests', default: '1000' }),
  same('--request-rate', '--rate', { unit: '1/s', default: 'inf', value: finite }),
  same('--burstiness', '--burstiness', { unit: 'shape', default: '1' }),
  valued('--ramp-up-strategy', '--stages', { unit: 'linear, exponential' }),
  valued('--ramp-up-start-rps', '--stages', { unit: '1/s' }),
  valued('--ramp-up-end-rps', '--stages', { unit: '1/s' }),
  valued('--max-concurrency', '--concurrency, or --max-in-flight beside a rate', {
    unit: 'requests',
    same: { flag: '--concurrency' },
  }),
  same('--num-warmups', '--warmup', { unit: 'requests', default: '0' }),
  valued('--input-len', `${SYNTHETIC} input=`, { unit: 'tokens' }),
  valued('--output-len', `${SYNTHETIC} output=, or --max-output-tokens`, { unit: 'tokens' }),
  valued('--random-input-len', `${SYNTHETIC} input=`, { unit: 'tokens', default: '1024' }),
  valued('--random-output-len', `${SYNTHETIC} output=`, { unit: 'tokens', default: '128' }),
  valued('--random-prefix-len', `${SYNTHETIC} prefix=`, { unit: 'tokens', default: '0' }),
  valued('--random-range-ratio', `${SYNTHETIC} input=uniform:… output=uniform:…`, {
    unit: 'share of the mean',
    default: '0',
  }),
  valued('--random-batch-size', 'rows with a list as input', { unit: 'texts', default: '1' }),
  valued('--prefix-repetition-prefix-len', `${SYNTHETIC} prefix=`, { unit: 'tokens', default: '256' }),
  valued('--prefix-repetition-suffix-len', `${SYNTHETIC} input=`, { unit: 'tokens', default: '256' }),
  valued('--prefix-repetition-num-prefixes', `${SYNTHETIC} prefix=`, { unit: 'prefixes', default: '10' }),
  valued('--prefix-repetition-output-len', `${SYNTHETIC} output=`, { unit: 'tokens', default: '128' }),
  valued('--sharegpt-output-len', '--max-output-tokens', { unit: 'tokens' }),
  valued('--custom-output-len', '--max-output-tokens', { unit: 'tokens', default: '256' }),
  valued('--hf-output-len', '--max-output-tokens', { unit: 'tokens' }),
  valued('--spec-bench-output-len', '--max-output-tokens', { unit: 'tokens', default: '256' }),
  valued('--timed-trace-sec-multiplier', '--speed, its reciprocal', { unit: 's per unit', default: '1' }),
  switched('--self-timed', '--replay'),
  switched('--ignore-eos', '--extra ignore_eos=true'),
  valued('--temperature', '--extra temperature='),
  valued('--top-p', '--extra top_p='),
  valued('--top-k', '--extra top_k='),
  valued('--min-p', '--extra min_p='),
  valued('--frequency-penalty', '--extra frequency_penalty='),
  valued('--presence-penalty', '--extra presence_penalty='),
  valued('--repetition-penalty', '--extra repetition_penalty='),
  valued('--logprobs', '--extra logprobs='),
  same('--extra-body', '--extra', { unit: 'JSON' }),
  valued('--header', '--header', { takes: 'values', unit: 'NAME=VALUE' }),
  valued('--chat-template-kwargs', '--extra chat_template_kwargs=', { unit: 'JSON' }),
  valued('--lora-modules', '--model, once for each', { takes: 'values', unit: 'names' }),
  valued('--lora-assignment', '--model', {
    default: 'random',
    note: 'Models take turns in the order that the seed draws, each with its share.',
  }),
  valued('--goodput', '--good', { takes: 'values', unit: 'ms' }),
  missing('--percentile-metrics', NO_METRICS),
  missing('--metric-percentiles', NO_METRICS),
  switched('--save-result', 'always: a run writes a folder'),
  switched('--save-detailed', 'always: run.log has every request'),
  missing('--append-result', 'Each run has a folder of its own here.', { takes: 'nothing' }),
  valued('--result-dir', '--out'),
  valued('--result-filename', '--out'),
  missing('--metadata', NO_LABELS, { takes: 'values' }),
  missing('--label', NO_LABELS),
  same('--ready-check-timeout-sec', '--wait-ready', { unit: 's', default: '0', value: secondsText }),
  missing('--probe-request-rate', 'No probes are sent to the server beside the load.', { unit: '1/s' }),
  same('--seed', '--seed', { default: '0' }),
  switched('--disable-shuffle', '--sample-order sequential', {
    note: 'Add --sample-order sequential to send the rows of a file in its order.',
  }),
  missing(
    '--no-oversample',
    'A file with fewer rows is sent again from its start until --samples is reached.',
    {
      takes: 'nothing',
    },
  ),
  missing('--request-id-prefix', 'Ids of requests have no prefix; --request-id sends them as X-Request-Id.'),
  switched('--insecure', '--insecure', { same: { flag: '--insecure' } }),
  missing('--profile', "The server's profiler is not started.", { takes: 'nothing' }),
  missing('--disable-tqdm', 'Use --quiet.', { takes: 'nothing' }),
];

function finite(text: string): string | undefined {
  return Number.isFinite(Number(text)) ? text : undefined;
}

export const VLLM: Tool = {
  name: 'vllm',
  title: 'vllm bench serve 0.33',
  program: /(^|\/)(vllm|bench|serve|benchmark_serving\.py)$/,
  flags: FLAGS,
  meaningOf: (given) => {
    const backend = given.text('--backend')!;
    const api = APIS[backend];
    if (api === undefined) throw given.error('--backend', `one of ${Object.keys(APIS).join(', ')}`, backend);
    const hasText = !['openai-embeddings', 'rerank'].includes(api);
    const tokenizer = given.texts('--tokenizer').at(-1) ?? modelForTokens(given);
    return {
      endpoint: { url: urlOfServer(given), path: given.text('--endpoint')! },
      api,
      model: modelOf(given),
      streaming: hasText && api !== 'openai-transcription',
      load: loadOf(given),
      stop: stopOf(given),
      warmup: given.count('--num-warmups') > 0 ? { requests: given.count('--num-warmups') } : undefined,
      dataset: promptsOf(given, hasText),
      ...(hasText ? { ignore_eos: given.has('--ignore-eos') || isIgnoringEos(given) } : {}),
      seed: given.count('--seed'),
      tokenizer,
      sampling: samplingOf(given),
      body: definedOf({
        ...given.json('--extra-body'),
        chat_template_kwargs: given.json('--chat-template-kwargs'),
        logprobs: given.number('--logprobs'),
      }),
      headers: headersOf(given, '--header', '='),
      goodput_ms: goodputOf(given.texts('--goodput')),
      report: percentilesOf(given),
      output: outputOf(given),
      timeout_seconds: SIX_HOURS_S,
      wait_ready_seconds: given.count('--ready-check-timeout-sec') || undefined,
      insecure: given.has('--insecure') || undefined,
    };
  },
};

function urlOfServer(given: Given): string {
  const url = given.text('--base-url');
  return url === undefined ? `http://${given.text('--host')}:${given.text('--port')}` : urlOf(url);
}

/** Their --model names the tokenizer where another name is sent. */
function modelForTokens(given: Given): string | undefined {
  return given.has('--served-model-name') ? given.text('--model') : undefined;
}

function modelOf(given: Given): Meaning['model'] {
  const names = given.texts('--lora-modules');
  if (names.length > 0) return { names, choice: given.text('--lora-assignment') };
  return given.text('--served-model-name') ?? given.text('--model') ?? null;
}

function loadOf(given: Given): Load {
  const cap = { max_in_flight: given.number('--max-concurrency') };
  const shape = given.count('--burstiness');
  const arrival = shape === 1 ? ({ arrival: 'poisson' } as const) : ({ arrival: 'gamma', shape } as const);
  const strategy = given.text('--ramp-up-strategy');
  if (strategy !== undefined) {
    if (strategy !== 'linear' && strategy !== 'exponential')
      throw given.error('--ramp-up-strategy', 'linear or exponential', strategy);
    const [from, to] = [given.number('--ramp-up-start-rps'), given.number('--ramp-up-end-rps')];
    if (from === undefined || to === undefined)
      throw new InferometerError(
        'INFEROMETER_FROM_INVALID',
        'input',
        'from vllm: --ramp-up-strategy needs --ramp-up-start-rps and --ramp-up-end-rps',
      );
    return {
      kind: 'rate_ramp',
      shape: strategy,
      from_per_second: from,
      to_per_second: to,
      arrival: 'poisson',
      over: 'the run',
      ...cap,
    };
  }
  if (isReplay(given)) {
    const scale = given.count('--timed-trace-sec-multiplier');
    return { kind: 'schedule', from: 'timestamps', ...(scale === 1 ? {} : { time_scale: scale }) };
  }
  const rate = given.count('--request-rate');
  return rate === Infinity
    ? { kind: 'all_at_once', ...cap }
    : { kind: 'rate', per_second: rate, ...arrival, ...cap };
}

function isReplay(given: Given): boolean {
  return given.text('--dataset-name') === 'timed_trace' || given.has('--self-timed');
}

function stopOf(given: Given): Stop {
  const requests = given.count('--num-prompts');
  return given.count('--random-batch-size') > 1 ? { inputs: requests } : { requests };
}

function isIgnoringEos(given: Given): boolean {
  return ['random', 'random-mm', 'timed_trace'].includes(given.text('--dataset-name')!);
}

function promptsOf(given: Given, hasText: boolean): Prompts {
  const name = given.text('--dataset-name')!;
  const path = given.text('--dataset-path') ?? null;
  const limit = (flag: string) => {
    const tokens = given.number('--output-len') ?? given.number(flag);
    return tokens === undefined ? {} : { output: { tokens } };
  };
  switch (name) {
    case 'random':
      return randomPrompts(given, hasText);
    case 'prefix_repetition':
      return {
        kind: 'shared_prefix',
        prefixes: given.count('--prefix-repetition-num-prefixes'),
        prefix_tokens: given.count('--prefix-repetition-prefix-len'),
        suffix_tokens: given.count('--prefix-repetition-suffix-len'),
        output: { tokens: given.number('--output-len') ?? given.count('--prefix-repetition-output-len') },
      };
    case 'sharegpt':
      return { kind: 'sharegpt', path, ...limit('--sharegpt-output-len') };
    case 'burstgpt':
      return { kind: 'burstgpt', path };
    case 'timed_trace':
      return { kind: 'timed_trace', path };
    case 'custom':
      return { kind: 'file', path, ...limit('--custom-output-len') };
    case 'spec_bench':
      return { kind: 'spec_bench', path, ...limit('--spec-bench-output-len') };
    default:
      return { kind: name, path, ...limit('--hf-output-len') };
  }
}

function randomPrompts(given: Given, hasText: boolean): Prompts {
  const ratio = ratiosOf(given);
  const input = rangeOf(given.number('--input-len') ?? given.count('--random-input-len'), ratio.input);
  const output = rangeOf(given.number('--output-len') ?? given.count('--random-output-len'), ratio.output);
  const prefix = given.count('--random-prefix-len');
  const batch = given.count('--random-batch-size');
  return {
    kind: 'synthetic',
    input,
    ...(hasText ? { output } : {}),
    ...(prefix > 0 ? { prefixes: 1, prefix_tokens: prefix } : {}),
    ...(batch > 1 ? { inputs_per_request: batch } : {}),
  };
}

/** One number for both, or `{"input": r, "output": r}`. */
function ratiosOf(given: Given): { readonly input: number; readonly output: number } {
  if (given.text('--random-range-ratio')!.startsWith('{')) {
    const { input = 0, output = 0 } = given.json('--random-range-ratio')!;
    return { input: Number(input), output: Number(output) };
  }
  const ratio = given.count('--random-range-ratio');
  return { input: ratio, output: ratio };
}

/** Lengths lie in [mean·(1−r), mean·(1+r)]. */
function rangeOf(mean: number, ratio: number): Lengths {
  if (ratio === 0) return { tokens: mean };
  return { uniform: [Math.max(1, Math.floor(mean * (1 - ratio))), Math.ceil(mean * (1 + ratio))] };
}

function samplingOf(given: Given): Meaning['sampling'] {
  return definedOf({
    temperature: given.number('--temperature'),
    top_p: given.number('--top-p'),
    top_k: given.number('--top-k'),
    min_p: given.number('--min-p'),
    frequency_penalty: given.number('--frequency-penalty'),
    presence_penalty: given.number('--presence-penalty'),
    repetition_penalty: given.number('--repetition-penalty'),
  });
}

function percentilesOf(given: Given): Meaning['report'] {
  const list = given.text('--metric-percentiles');
  return list === undefined ? undefined : { percentiles: list.split(',').map(Number) };
}

function outputOf(given: Given): Meaning['output'] {
  const [dir, name] = [given.text('--result-dir'), given.text('--result-filename')];
  const file = name === undefined ? dir : dir === undefined ? name : `${dir}/${name}`;
  if (file === undefined) return undefined;
  return {
    ...(name === undefined ? { dir: file } : { file }),
    ...(given.has('--save-detailed') ? { per_request: true } : {}),
  };
}
