import { InferometerError } from '../core/errors.ts';
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
import type { Meaning, Prompts } from './meaning.ts';
import { missing, same, secondsText, type Tool, type ToolFlag, valued } from './tool.ts';

const KINDS = ['backend', 'profile', 'constraint', 'data', 'seed', 'tokenizer', 'output'] as const;
const SEARCH = 'searching for a rate has no command here: run several rates, then inferometer compare';
const DATA_KEYS = [
  ...['prompt_tokens_stdev', 'prompt_tokens_min', 'prompt_tokens_max'],
  ...['output_tokens_stdev', 'output_tokens_min', 'output_tokens_max'],
];

const FLAGS: readonly ToolFlag[] = [
  ...KINDS.map((kind) => valued(`--${kind}`, '(see its keys)', { unit: 'kind=…,key=value' })),
  valued('--override', '(as the key it replaces)', { takes: 'values', unit: 'key value' }),
  missing('--config', 'A configuration file is not read; give its settings as flags.'),
  valued('backend.kind', '--api', { default: 'openai_http' }),
  same('backend.target', '--endpoint', { unit: 'URL without /v1' }),
  same('backend.model', '--model', { unit: 'name' }),
  valued('backend.request_format', '--api', { default: '/v1/chat/completions' }),
  valued('backend.stream', '--streaming', { default: 'true' }),
  same('backend.max_tokens', '--max-output-tokens', { unit: 'tokens' }),
  same('backend.api_key', '--api-key'),
  same('backend.timeout', '--request-timeout', { unit: 's', value: secondsText }),
  missing('backend.http2', 'HTTP/1.1 is spoken unless you add --http 2.', { default: 'true' }),
  valued('backend.verify', '--tls-verify', { default: 'false' }),
  valued('backend.extras', '--extra, --header', { unit: 'JSON' }),
  valued('profile.kind', '--pattern', { default: 'sweep' }),
  same('profile.streams', '--concurrency', { unit: 'requests' }),
  same('profile.rate', '--rate', { unit: '1/s' }),
  same('profile.max_concurrency', '--concurrency', { unit: 'requests' }),
  valued('profile.sweep_size', 'several runs', { unit: 'points', default: '10' }),
  valued('profile.strategy_type', '--pattern', { default: 'constant' }),
  valued('profile.time_scale', '--speed, its reciprocal', { unit: '×', default: '1' }),
  valued('profile.rampup_duration', '--stages "ramp to N over TIME, …"', { unit: 's', default: '0' }),
  valued('profile.warmup', '--warmup', { unit: 'share below 1, else requests or s' }),
  valued('profile.cooldown', '', { unit: 'share below 1, else requests or s' }),
  valued('constraint.kind', '--samples, --duration'),
  valued('constraint.count', '--samples', { unit: 'requests, each run' }),
  valued('constraint.seconds', '--duration', { unit: 's, each run' }),
  valued('data.kind', '--synthetic, --dataset'),
  valued('data.prompt_tokens', '--synthetic input=', { unit: 'tokens' }),
  valued('data.output_tokens', '--synthetic output=', { unit: 'tokens' }),
  ...DATA_KEYS.map((key) => valued(`data.${key}`, '--synthetic normal:…, uniform:…', { unit: 'tokens' })),
  valued('data.turns', '--synthetic turns=', { unit: 'turns', default: '1' }),
  valued('data.prefix_tokens', '--synthetic prefix=', { unit: 'tokens' }),
  valued('data.prefix_count', '--synthetic prefix=', { unit: 'prefixes' }),
  valued('data.source', '--dataset', { unit: 'hub id' }),
  same('data.path', '--dataset', { unit: 'file' }),
  valued('seed.kind', '--seed'),
  same('seed.value', '--seed', { default: '42' }),
  valued('tokenizer.kind', '--tokenizer'),
  same('tokenizer.model', '--tokenizer', { default: 'the model' }),
  valued('output.kind', '--out'),
  same('output.path', '--out', { unit: 'file' }),
];

