import { InferometerError } from '../core/errors.ts';
import { bodyFieldsOf, definedOf, goodputOf, headersOf, normalLengths, urlOf } from './common-flags.ts';
import type { Given } from './given.ts';
import type { Arrival, Lengths, Load, Meaning, Prompts, Stop } from './meaning.ts';
import { missing, same, secondsText, switched, timeText, type Tool, type ToolFlag, valued } from './tool.ts';

const SYNTHETIC = '--synthetic';
/** What their client for Anthropic's API sends where no limit is given. */
const ANTHROPIC_LIMIT = 1024;
const MEDIA = 'Images, audio and video are not generated here; use --dataset with a column image or audio.';

interface Endpoint {
  readonly api: string;
  readonly path: string;
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  chat: { api: 'openai-chat', path: '/v1/chat/completions' },
  completions: { api: 'openai-completions', path: '/v1/completions' },
  responses: { api: 'openai-responses', path: '/v1/responses' },
  messages: { api: 'anthropic', path: '/v1/messages' },
  embeddings: { api: 'openai-embeddings', path: '/v1/embeddings' },
  nim_embeddings: { api: 'openai-embeddings', path: '/v1/embeddings' },
  cohere_rankings: { api: 'rerank', path: '/v2/rerank' },
  nim_rankings: { api: 'rerank', path: '/v1/ranking' },
  hf_tei_rankings: { api: 'rerank', path: '/rerank' },
  huggingface_generate: { api: 'tgi-generate', path: '/generate_stream' },
  image_generation: { api: 'openai-images', path: '/v1/images/generations' },
  audio_transcription: { api: 'openai-transcription', path: '/v1/audio/transcriptions' },
};
const TEXT_APIS = ['openai-chat', 'openai-completions', 'openai-responses', 'anthropic', 'tgi-generate'];

/** What they share with genai-perf, which came before. */
export const SHARED_FLAGS: readonly ToolFlag[] = [
  same('-m --model --model-names', '--model', { takes: 'values', unit: 'names' }),
  valued('--model-selection-strategy', '--model', { default: 'round_robin' }),
  valued('--endpoint-type', '--api', { default: 'chat' }),
  same('--endpoint --custom-endpoint', '--path', { unit: 'path' }),
  switched('--streaming', '--streaming on', { default: 'off' }),
  same('--api-key', '--api-key'),
  valued('--header -H', '--header', { unit: 'NAME:VALUE' }),
  valued('--extra-inputs', '--extra', { takes: 'values', unit: 'name:value or JSON' }),
  same('--concurrency', '--concurrency', { unit: 'requests', default: '1' }),
  same('--request-rate', '--rate', { unit: '1/s' }),
  same('--request-count --num-requests', '--samples', { unit: 'requests' }),
  same('--warmup-request-count --num-warmup-requests', '--warmup', { unit: 'requests' }),
  valued('--isl --synthetic-input-tokens-mean', `${SYNTHETIC} input=`, { unit: 'tokens', default: '550' }),
  valued('--isl-stddev --synthetic-input-tokens-stddev', `${SYNTHETIC} input=normal:…`, {
    unit: 'tokens',
    default: '0',
  }),
  valued('--osl --output-tokens-mean', `${SYNTHETIC} output=`, { unit: 'tokens' }),
  valued('--osl-stddev --output-tokens-stddev', `${SYNTHETIC} output=normal:…`, {
    unit: 'tokens',
    default: '0',
  }),
  valued('--num-prefix-prompts', `${SYNTHETIC} prefix=`, { unit: 'prompts', default: '0' }),
  valued('--prefix-prompt-length', `${SYNTHETIC} prefix=`, { unit: 'tokens', default: '0' }),
  valued('--num-dataset-entries --num-prompts', `${SYNTHETIC} count=: distinct prompts`, {
    unit: 'prompts',
    default: '100',
  }),
  valued('--batch-size --batch-size-text --prompt-batch-size -b', 'rows with a list as input', {
    unit: 'texts',
    default: '1',
  }),
  same('--input-file', '--dataset', { unit: 'file' }),
  valued('--goodput', '--good', { takes: 'values', unit: 'name:ms' }),
  same('--tokenizer', '--tokenizer', { default: 'the model' }),
  missing('--tokenizer-revision', 'The tokenizer is a file or in the local cache here.'),
  missing('--tokenizer-trust-remote-code', 'No code of a model is run here.', { takes: 'nothing' }),
  same('--artifact-dir --output-artifact-dir', '--out', { default: 'artifacts' }),
  missing('--profile-export-prefix --profile-export-file', 'The files of a run have fixed names.'),
  switched('--verbose -v', '', { note: 'There is no --verbose; the report and run.log have everything.' }),
];

