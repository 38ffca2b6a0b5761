import { InferometerError } from '../core/errors.ts';
import { definedOf } from './common-flags.ts';
import type { Given } from './given.ts';
import {
  GUIDELLM_APIS,
  guidellmApi,
  guidellmLoad,
  guidellmPrompts,
  guidellmServer,
  keyValues,
  leftOutOf,
} from './guidellm-meaning.ts';
import type { Meaning, Prompts, Stop } from './meaning.ts';
import { missing, same, secondsText, switched, type Tool, type ToolFlag, valued } from './tool.ts';

const DEFAULT_POINTS = 10;

const FLAGS: readonly ToolFlag[] = [
  same('--target', '--endpoint', { unit: 'URL without /v1' }),
  missing('--backend-type --backend', 'Servers are reached over HTTP; --api names the API.'),
  same('--model', '--model', { unit: 'name' }),
  valued('--request-type --request-format', '--api', { default: 'chat_completions' }),
  valued('--backend-kwargs --backend-args', '--streaming, --extra, …', { unit: 'JSON' }),
  valued('--profile --rate-type', '--pattern', { default: 'sweep' }),
  valued('--rate', '--rate, --concurrency, or the points of a sweep', { same: { flag: '--rate' } }),
  same('--max-requests', '--samples', { unit: 'requests, each run' }),
  same('--max-seconds', '--duration', { unit: 's, each run', value: secondsText }),
  missing('--max-errors', 'A number of failures does not end a run here; look at them in the report.'),
  missing('--max-error-rate', 'A share of failures does not end a run here; look at them in the report.'),
  missing(
    '--max-global-error-rate',
    'A share of failures does not end a run here; look at them in the report.',
  ),
  switched('--detect-saturation --over-saturation', '', {
    note: 'A run does not end when the server saturates; the report says what of the target rate went out.',
  }),
  valued('--rampup', '--stages "ramp to N over TIME, …"', { unit: 's', default: '0' }),
  valued('--warmup --warmup-percent', '--warmup', { unit: 'share below 1, else requests or s' }),
  valued('--cooldown --cooldown-percent', '', { unit: 'share below 1, else requests or s' }),
  valued('--data', '--synthetic or --dataset', {
    unit: 'prompt_tokens=…,output_tokens=…, JSON, file or hub id',
  }),
  missing('--data-args', 'Name a file with --dataset; data sets are not downloaded here.'),
  missing('--data-column-mapper', 'Use --map to say which column means what.'),
  missing('--data-samples', 'Use --samples, or cut the file.'),
  missing('--data-sampler', 'Use --sample-order.'),
  same('--processor', '--tokenizer', { default: 'the model' }),
  missing('--processor-args', 'The tokenizer is a file or in the local cache here.'),
  same('--random-seed', '--seed', { default: '42' }),
  same('--output-path', '--out', { unit: 'file' }),
  same('--output-dir', '--out', { unit: 'directory' }),
  valued('--outputs', 'always: a run writes a folder with text, HTML and JSON'),
  missing('--disable-console --disable-progress', 'Use --quiet.', { takes: 'nothing' }),
];

export const GUIDELLM_BENCHMARK: Tool = {
  name: 'guidellm',
  title: 'guidellm benchmark, up to 0.7',
  program: /(^|\/)(guidellm|benchmark|run)$/,
  flags: FLAGS,
  isMeant: (words) => words.includes('benchmark') || !words.some((word) => /^(--\w+=)?kind=/.test(word)),
  meaningOf: (given) => {
    const type = given.text('--request-type')!;
    const api = guidellmApi(type);
    if (api === undefined) throw given.error('--request-type', `one of ${GUIDELLM_APIS}`, type);
    const kind = given.text('--profile')!;
    const rates = given.texts('--rate').flatMap((text) => text.split(',').map(Number));
    const load = guidellmLoad({
      kind,
      rates,
      most: rates[0],
      points: rates[0] ?? DEFAULT_POINTS,
      arrival: 'constant',
      rampSeconds: given.number('--rampup'),
    });
    if (load === undefined)
      throw given.error('--profile', 'synchronous, concurrent, throughput, constant, poisson or sweep', kind);
    const { stream, ...backend } = given.json('--backend-kwargs') ?? {};
    const prompts = promptsOf(given);
    const leftOut = leftOutOf(given.number('--warmup'), given.number('--cooldown'));
    return {
      ...guidellmServer(given.text('--target'), api),
      model: given.text('--model') ?? null,
      streaming: stream !== false && api[0] !== 'openai-embeddings',
      load,
      stop: stopOf(given, load.kind === 'sweep'),
      dataset: prompts,
      ...(prompts.kind === 'synthetic' ? { ignore_eos: true } : {}),
      seed: given.count('--random-seed'),
      tokenizer: given.texts('--processor').at(-1),
      output: outputOf(given),
      leave_out: leftOut.leave_out,
      notes: [
        ...(leftOut.notes ?? []),
        ...Object.keys(backend).map((name) => `--backend-kwargs: ${name} is not known here; it is left out.`),
      ],
    };
  },
};

function stopOf(given: Given, each: boolean): Stop {
  return {
    ...definedOf({
      requests: given.number('--max-requests'),
      seconds: given.number('--max-seconds'),
      errors: given.number('--max-errors'),
      over_saturation: given.has('--detect-saturation') ? true : undefined,
      each: each ? true : undefined,
    }),
  };
}

function promptsOf(given: Given): Prompts {
  const text = given.text('--data');
  if (text === undefined)
    throw new InferometerError('INFEROMETER_FROM_INVALID', 'input', 'from guidellm: --data is missing');
  const fields = keyValues(text);
  if (fields?.prompt_tokens !== undefined) return guidellmPrompts(fields);
  return { kind: /[./]\w+$/.test(text) && !/^[\w-]+\/[\w-]+$/.test(text) ? 'file' : 'hub', path: text };
}

function outputOf(given: Given): Meaning['output'] {
  return definedOf({
    file: given.text('--output-path'),
    dir: given.text('--output-dir'),
    formats: given.has('--outputs') ? given.texts('--outputs').flatMap((text) => text.split(',')) : undefined,
  });
}