export const GUIDELLM: Tool = {
  name: 'guidellm',
  title: 'guidellm run 0.8',
  program: /(^|\/)(guidellm|run)$/,
  flags: FLAGS,
  spread: (given) => {
    const values = new Map<string, unknown[]>();
    const notes: string[] = [];
    const known = new Set(FLAGS.map(({ names }) => names[0]));
    const put = (key: string, value: unknown) => {
      if (known.has(key)) values.set(key, [...(values.get(key) ?? []), value]);
      else notes.push(`${key} is not a setting of guidellm that is known here; it is left out.`);
    };
    for (const kind of KINDS) {
      for (const text of given.texts(`--${kind}`)) {
        const fields = keyValues(text);
        if (fields === undefined) throw given.error(`--${kind}`, 'kind=…,key=value', text);
        for (const [key, value] of Object.entries(fields)) put(`${kind}.${key}`, value);
      }
    }
    const overrides = given.texts('--override');
    for (let at = 0; at + 1 < overrides.length; at += 2) {
      values.set(overrides[at]!, []);
      put(overrides[at]!, overrides[at + 1]!);
    }
    if (given.has('--config')) values.set('--config', given.texts('--config') as unknown[]);
    return given.with(values, notes);
  },
  meaningOf: (given) => {
    const format = given.text('backend.request_format')!;
    const api = guidellmApi(format);
    if (api === undefined)
      throw given.error('request_format', `one of ${GUIDELLM_APIS}, or a path of these`, format);
    const kind = given.text('profile.kind')!;
    const load = guidellmLoad({
      kind,
      rates: ratesOf(given, kind),
      most: given.number('profile.max_concurrency'),
      points: given.count('profile.sweep_size'),
      arrival: given.text('profile.strategy_type')!,
      timeScale: given.has('profile.time_scale') ? given.number('profile.time_scale') : undefined,
      rampSeconds: given.number('profile.rampup_duration'),
    });
    if (load === undefined)
      throw new InferometerError(
        'INFEROMETER_FROM_NO_EQUIVALENT',
        'input',
        `from guidellm: --profile ${kind}: ${SEARCH}`,
      );
    const { stop, notes } = stopOf(given, load.kind === 'sweep');
    const leftOut = leftOutOf(given.number('profile.warmup'), given.number('profile.cooldown'));
    const prompts = promptsOf(given);
    const key = given.text('backend.api_key');
    return {
      ...guidellmServer(given.text('backend.target'), api),
      model: given.text('backend.model') ?? null,
      streaming: given.text('backend.stream') !== 'false' && api[0] !== 'openai-embeddings',
      load,
      stop,
      dataset: prompts,
      ...(prompts.kind === 'synthetic' ? { ignore_eos: true } : {}),
      headers: key === undefined ? undefined : { Authorization: `Bearer ${key}` },
      seed: given.count('seed.value'),
      tokenizer: given.texts('tokenizer.model').at(-1),
      timeout_seconds: given.number('backend.timeout'),
      output: given.has('output.path') ? { file: given.text('output.path') } : undefined,
      insecure: given.text('backend.verify') === 'false' && isTls(given) ? true : undefined,
      leave_out: leftOut.leave_out,
      notes: [...notes, ...(leftOut.notes ?? []), ...extrasNotes(given)],
    };
  },
};

function isTls(given: Given): boolean {
  return given.text('backend.target')?.startsWith('https:') ?? false;
}

function ratesOf(given: Given, kind: string): readonly number[] {
  const name = kind === 'concurrent' ? 'profile.streams' : 'profile.rate';
  return given.texts(name).flatMap((text) => text.replace(/[[\]]/g, '').split(',').map(Number));
}

/** Each constraint is a kind with its number. */
function stopOf(
  given: Given,
  each: boolean,
): { readonly stop: Meaning['stop']; readonly notes: readonly string[] } {
  const kinds = given.texts('constraint.kind');
  const others = kinds.filter((kind) => kind !== 'max_requests' && kind !== 'max_duration');
  return {
    stop: {
      ...(given.has('constraint.count') ? { requests: given.number('constraint.count') } : {}),
      ...(given.has('constraint.seconds') ? { seconds: given.number('constraint.seconds') } : {}),
      ...(each ? { each: true } : {}),
    },
    notes: others.map(
      (kind) => `--constraint kind=${kind} does not end a run here; look at its failures in the report.`,
    ),
  };
}

function promptsOf(given: Given): Prompts {
  const path = given.text('data.path') ?? given.text('data.source');
  if (path !== undefined) return { kind: given.has('data.source') ? 'hub' : 'file', path };
  const names = [
    ...['prompt_tokens', 'output_tokens', 'turns', 'prefix_tokens', 'prefix_count'],
    ...DATA_KEYS,
  ];
  return guidellmPrompts(Object.fromEntries(names.map((name) => [name, given.text(`data.${name}`)])));
}

function extrasNotes(given: Given): readonly string[] {
  return [
    ...(given.has('backend.extras')
      ? ['Give what extras sends as --extra (fields) or --header (headers).']
      : []),
    ...(given.has('backend.max_tokens')
      ? ['max_tokens limits the outputs: add --max-output-tokens for rows without a limit.']
      : []),
  ];
}