const FLAGS: readonly ToolFlag[] = [
  ...SHARED_FLAGS,
  same('-u --url', '--endpoint', {
    takes: 'values',
    unit: 'URL without /v1',
    default: 'http://localhost:8000',
    value: urlOf,
  }),
  same('--random-seed', '--seed'),
  valued('--url-strategy', '--balance', { default: 'round_robin' }),
  same('--request-timeout-seconds', '--request-timeout', { unit: 's', default: '21600', value: secondsText }),
  switched('--use-legacy-max-tokens', '--limit-field max_tokens'),
  switched('--use-server-token-count', '', {
    note: 'Tokens are counted as the server reports them here, and with --tokenizer where it does not.',
  }),
  missing('--per-chunk-usage', 'Usage is read from every message that has it.', { takes: 'nothing' }),
  missing('--prefill-concurrency', 'Requests without a first token are not limited apart.', {
    unit: 'requests',
  }),
  missing('--prefill-concurrency-ramp-duration', 'Requests without a first token are not limited apart.'),
  valued('--arrival-pattern --request-rate-mode', '--pattern', { default: 'poisson' }),
  same('--arrival-smoothness --vllm-burstiness', '--burstiness', { unit: 'shape', default: '1' }),
  missing('--request-rate-series', 'Use --stages @FILE with the columns second and rate.'),
  valued('--concurrency-ramp-duration', '--stages "ramp to N over TIME, …"', { unit: 's' }),
  valued('--request-rate-ramp-duration', '--stages "ramp to N over TIME, …"', { unit: 's' }),
  same('--benchmark-duration', '--duration', { unit: 's', value: secondsText }),
  same('--benchmark-grace-period', '--drain-timeout', { unit: 's', default: '30', value: secondsText }),
  same('--warmup-duration', '--warmup', { unit: 's', value: secondsText }),
  missing('--warmup-concurrency', 'Warm-up has the load of the run.'),
  missing('--warmup-request-rate', 'Warm-up has the load of the run.'),
  missing('--isl-block-size', 'Made-up prompts share no blocks but prefix=.', {
    unit: 'tokens',
    default: '512',
  }),
  valued('--seq-dist', `${SYNTHETIC} lengths=`, { unit: 'ISL,OSL:percent;…' }),
  valued('--random-range-ratio', `${SYNTHETIC} input=uniform:… output=uniform:…`, {
    unit: 'share of the mean',
  }),
  valued('--random-corpus-style', `${SYNTHETIC} input=uniform:…`, { default: 'vllm' }),
  valued('--shared-system-prompt-length', `${SYNTHETIC} system=TOKENSx1`, { unit: 'tokens' }),
  missing('--user-context-prompt-length', 'There is no context for each user; prefix= is shared by several.'),
  same('--num-conversations --conversation-num --num-sessions', '--conversations'),
  valued('--session-turns-mean --conversation-turn-mean', `${SYNTHETIC} turns=`, {
    unit: 'turns',
    default: '1',
  }),
  valued('--session-turns-stddev --conversation-turn-stddev', `${SYNTHETIC} turns=normal:…`, {
    default: '0',
  }),
  valued('--session-turn-delay-mean --conversation-turn-delay-mean', '--think-time', {
    unit: 'ms',
    default: '0',
    same: { flag: '--think-time', value: (text) => timeText(Number(text)) },
  }),
  valued('--session-turn-delay-stddev --conversation-turn-delay-stddev', '--think-time lognormal:…', {
    unit: 'ms',
    default: '0',
  }),
  missing('--session-delay-ratio', 'Delays are not scaled; give --think-time the time itself.', {
    default: '1',
  }),
  missing('--user-centric-rate', 'Users do not take turns at a fixed gap; use --multi-turn with --rate.'),
  missing('--num-users', 'Use --concurrency with --multi-turn: as many conversations at once.'),
  valued('--custom-dataset-type', '--format', { unit: 'name' }),
  missing('--public-dataset', 'Data sets are not downloaded here; name a file with --dataset.'),
  missing(
    '--dataset-sampling-strategy',
    'Use --sample-order: without-replacement, with-replacement or sequential.',
    {
      default: 'shuffle',
    },
  ),
  switched('--fixed-schedule', '--replay'),
  switched('--fixed-schedule-auto-offset', 'always: --from and --to count from the first request'),
  same('--fixed-schedule-start-offset', '--from', { unit: 'ms', value: (text) => timeText(Number(text)) }),
  same('--fixed-schedule-end-offset', '--to', { unit: 'ms', value: (text) => timeText(Number(text)) }),
  same('--synthesis-speedup-ratio', '--speed', { unit: '×', default: '1' }),
  missing('--synthesis-prefix-len-multiplier', 'Traces are not reshaped.', { default: '1' }),
  missing('--synthesis-prefix-root-multiplier', 'Traces are not reshaped.', { default: '1' }),
  missing('--synthesis-prompt-len-multiplier', 'Traces are not reshaped.', { default: '1' }),
  missing('--synthesis-max-isl', 'Traces are not reshaped.', { unit: 'tokens' }),
  valued('--request-cancellation-rate', '--cancel', {
    unit: '%',
    same: { flag: '--cancel', value: (text) => `${text}%` },
  }),
  valued('--request-cancellation-delay', '--cancel-after', {
    unit: 's',
    default: '0',
    same: { flag: '--cancel-after', value: secondsText },
  }),
  valued('--connection-reuse-strategy', '--connections', { default: 'pooled' }),
  missing('--slice-duration', 'The report always has the run over time.', { unit: 's' }),
  missing('--num-profile-runs', 'Run it several times, then compare the folders with inferometer compare.'),
  missing('--confidence-level', 'Intervals are those of 95%.', { default: '0.95' }),
  missing('--export-level', 'Every request is in run.log.', { default: 'records' }),
  missing('--ui --ui-type', 'Use --quiet or --json-lines for other output.', { default: 'dashboard' }),
  missing('--image-width-mean', MEDIA),
  missing('--image-height-mean', MEDIA),
  missing('--image-batch-size', MEDIA),
  missing('--audio-length-mean', MEDIA),
  missing('--audio-batch-size', MEDIA),
  missing('--video-duration', MEDIA),
  missing('--rankings-passages-mean', 'Queries and documents are not generated here; use --dataset.'),
];

