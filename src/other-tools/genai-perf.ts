import { InferometerError } from '../core/errors.ts';
import { concurrencyOf, SHARED_FLAGS, sharedMeaning, syntheticPrompts } from './aiperf.ts';
import { definedOf, urlOf } from './common-flags.ts';
import type { Given } from './given.ts';
import type { Load, Prompts, Stop } from './meaning.ts';
import { missing, same, secondsText, switched, type Tool, type ToolFlag, valued } from './tool.ts';

const PATHS: Readonly<Record<string, readonly [api: string, path: string]>> = {
  chat: ['openai-chat', '/v1/chat/completions'],
  completions: ['openai-completions', '/v1/completions'],
  embeddings: ['openai-embeddings', '/v1/embeddings'],
  rankings: ['rerank', '/v1/ranking'],
  generate: ['tgi-generate', '/generate_stream'],
  huggingface_generate: ['tgi-generate', '/generate_stream'],
};
const DEFAULT_REQUESTS = 10;

const FLAGS: readonly ToolFlag[] = [
  ...SHARED_FLAGS.filter(({ names }) => !names.includes('--endpoint-type')),
  valued('--endpoint-type', '--api', { default: 'kserve' }),
  same('-u --url', '--endpoint', { unit: 'URL without /v1', default: 'localhost:8001', value: urlOf }),
  same('--random-seed', '--seed', { default: '0' }),
  missing('--service-kind', 'The API is told by --api alone.'),
  missing('--backend', 'The API is told by --api alone.'),
  same('--measurement-interval -p', '--duration', {
    unit: 'ms',
    default: '10000',
    value: (text) => secondsText(String(Number(text) / 1000)),
  }),
  missing('--stability-percentage -s', 'A run is measured once, from its start to its end.', {
    default: '999',
  }),
  switched('--output-tokens-mean-deterministic', '--extra min_tokens='),
];

export const GENAI_PERF: Tool = {
  name: 'genai-perf',
  title: 'genai-perf profile 0.0.16',
  program: /(^|\/)(genai-perf|profile)$/,
  flags: FLAGS,
  meaningOf: (given) => {
    const type = given.text('--endpoint-type')!;
    const found = PATHS[type];
    if (found === undefined) {
      const hint = type === 'kserve' ? '; Triton speaks HTTP, too: inferometer run --api triton' : '';
      throw new InferometerError(
        'INFEROMETER_FROM_NO_EQUIVALENT',
        'input',
        `from genai-perf: --endpoint-type must be one of ${Object.keys(PATHS).join(', ')} (got ${type}, which is gRPC${hint})`,
      );
    }
    const [api, path] = found;
    const hasText = api !== 'openai-embeddings' && api !== 'rerank';
    const shared = sharedMeaning(given, api);
    const osl = given.number('--osl');
    const isExact = given.has('--output-tokens-mean-deterministic') && osl !== undefined;
    return {
      ...shared,
      endpoint: { url: urlOf(given.text('-u')!), path: given.text('--endpoint') ?? path },
      streaming: hasText && given.has('--streaming'),
      load: loadOf(given),
      stop: stopOf(given),
      warmup: definedOf({ requests: given.number('--warmup-request-count') }),
      dataset: promptsOf(given, hasText),
      body: definedOf({ ...shared.body, min_tokens: isExact ? osl : undefined }),
      seed: given.count('--random-seed'),
    };
  },
};

/** perf_analyzer spaces arrivals evenly. */
function loadOf(given: Given): Load {
  const rate = given.number('--request-rate');
  return rate === undefined
    ? concurrencyOf(given, '')
    : { kind: 'rate', per_second: rate, arrival: 'constant' };
}

/** A rate is measured for a while, unless requests are counted. */
function stopOf(given: Given): Stop {
  const requests = given.number('--request-count');
  const isTimed = given.has('--request-rate') || given.has('--measurement-interval');
  if (requests === undefined && isTimed)
    return { window_seconds: given.count('--measurement-interval') / 1000 };
  return { requests: requests ?? DEFAULT_REQUESTS };
}

function promptsOf(given: Given, hasText: boolean): Prompts {
  const file = given.text('--input-file');
  return file === undefined ? syntheticPrompts(given, hasText) : { kind: 'file', path: file };
}
