import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InferometerError } from '../core/errors.ts';
import { parseConfigFile } from './config-file.ts';
import { redactConfig } from './redact.ts';
import { resolveConfig } from './resolve.ts';
import { runConfigSchema } from './schema.ts';
import { SETTINGS, settingOf } from './settings.ts';

const required = {
  '--endpoint': ['http://127.0.0.1:8000'],
  '--model': ['m'],
  '--dataset': ['prompts.jsonl'],
};

function resolve(flags: Record<string, string[]> = {}, environment = {}, yaml?: string) {
  const file = yaml === undefined ? undefined : parseConfigFile(yaml, 'load.yaml');
  return resolveConfig({ file, environment, flags: new Map(Object.entries({ ...required, ...flags })) });
}

function refusal(flags: Record<string, string[]>, without?: string, yaml?: string): string {
  const all = new Map(Object.entries({ ...required, ...flags }));
  if (without !== undefined) all.delete(without);
  try {
    const file = yaml === undefined ? undefined : parseConfigFile(yaml, 'load.yaml');
    resolveConfig({ file, environment: {}, flags: all });
  } catch (error) {
    expect(error).toBeInstanceOf(InferometerError);
    expect((error as InferometerError).kind).toBe('input');
    return (error as Error).message;
  }
  return 'accepted';
}