const FORMATS: Readonly<Record<string, string>> = {
  mooncake_trace: 'mooncake',
  burst_gpt_trace: 'burstgpt',
  bailian_trace: 'bailian',
  weka_trace: 'weka',
  single_turn: 'aiperf-single-turn',
  multi_turn: 'aiperf-multi-turn',
  random_pool: 'aiperf-random-pool',
  dag_jsonl: 'aiperf-dag',
  inputs_json: 'aiperf-inputs',
  raw_payload: 'raw-payload',
};

export const AIPERF: Tool = {
  name: 'aiperf',
  title: 'aiperf profile 0.13',
  program: /(^|\/)(aiperf|profile)$/,
  flags: FLAGS,
  meaningOf: (given) => {
    const { api, path } = endpointOf(given);
    const hasText = TEXT_APIS.includes(api);
    const prompts = promptsOf(given, api);
    const rate = given.number('--request-cancellation-rate');
    const isBounded = prompts.kind === 'synthetic' || prompts.kind === 'file';
    return {
      ...sharedMeaning(given, api),
      endpoint: {
        url: oneOrSeveral(urlsOf(given)),
        path,
        ...(urlsOf(given).length > 1 ? { spread: given.text('--url-strategy') } : {}),
      },
      streaming: given.has('--streaming') && hasText,
      load: loadOf(given),
      stop: stopOf(given, isBounded),
      dataset: prompts,
      warmup: warmupOf(given),
      seed: given.number('--random-seed'),
      cancel:
        rate === undefined
          ? undefined
          : { percent: rate, after_seconds: given.count('--request-cancellation-delay') },
      timeout_seconds: given.count('--request-timeout-seconds'),
      connections: given.text('--connection-reuse-strategy') === 'never' ? 'new' : undefined,
      limit_field: given.has('--use-legacy-max-tokens') ? 'max_tokens' : undefined,
    };
  },
};

function endpointOf(given: Given): Endpoint {
  const type = given.text('--endpoint-type')!;
  const found = ENDPOINTS[type.replaceAll('-', '_')];
  if (found === undefined)
    throw given.error('--endpoint-type', `one of ${Object.keys(ENDPOINTS).join(', ')}`, type);
  return { api: found.api, path: given.text('--endpoint') ?? found.path };
}

/** What aiperf and genai-perf say with the same flags. */
export function sharedMeaning(
  given: Given,
  api: string,
): Pick<
  Meaning,
  'api' | 'model' | 'tokenizer' | 'body' | 'headers' | 'goodput_ms' | 'output' | 'ignore_eos'
