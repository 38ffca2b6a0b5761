import { describe, expect, it } from 'vitest';
import { InferometerError } from '../core/errors.ts';
import { redactConfig } from './redact.ts';
import { resolveConfig } from './resolve.ts';

const required = {
  '--endpoint': ['http://127.0.0.1:8000'],
  '--model': ['m'],
  '--dataset': ['prompts.jsonl'],
};

function resolve(flags: Record<string, string[]> = {}, environment = {}, file = {}) {
  return resolveConfig({ file, environment, flags: new Map(Object.entries({ ...required, ...flags })) });
}

function refusal(flags: Record<string, string[]>, without?: string): string {
  const all = new Map(Object.entries({ ...required, ...flags }));
  if (without !== undefined) all.delete(without);
  try {
    resolveConfig({ environment: {}, flags: all });
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
    const file = { client: { api_key: 'file' }, seed: 1 };
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

  it.each([
    [{ '--rate': ['fast'] }, '--rate: found "fast", wanted a number'],
    [{ '--rate': ['-5'] }, '--rate: found -5, wanted more than 0'],
    [
      { '--duration': ['1 week'] },
      '--duration: found "1 week", wanted a duration such as 500ms, 60s, 5m or 1h',
    ],
    [
      { '--pattern': ['sawtooth'] },
      '--pattern: found "sawtooth", wanted one of burst, constant, poisson, concurrency',
    ],
    [{ '--pattern': ['poisson'] }, '--pattern poisson: wanted --rate, the arrivals a second'],
    [
      { '--pattern': ['burst'], '--rate': ['5'] },
      '--rate: only for --pattern poisson or constant, found burst',
    ],
    [{ '--samples': ['0'] }, '--samples: found 0, wanted more than 0'],
    [{ '--samples': ['1.5'] }, '--samples: found "1.5", wanted a whole number'],
    [{ '--header': ['nonsense'] }, '--header: found "nonsense", wanted "Name: value"'],
    [{ '--workers': ['many'] }, '--workers: found "many", wanted a whole number'],
  ])('refuses %j', (flags, message) => {
    expect(refusal(flags)).toBe(message);
  });

  it('names a missing flag and what it is for', () => {
    expect(refusal({}, '--model')).toBe('--model: missing, wanted model name sent with each request');
  });

  it('never repeats a key in a message', () => {
    expect(refusal({ '--api-key': [''] })).toBe('--api-key: found "…", wanted some text');
  });
});

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