describe('resolveConfig', () => {
  it('fills in defaults', () => {
    expect(resolve()).toMatchObject({
      api: 'chat',
      load: { pattern: 'burst' },
      seed: 42,
      client: { workers: 'auto', request_timeout_ms: 600_000 },
      metrics: { publish_interval_ms: 250 },
    });
  });

  it('reads flags with their units', () => {
    const config = resolve({
      '--rate': ['50'],
      '--duration': ['1.5m'],
      '--warmup': ['10s'],
      '--publish-interval': ['0'],
    });
    expect(config.load).toEqual({ pattern: 'poisson', rate_per_second: 50 });
    expect(config.stop.duration_ms).toBe(90_000);
    expect(config.warmup).toEqual({ duration_ms: 10_000 });
    expect(config.metrics.publish_interval_ms).toBe(0);
  });

  it.each([
    ['2', [2]],
    ['0,3', [0, 3]],
    ['4-6,1', [4, 5, 6, 1]],
    ['1,0-1', [1, 0]],
  ])('reads --cpus %s', (text, cpus) => {
    expect(resolve({ '--cpus': [text] }).client.cpus).toEqual(cpus);
  });

  it.each(['', 'a', '1-', '3-1', '1,,2', '-1', '1.5', '123456'])('refuses --cpus "%s"', (text) => {
    expect(refusal({ '--cpus': [text] })).toBe(
      `--cpus: found "${text}", wanted CPU numbers such as 2,3 or 4-7`,
    );
  });

  it('lets a flag win over the environment and the environment over a file', () => {
    const file = 'client: { api_key: file }\nseed: 1\n';
    expect(resolve({}, {}, file).client.api_key).toBe('file');
    expect(resolve({}, { INFEROMETER_API_KEY: 'env' }, file).client.api_key).toBe('env');
    expect(resolve({ '--api-key': ['flag'] }, { INFEROMETER_API_KEY: 'env' }, file).client.api_key).toBe(
      'flag',
    );
    expect(resolve({}, {}, file).seed).toBe(1);
  });

  it('collects repeated flags', () => {
    const config = resolve({ '--endpoint': ['http://a', 'http://b'], '--header': ['X-A: 1', 'X-B: two: 2'] });
    expect(config.endpoints).toEqual(['http://a', 'http://b']);
    expect(config.client.headers).toEqual({ 'X-A': '1', 'X-B': 'two: 2' });
  });

  const time = 'a duration with its unit, such as 500ms, 60s, 5m or 1h';
  const rate = 'a number above 0, at most 10000000';
  const count = 'a whole number from 1 to 2147483647';

  it.each([
    ...['', 'fast', '-5', '0', 'NaN', 'Infinity', '1e400', '1e-300', '1e300', '５'].map((n) => [
      '--rate',
      n,
      rate,
    ]),
    ...['', 'x', '0', '-1', '1.5', '1e400', '2147483648', '９'].map((n) => ['--samples', n, count]),
    ...['0', '-1', '1.5', '1e9'].map((n) => ['--concurrency', n, 'a whole number from 1 to 1000000']),
    ...['many', '0', '65', '1.5'].map((n) => ['--workers', n, 'auto, or a whole number from 1 to 64']),
    ['--seed', '-1', 'a whole number from 0 to 9007199254740991'],
    ...['', '10', '10x', '1 week', '-1s', '1e400s', '1ns'].map((n) => ['--duration', n, time]),
    ['--duration', '0', 'a time above 0, at most 8640000000 ms (2400h)'],
    ['--duration', '2401h', 'a time above 0, at most 8640000000 ms (2400h)'],
    ['--request-timeout', '0', 'a time above 0, at most 2073600000 ms (576h)'],
    ['--connect-timeout', '0s', 'a time above 0, at most 2073600000 ms (576h)'],
    ['--drain-timeout', '577h', 'a time from 0 to 2073600000 ms (576h)'],
    ['--warmup', '0', count],
    ['--warmup', '1.5', count],
    ['--warmup', 'x', 'a number of requests such as 100, or a duration such as 10s'],
    ['--tls-verify', 'true', 'on or off'],
    ['--api', 'grpc', 'one of chat, completions, sglang'],
    ['--pattern', 'sawtooth', 'one of burst, constant, poisson, concurrency'],
    ['--endpoint', '', 'some text'],
  ])('refuses %s "%s"', (flag, text, wanted) => {
    expect(refusal({ [flag]: [text] })).toBe(`${flag}: found "${text}", wanted ${wanted}`);
  });

  it('shortens what it quotes', () => {
    expect(refusal({ '--rate': ['9'.repeat(5000)] })).toMatch(/^--rate: found "9{99}…, wanted/);
  });

  it.each([
    [{ '--pattern': ['poisson'] }, '--pattern poisson: wanted --rate, the arrivals a second'],
    [
      { '--pattern': ['burst'], '--rate': ['5'] },
      '--rate: only for --pattern poisson or constant, found burst',
    ],
  ])('refuses %j', (flags, message) => {
    expect(refusal(flags)).toBe(message);
  });

  it('counts a lone 0 as a time, with or without a unit', () => {
    expect(resolve({ '--drain-timeout': ['0'] }).drain_timeout_ms).toBe(0);
    expect(resolve({ '--drain-timeout': ['0s'] }).drain_timeout_ms).toBe(0);
  });

  it('takes --tls-verify on and off', () => {
    expect(resolve().client.tls_verify).toBe(true);
    expect(resolve({ '--tls-verify': ['off'] }).client.tls_verify).toBe(false);
    const file = 'client: { tls_verify: false }';
    expect(resolve({ '--tls-verify': ['on'] }, {}, file).client.tls_verify).toBe(true);
  });

  it('names a missing flag and what it is for', () => {
    expect(refusal({}, '--model')).toBe('--model: missing, wanted model name sent with each request');
  });

  it('never repeats a secret in a message', () => {
    expect(refusal({ '--api-key': [''] })).toBe('--api-key: found "", wanted some text');
    const hidden = 'found something else (not shown: it may be a secret), wanted';
    expect(refusal({ '--header': ['Bearer sk-1'] })).toBe(`--header: ${hidden} "Name: value"`);
    expect(refusal({}, undefined, 'client: { api_key: 51 }')).toBe(
      `--config load.yaml:1:20: client.api_key: ${hidden} some text`,
    );
    expect(refusal({}, undefined, 'client:\n  headers: { X-Key: 51 }')).toBe(
      `--config load.yaml:2:21: client.headers.X-Key: ${hidden} text`,
    );
  });
});

describe('a config file', () => {
  it.each([
    ['seed: abc', '1:7: seed: found "abc", wanted a whole number from 0 to 9007199254740991'],
    ['model: m\nload:\n  rate_per_second: .inf', '3:20: load.rate_per_second: found Infinity, wanted'],
    ['load: 5', '1:7: load: found 5, wanted keys and values'],
    ['client:', '1:8: client: found null, wanted keys and values'],
    ['client: { tls_verify: off }', '1:23: client.tls_verify: found "off", wanted true or false'],
    [
      'client: { workers: 65 }',
      '1:20: client.workers: found 65, wanted auto, or a whole number from 1 to 64',
    ],
    ['client: { cpus: [0, -1] }', '1:21: client.cpus.1: found -1, wanted a whole number from 0 to 99999'],
    [
      'metrics: { drain_timeout_ms: 1e300 }',
      '1:30: metrics.drain_timeout_ms: found 1e+300, wanted a time from 0',
    ],
    ['lod: {}', '1:6: lod: found an unknown key, wanted endpoints, model, dataset, '],
    ['load: { rate: 5 }', 'load.rate: found an unknown key, wanted pattern, rate_per_second, concurrency'],
    ['warmup: { seconds: 5 }', 'warmup.seconds: found an unknown key, wanted samples, duration_ms'],
  ])('%j is refused with its place', (yaml, message) => {
    const text = refusal({}, undefined, yaml);
    expect(text).toMatch(/^--config load\.yaml:\d+:\d+: /);
    expect(text).toContain(message);
  });

  it.each([
    ['', 'load.yaml: found no settings'],
    ['just text', 'load.yaml: found no settings'],
    ['- a', 'load.yaml: found no settings'],
    ['a: [', 'load.yaml:1:5: '],
    ['a: 1\na: 2', 'load.yaml:2:1: Map keys must be unique'],
    ['a: *b', 'load.yaml: Unresolved alias'],
  ])('%j is no config file', (yaml, message) => {
    expect(() => parseConfigFile(yaml, 'load.yaml')).toThrow(`--config ${message}`);
  });

  it('that is refused for a value may have it replaced by a flag', () => {
    expect(resolve({ '--seed': ['7'] }, {}, 'seed: abc').seed).toBe(7);
    const redacted = 'client: { api_key: <redacted> }';
    expect(resolve({ '--api-key': ['k'] }, {}, redacted).client.api_key).toBe('k');
    expect(refusal({}, undefined, redacted)).toContain('wanted the secret itself');
    expect(refusal({ '--rate': ['5'] }, undefined, 'load: 5')).toContain(
      'load: found 5, wanted keys and values',
    );
  });
});

describe('settings', () => {
  it('each have a field of the schema, and each field its flag', () => {
    const paths = new Set(fieldsOf(z.toJSONSchema(runConfigSchema, { io: 'input' }) as JsonSchema, ''));
    expect(SETTINGS.map(({ path }) => path).filter((path) => path !== 'warmup' && !paths.has(path))).toEqual(
      [],
    );
    expect([...paths].filter((path) => settingOf(path) === undefined)).toEqual([]);
  });
});

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function fieldsOf({ properties }: JsonSchema, path: string): string[] {
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, inner]) =>
    fieldsOf(inner, path === '' ? key : `${path}.${key}`),
  );
}

describe('redactConfig', () => {
  it('hides keys, secret headers and user info, and keeps the rest', () => {
    const config = resolve({
      '--endpoint': ['http://user:pw@host:1/v1?api_key=k&x=1'],
      '--api-key': ['sk-1'],
      '--header': ['Authorization: Bearer abc', 'X-Api-Key: def', 'X-Trace: on'],
      '--max-output-tokens': ['77'],
      '--tokenizer': ['tokenizer.json'],
    });
    const text = JSON.stringify(redactConfig(config));
    for (const secret of ['sk-1', 'abc', 'def', 'pw', '=k&']) expect(text).not.toContain(secret);
    expect(text).toContain('"X-Trace":"on"');
    expect(text).toContain('77');
    expect(text).toContain('tokenizer.json');
  });
});