> {
  const body = bodyFieldsOf(given.texts('--extra-inputs'));
  const models = given.texts('-m').flatMap((text) => text.split(','));
  const key = given.text('--api-key');
  const headers = {
    ...headersOf(given, '--header', ':'),
    ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
  };
  return {
    api,
    model:
      models.length > 1
        ? { names: models, choice: given.text('--model-selection-strategy') }
        : (models[0] ?? null),
    tokenizer: given.texts('--tokenizer').at(-1),
    body,
    ...(body?.ignore_eos === true ? { ignore_eos: true } : {}),
    headers: definedOf(headers),
    goodput_ms: goodputOf(given.texts('--goodput')),
    output: given.has('--artifact-dir') ? { dir: given.text('--artifact-dir') } : undefined,
  };
}

function urlsOf(given: Given): readonly string[] {
  const urls = given.texts('-u').flatMap((text) => text.split(','));
  return (urls.length === 0 ? [given.text('-u')!] : urls).map(urlOf);
}

function oneOrSeveral(urls: readonly string[]): string | readonly string[] {
  return urls.length === 1 ? urls[0]! : urls;
}

function isReplay(given: Given): boolean {
  return given.has('--fixed-schedule') || (given.text('--custom-dataset-type')?.endsWith('_trace') ?? false);
}

function loadOf(given: Given): Load {
  if (isReplay(given)) {
    const speed = given.count('--synthesis-speedup-ratio');
    return {
      kind: 'schedule',
      from: 'timestamps',
      ...(speed === 1 ? {} : { time_scale: 1 / speed }),
      ...(given.has('--fixed-schedule-auto-offset') ? { start: 'first request' as const } : {}),
      ...definedOf({
        from_ms: given.number('--fixed-schedule-start-offset'),
        until_ms: given.number('--fixed-schedule-end-offset'),
      }),
    };
  }
  const arrival = arrivalOf(given);
  const rates = numbersOf(given, '--request-rate');
  if (rates.length > 1) return { kind: 'sweep', of: 'rate', values: rates, ...arrival };
  if (rates.length === 1) {
    const cap = given.has('--concurrency') ? given.number('--concurrency') : undefined;
    return {
      kind: 'rate',
      per_second: rates[0]!,
      ...arrival,
      ...definedOf({ max_in_flight: cap, ramp_seconds: given.number('--request-rate-ramp-duration') }),
    };
  }
  return concurrencyOf(given);
}

/** A list makes a sweep. */
export function concurrencyOf(given: Given, ramp = '--concurrency-ramp-duration'): Load {
  const values = numbersOf(given, '--concurrency');
  if (values.length > 1) return { kind: 'sweep', of: 'concurrency', values };
  return {
    kind: 'concurrency',
    concurrency: values[0] ?? given.count('--concurrency'),
    ...definedOf({ ramp_seconds: ramp === '' ? undefined : given.number(ramp) }),
  };
}

function arrivalOf(given: Given): { readonly arrival: Arrival; readonly shape?: number } {
  const pattern = given.text('--arrival-pattern')!;
  const shape = given.count('--arrival-smoothness');
  if (pattern === 'constant' || pattern === 'poisson') return { arrival: pattern };
  if (pattern === 'gamma') return { arrival: 'gamma', shape };
  throw given.error('--arrival-pattern', 'constant, poisson or gamma', pattern);
}

function numbersOf(given: Given, name: string): readonly number[] {
  return given.texts(name).flatMap((text) =>
    text.split(',').map((part) => {
      const value = Number(part);
      if (part.trim() === '' || !(value > 0)) throw given.error(name, 'a number above 0', part);
      return value;
    }),
  );
}

function stopOf(given: Given, isBounded: boolean): Stop {
  const seconds = given.number('--benchmark-duration');
  const conversations = given.number('--num-conversations');
  const requests = given.number('--request-count');
  const each = [given.text('--concurrency'), given.text('--request-rate')].some((text) =>
    text?.includes(','),
  );
  if (conversations !== undefined) return definedOf({ conversations, seconds }) as Stop;
  const fallback = isBounded && seconds === undefined ? Math.max(10, 2 * mostConcurrency(given)) : undefined;
  return (
    definedOf({
      requests: requests ?? fallback,
      seconds,
      then_wait_seconds: seconds === undefined ? undefined : given.count('--benchmark-grace-period'),
      each: each ? true : undefined,
    }) ?? {}
  );
}

