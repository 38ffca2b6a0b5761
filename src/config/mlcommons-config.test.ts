import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromMlcommonsConfig, toMlcommonsConfig } from './mlcommons-config.ts';
import { resolveConfig } from './resolve.ts';

const ORACLE = JSON.parse(
  readFileSync(new URL('../../test/oracles/config.json', import.meta.url), 'utf8'),
) as {
  readonly configs: readonly {
    readonly name: string;
    readonly input: object;
    readonly valid: boolean;
    readonly resolved?: { readonly streaming: string; readonly load_pattern: { readonly type: string } };
  }[];
};

function ours(flags: Readonly<Record<string, string>>) {
  const given = {
    ...{ '--endpoint': 'http://h:8000', '--model': 'm', '--dataset': 'd.jsonl', '--max-output-tokens': '64' },
    ...flags,
  };
  return resolveConfig({
    environment: {},
    flags: new Map(Object.entries(given).map(([flag, text]) => [flag, [text]])),
  });
}

/** What their program knows, by the table of its fields; values by path. */
const KNOWN: readonly string[] = [
  ...[
    'type',
    'name',
    'datasets',
    'endpoint_config.endpoints',
    'endpoint_config.api_type',
    'endpoint_config.api_key',
  ],
  ...['name', 'max_new_tokens', 'streaming', 'temperature'].map((key) => `model_params.${key}`),
  ...[
    'min_duration_ms',
    'max_duration_ms',
    'n_samples_to_issue',
    'scheduler_random_seed',
    'dataloader_random_seed',
  ].map((key) => `settings.runtime.${key}`),
  ...['type', 'target_qps', 'target_concurrency'].map((key) => `settings.load_pattern.${key}`),
  ...['num_workers', 'max_connections', 'insecure', 'stream_all_chunks'].map(
    (key) => `settings.client.${key}`,
  ),
  ...['performance_timeout_s', 'warmup_timeout_s'].map((key) => `settings.drain.${key}`),
  ...['enabled', 'n_requests', 'drain'].map((key) => `settings.warmup.${key}`),
];

function pathsOf(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, item]) => pathsOf(item, path === '' ? key : `${path}.${key}`));
}