function mostConcurrency(given: Given): number {
  return Math.max(1, ...numbersOf(given, '--concurrency'));
}

function warmupOf(given: Given): Meaning['warmup'] {
  return definedOf({
    requests: given.number('--warmup-request-count'),
    seconds: given.number('--warmup-duration'),
  });
}

function promptsOf(given: Given, api: string): Prompts {
  const file = given.text('--input-file');
  const type = given.text('--custom-dataset-type');
  if (file !== undefined) return { kind: type === undefined ? 'file' : (FORMATS[type] ?? type), path: file };
  const hasText = TEXT_APIS.includes(api);
  const conversations = given.number('--num-conversations');
  const turns = given.count('--session-turns-mean');
  const delay = given.count('--session-turn-delay-mean');
  const delaySd = given.count('--session-turn-delay-stddev');
  return {
    ...syntheticPrompts(given, hasText),
    ...(hasText ? outputsOf(given, api) : {}),
    ...mixtureOf(given),
    ...(conversations === undefined ? {} : { entries: undefined }),
    ...(turns > 1 ? { turns: meanAndSd(turns, given.count('--session-turns-stddev')) } : {}),
    ...(turns > 1 && delay > 0 ? { delay_ms: meanAndSd(delay, delaySd) } : {}),
    ...definedOf({ shared_system_tokens: given.number('--shared-system-prompt-length') }),
  };
}

function meanAndSd(mean: number, stddev: number): { readonly mean: number; readonly stddev?: number } {
  return stddev === 0 ? { mean } : { mean, stddev };
}

function outputsOf(given: Given, api: string): Partial<Prompts> {
  const output = normalLengths(given.number('--osl'), given.number('--osl-stddev'));
  const isUnlimited = 'tokens' in output && output.tokens === null;
  return { output: isUnlimited && api === 'anthropic' ? { tokens: ANTHROPIC_LIMIT } : output };
}

/** Made-up prompts as aiperf and genai-perf have them. */
export function syntheticPrompts(given: Given, hasText: boolean): Prompts {
  const batch = given.count('--batch-size');
  const [prefixes, prefixTokens] = [
    given.count('--num-prefix-prompts'),
    given.count('--prefix-prompt-length'),
  ];
  return {
    kind: 'synthetic',
    input: normalLengths(given.count('--isl'), given.number('--isl-stddev')),
    ...(hasText ? { output: normalLengths(given.number('--osl'), given.number('--osl-stddev')) } : {}),
    ...(batch > 1 ? { inputs_per_request: batch } : {}),
    entries: given.count('--num-dataset-entries'),
    ...(prefixes > 0 && prefixTokens > 0 ? { prefixes, prefix_tokens: prefixTokens } : {}),
  };
}

/** `--seq-dist` and `--random-range-ratio`. */
function mixtureOf(given: Given): Partial<Prompts> {
  const distribution = given.text('--seq-dist');
  if (distribution !== undefined) return { input: { mixture: mixtureText(distribution) }, output: undefined };
  const ratio = given.number('--random-range-ratio');
  if (ratio === undefined) return {};
  const isSglang = given.text('--random-corpus-style') === 'sglang';
  const range = (mean: number | undefined): Lengths => {
    if (mean === undefined) return { tokens: null };
    const least = Math.max(1, Math.floor(isSglang ? mean * ratio : mean * (1 - ratio)));
    const most = isSglang ? mean : Math.ceil(mean * (1 + ratio));
    return least >= most ? { tokens: mean } : { uniform: [least, most] };
  };
  return { input: range(given.count('--isl')), output: range(given.number('--osl')) };
}

/** `256|10,128|5:40;512,64:60` as a mixture here. */
function mixtureText(text: string): string {
  const parts = text.split(';').map((part) => {
    const [, input, inputSd, output, outputSd, share] =
      /^\s*(\d+)(?:\|([\d.]+))?,(\d+)(?:\|([\d.]+))?:([\d.]+)\s*$/.exec(part) ?? [];
    if (input === undefined)
      throw new InferometerError(
        'INFEROMETER_FROM_INVALID',
        'input',
        `from aiperf: --seq-dist must be ISL,OSL:percent with ; between, such as 256,128:60;512,64:40 (got "${text}")`,
      );
    const lengths = (mean: string, sd: string | undefined) =>
      Number(sd ?? 0) === 0 ? mean : `normal:${mean},${sd}`;
    return `${share}*${lengths(input, inputSd)}:${lengths(output!, outputSd)}`;
  });
  return parts.join('+');
}