describe('toMlcommonsConfig', () => {
  it.each([
    [{}, { type: 'offline', settings: { load_pattern: { type: 'max_throughput' } } }],
    [
      { '--rate': '20', '--duration': '30s' },
      {
        type: 'online',
        settings: {
          runtime: { min_duration_ms: 0, max_duration_ms: 30_000, n_samples_to_issue: 1_000_000_000 },
          load_pattern: { type: 'poisson', target_qps: 20, target_concurrency: null },
        },
      },
    ],
    [
      {
        '--concurrency': '8',
        '--samples': '100',
        '--seed': '7',
        '--warmup': '5',
        '--extra': 'temperature=0.5',
      },
      {
        type: 'online',
        model_params: { name: 'm', max_new_tokens: 64, temperature: 0.5 },
        settings: {
          runtime: { n_samples_to_issue: 100, scheduler_random_seed: 7, dataloader_random_seed: 7 },
          load_pattern: { type: 'concurrency', target_qps: null, target_concurrency: 8 },
          warmup: { enabled: true, n_requests: 5, drain: true },
        },
      },
    ],
    [{ '--api-key': 'k-1234567' }, { endpoint_config: { api_key: '${INFEROMETER_API_KEY}' } }],
  ])('writes %j as theirs', (flags, expected) => {
    const result = toMlcommonsConfig(ours(flags), true);
    expect(result).toMatchObject({ tree: expected });
    const paths = pathsOf('tree' in result ? result.tree : {});
    expect(paths.filter((path) => !KNOWN.includes(path))).toEqual([]);
    expect(JSON.stringify(result)).not.toContain('k-1234567');
  });

  it.each([
    [{ '--pattern': 'constant', '--rate': '5' }, '--pattern constant'],
    [{ '--api': 'completions' }, '--api completions'],
    [{ '--dataset': 'd.txt' }, 'datasets other than'],
    [{ '--path': '/chat' }, '--path'],
    [{ '--endpoint': 'http://h:8000/v1/chat/completions' }, '--path'],
    [{ '--endpoint': 'unix:/run/vllm.sock' }, 'Unix sockets'],
    [{ '--endpoint': 'https://h', '--ca': 'ca.pem' }, '--ca'],
    [{ '--proxy': 'p:3128' }, '--proxy'],
    [{ '--traceparent': 'on' }, '--traceparent'],
    [{ '--endpoint': 'http://h:8000', '--resolve': 'h:8000:::1' }, '--resolve'],
    [{ '--header': 'X-Team: a' }, '--header'],
    [{ '--connections': 'new' }, '--connections'],
    [{ '--sample-order': 'sequential' }, '--sample-order'],
    [{ '--warmup': '5s' }, 'warm-up'],
    [{ '--drain-timeout': '0s' }, '--drain-timeout'],
    [{ '--extra': 'priority=3' }, '--extra'],
    [{ '--limit-field': 'max_tokens' }, '--limit-field'],
    [{ '--replay': 'on' }, '--replay'],
    [{ '--format': 'mooncake' }, '--format'],
  ])('says why %j has no form of theirs', (flags, why) => {
    expect(toMlcommonsConfig(ours(flags), true)).toEqual({ why: expect.stringContaining(why) as string });
  });

  it('needs a limit of output tokens, as theirs always sends one', () => {
    const config = { ...ours({}) };
    delete config.max_output_tokens;
    expect(toMlcommonsConfig(config, true)).toEqual({
      why: expect.stringContaining('--max-output-tokens') as string,
    });
  });

  it.each<Readonly<Record<string, string>>>([
    {},
    { '--rate': '20', '--samples': '9' },
    { '--concurrency': '8', '--duration': '3s' },
  ])('says of %j what is read back', (flags) => {
    const config = ours(flags);
    const result = toMlcommonsConfig(config, true);
    const again = fromMlcommonsConfig('tree' in result ? result.tree : undefined);
    expect(again).toMatchObject({ streaming: true, ratePerSecond: config.load.rate_per_second });
    expect(again.config).toMatchObject({
      ...{ endpoints: config.endpoints, model: config.model, dataset: config.dataset, api: config.api },
      ...{ load: config.load, seed: config.seed, drain_timeout_ms: config.drain_timeout_ms },
    });
  });
});

describe('fromMlcommonsConfig', () => {
  it.each(ORACLE.configs.filter(({ valid }) => valid).map((entry) => [entry.name, entry] as const))(
    'reads the configuration of the reference: %s',
    (_name, { input, resolved }) => {
      const { streaming, config } = fromMlcommonsConfig(input);
      expect(streaming === true ? 'on' : 'off').toBe(resolved!.streaming);
      expect(config.model).toBe('m');
      const pattern = resolved!.load_pattern.type
        .replace('max_throughput', 'burst')
        .replace('agentic_inference', 'concurrency');
      expect((config.load as { pattern?: string } | undefined)?.pattern ?? 'burst').toBe(pattern);
    },
  );

  it.each([
    undefined,
    null,
    7,
    'text',
    [],
    { model_params: 7, settings: [], endpoint_config: { endpoints: {} } },
  ])('makes nothing of %j', (tree) => {
    expect(fromMlcommonsConfig(tree)).toMatchObject({ config: {}, ratePerSecond: undefined });
  });

  it('has no secret of a URL', () => {
    const tree = { endpoint_config: { endpoints: ['http://user:hunter2@h:1/?api_key=hunter2'] } };
    expect(JSON.stringify(fromMlcommonsConfig(tree))).not.toContain('hunter2');
  });
});
