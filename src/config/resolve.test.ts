import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InferometerError } from '../core/errors.ts';
import { parseConfigFile } from './config-file.ts';
import { modelsOf } from './models.ts';
import { redactConfig, secretsOf } from './redact.ts';
import { checkConfig, resolveConfig } from './resolve.ts';
import { runConfigSchema } from './schema.ts';
import { SETTINGS, settingOf } from './flags.ts';
import { STAGES_ALLOWED } from './stages.ts';

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

const STAGES = (part: string, what: string) => `${STAGES_ALLOWED}; "${part}": ${what}`;

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
      `--cpus must be CPU numbers such as 2,3 or 4-7 (got "${text}")`,
    );
  });

  it('reads stages as people write them, for Poisson arrivals unless told otherwise', () => {
    const stages = 'rate 10 for 1m, ramp to 200/s over 2.5m,pause for 30s';
    expect(resolve({ '--stages': [stages] }).load).toEqual({
      pattern: 'poisson',
      stages: [
        { rate_per_second: 10, duration_ms: 60_000 },
        { ramp_to_per_second: 200, duration_ms: 150_000 },
        { rate_per_second: 0, duration_ms: 30_000 },
      ],
    });
    expect(resolve({ '--stages': ['@rates.csv'] }).load).toEqual({
      pattern: 'poisson',
      stages_file: 'rates.csv',
    });
    expect(resolve({ '--stages': ['concurrency 5 for 1m, ramp to 9 over 1s, pause for 2s'] }).load).toEqual({
      pattern: 'concurrency',
      stages: [
        { concurrency: 5, duration_ms: 60_000 },
        { ramp_to_concurrency: 9, duration_ms: 1000 },
        { concurrency: 0, duration_ms: 2000 },
      ],
    });
    const even = resolve({ '--stages': [stages], '--pattern': ['constant'] });
    expect(even.load.pattern).toBe('constant');
    expect(resolve({ '--rate': ['5'], '--burstiness': ['0.5'] }).load).toEqual({
      pattern: 'gamma',
      rate_per_second: 5,
      burstiness: 0.5,
    });
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

  it('takes every setting from the environment, below flags and above a file', () => {
    const environment = { INFEROMETER_CONCURRENCY: '8', INFEROMETER_REQUEST_TIMEOUT: '90s' };
    expect(resolve({}, environment).load).toEqual({ pattern: 'concurrency', concurrency: 8 });
    expect(resolve({}, environment, 'client: { request_timeout_ms: 5 }').client.request_timeout_ms).toBe(
      90_000,
    );
    expect(resolve({ '--concurrency': ['3'] }, environment).load.concurrency).toBe(3);
    expect(resolve({}, { INFEROMETER_CONCURRENCY: '' }).load).toEqual({ pattern: 'burst' });
    expect(resolve({}, { INFEROMETER_MULTI_TURN: 'on' }).conversations?.multi_turn).toBe(true);
    expect(resolve({}, { INFEROMETER_HEADER: 'X-A: 1, 2\nX-B: 3' }).client.headers).toEqual({
      'X-A': '1, 2',
      'X-B': '3',
    });
    const names = SETTINGS.flatMap(({ environment: name }) => name ?? []);
    expect(new Set(names).size).toBe(names.length);
  });

  it('lets a flag for one value win over the variable of its setting', () => {
    expect(resolve({ '--no-check': ['on'] }, { INFEROMETER_CHECK: 'on' }).check).toBe('off');
    expect(resolve({ '--insecure': ['on'] }, { INFEROMETER_TLS_VERIFY: 'on' }).client.tls_verify).toBe(false);
  });

  it.each([
    [
      { INFEROMETER_RATE: 'fast' },
      'INFEROMETER_RATE must be a number above 0, at most 10000000 (got "fast")',
    ],
    [{ INFEROMETER_MULTI_TURN: 'yes' }, 'INFEROMETER_MULTI_TURN must be on or off (got "yes")'],
    [
      { INFEROMETER_CONCURENCY: '8' },
      'INFEROMETER_CONCURENCY is no setting; did you mean INFEROMETER_CONCURRENCY? (unset it if not)',
    ],
  ])('says which variable is wrong: %j', (environment, message) => {
    expect(() => resolve({}, environment)).toThrow(message);
  });

  it.each(['INFEROMETER_VIEW_KEY', 'INFEROMETER_CALIBRATION', 'INFEROMETER_FOO_BAR_BAZ', 'OTHER_RATE'])(
    'passes over %s',
    (name) => {
      expect(resolve({}, { [name]: 'x' })).toEqual(resolve());
    },
  );

  it('tells all that is wrong at once, each thing once', () => {
    const { problems } = checkConfig({
      file: parseConfigFile('seed: abc\nload: { rate: 5 }\nclient: { http: 3 }\n', 'load.yaml'),
      environment: { INFEROMETER_WORKERS: '0' },
      flags: new Map([
        ['--model', ['']],
        ['--tls-verify', ['maybe']],
      ]),
    }) as { problems: readonly InferometerError[] };
    expect(problems.map(({ message }) => message.replace(/(must be|unknown|missing).*/, '$1'))).toEqual([
      '--model must be',
      '--tls-verify must be',
      '--endpoint <url> and --dataset <file> (or --synthetic <what>) are missing',
      '--config load.yaml:2:15: load.rate: unknown',
      '--config load.yaml:1:7: seed: must be',
      'INFEROMETER_WORKERS must be',
      '--config load.yaml:3:17: client.http: must be',
    ]);
    const rules = checkConfig({
      environment: {},
      flags: new Map(
        Object.entries({
          ...required,
          '--rate': ['5'],
          '--pattern': ['burst'],
          '--key': ['k'],
          '--format': ['rows'],
          '--synthetic': ['input=5 output=5'],
        }),
      ),
    }) as { problems: readonly InferometerError[] };
    expect(rules.problems.map(({ message }) => message.slice(0, 24))).toEqual([
      '--dataset and --syntheti',
      '--key is only for https:',
      '--rate is only for --pat',
    ]);
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
    [
      '--api',
      'grpc',
      'one of chat, completions, responses, anthropic, ollama, ollama-generate, sglang, tgi, llamacpp, triton, kserve, embeddings, ollama-embed, rerank, score, images, speech, transcription, template:FILE, or plugin:NAME',
    ],
    ['--pattern', 'sawtooth', 'one of burst, constant, poisson, gamma, concurrency, replay'],
    [
      '--stages',
      'rate 10',
      STAGES(
        'rate 10',
        'say "rate N for TIME", "concurrency N for TIME", "ramp to N over TIME" or "pause for TIME"',
      ),
    ],
    [
      '--stages',
      'rate 10 for 6s, concurrency 5 for 1s',
      STAGES('rate 10 for 6s', 'stages are of a rate or of a concurrency, not of both'),
    ],
    [
      '--stages',
      'concurrency 2.5 for 6s',
      STAGES('concurrency 2.5 for 6s', 'the concurrency must be 0 or a whole number from 1 to 1000000'),
    ],
    [
      '--stages',
      'rate 10 for 60',
      STAGES('rate 10 for 60', 'the time needs a unit and must be above 0, as in 30s or 5m'),
    ],
    [
      '--stages',
      'rate 1 for 1s, ramp to -5 over 1s',
      STAGES('ramp to -5 over 1s', 'the rate must be 0 or a number above 0, at most 10000000'),
    ],
    ['--burstiness', '0', 'a number from 0.001 to 1000'],
    ['--cancel', 'some', 'a share such as 5% or 0.05'],
    [
      '--cancel-after',
      '2',
      'a time with its unit such as 2s, or one of fixed:TIME, uniform:LEAST,MOST, exponential:MEAN, lognormal:MEDIAN,SIGMA, such as lognormal:2s,0.5',
    ],
    ['--http', '3', '1 or 2'],
    ['--requests-per-connection', '0', 'a whole number from 1 to 2147483647'],
    ['--endpoint', '', 'text that is not empty'],
  ])('refuses %s "%s"', (flag, text, allowed) => {
    expect(refusal({ [flag]: [text] })).toBe(`${flag} must be ${allowed} (got "${text}")`);
  });

  it('shortens what it quotes', () => {
    expect(refusal({ '--rate': ['9'.repeat(5000)] })).toMatch(/^--rate must be .* \(got "9{99}…\)$/);
  });

  it.each([
    [
      { '--pattern': ['poisson'] },
      '--pattern poisson needs --rate, the number of requests per second, or --stages',
    ],
    [
      { '--rate': ['5'], '--stages': ['rate 5 for 1s'] },
      '--rate and --stages both say how many requests a second; give one of them',
    ],
    [
      { '--rate': ['5'], '--stages': ['@rates.csv'] },
      '--rate and --stages both say how many requests a second; give one of them',
    ],
    [
      { '--concurrency': ['5'], '--stages': ['concurrency 5 for 1s'] },
      '--concurrency and --stages both say how many requests are in flight; give one of them',
    ],
    [
      { '--pattern': ['poisson'], '--stages': ['concurrency 5 for 1s'] },
      '--stages of a concurrency are only for --pattern concurrency (got poisson)',
    ],
    [
      { '--rate': ['5'], '--stages': ['concurrency 5 for 1s'] },
      '--rate and --stages both say how many requests a second; give one of them',
    ],
    [
      { '--pattern': ['burst'], '--stages': ['@rates.csv'] },
      '--stages is only for --pattern constant, poisson or gamma (got burst)',
    ],
    [
      { '--concurrency': ['5'], '--pattern': ['concurrency'], '--stages': ['rate 5 for 1s'] },
      '--stages is only for --pattern constant, poisson or gamma (got concurrency)',
    ],
    [
      { '--stages': ['pause for 5s, ramp to 0 over 1s'] },
      '--stages have no request: one of them needs a rate or a concurrency above 0',
    ],
    [
      { '--rate': ['5'], '--pattern': ['poisson'], '--burstiness': ['2'] },
      '--burstiness is only for --pattern gamma (got poisson)',
    ],
    [
      { '--rate': ['5'], '--pattern': ['gamma'] },
      '--pattern gamma needs --burstiness, the shape of its gaps',
    ],
    [
      { '--pattern': ['burst'], '--rate': ['5'] },
      '--rate is only for --pattern constant, poisson or gamma (got burst)',
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
    expect(resolve({ '--insecure': ['on'] }).client.tls_verify).toBe(false);
  });

  it('takes the files and the name for TLS, and keeps their paths in what is written down', () => {
    const flags = {
      '--ca': ['ca.pem'],
      '--cert': ['c.pem'],
      '--key': ['c.key'],
      '--server-name': ['llm.test'],
    };
    const config = resolve({ '--endpoint': ['https://h'], ...flags });
    const paths = { ca_file: 'ca.pem', cert_file: 'c.pem', key_file: 'c.key', server_name: 'llm.test' };
    expect(config.client).toMatchObject(paths);
    expect(redactConfig(config)).toMatchObject({ client: paths });
  });

  it('takes proxies from flags, else from the file, else from the environment', () => {
    const environment = { HTTP_PROXY: 'http://env:1' };
    const proxies = (...sources: Parameters<typeof resolve>) => resolve(...sources).client.proxies;
    expect(proxies({}, environment)).toEqual(['http://env:1']);
    expect(proxies({}, environment, 'client: { proxies: [file:2] }')).toEqual(['http://file:2']);
    expect(proxies({ '--proxy': ['flag:3'] }, environment)).toEqual(['http://flag:3']);
    expect(proxies({ '--proxy': ['none'] }, environment)).toEqual(['none']);
    expect(proxies({}, { ...environment, NO_PROXY: '*' })).toBeUndefined();
  });

  it('knows the password of a proxy, and does not send what stands for it', () => {
    const config = resolve({ '--proxy': ['me:hunter%402@p:1'] });
    expect(redactConfig(config)).toMatchObject({ client: { proxies: ['http://redacted@p:1'] } });
    const basic = Buffer.from('me:hunter@2').toString('base64');
    expect(secretsOf(config).map(({ text }) => text)).toEqual(['hunter%402', 'hunter@2', basic]);
    expect(refusal({ '--proxy': ['http://redacted@p:1'] })).toContain('the secret was redacted');
  });

  it.each<[Record<string, string[]>, string]>([
    [{ '--proxy': ['socks5://me:hunter2@p:1'] }, '--proxy must be http://host:port, '],
    [{ '--proxy': ['http://p:1/path'] }, '(got something else, not shown: it may be a secret)'],
    [{ '--proxy': [''] }, '--proxy must be text that is not empty'],
    [{ '--endpoint': ['http://a', 'http://b', 'http://c'], '--proxy': ['p', 'q'] }, '(got 2 for 3)'],
    [{ '--endpoint': ['http://h'], '--ca': ['ca.pem'] }, '--ca is only for https:// endpoints'],
    [{ '--endpoint': ['unix:/s'], '--server-name': ['h'] }, '--server-name is only for https:// endpoints'],
    [
      { '--endpoint': ['https://h'], '--ca': ['a'], '--insecure': ['on'] },
      '--insecure accepts any; use one of them',
    ],
    [{ '--endpoint': ['https://h'], '--key': ['k'] }, '--key needs --cert'],
    [{ '--insecure': ['on'], '--tls-verify': ['on'] }, 'set the same; give one of them'],
    [{ '--endpoint': ['https://h'], '--server-name': ['10.0.0.1'] }, '--server-name must be a host name'],
    [
      { '--endpoint': ['https://h'], '--cert': ['c'], '--key': ['-----BEGIN\nhunter2'] },
      '--key must be the path of a PEM file (got something else, not shown: it may be a secret)',
    ],
  ])('refuses %j', (flags, message) => {
    expect(refusal(flags)).toContain(message);
  });

  it.each<[string[], unknown]>([
    [['{"priority": 3}'], { priority: 3 }],
    [['priority=3', 'user=me', 'name=a=b', 'stop={x'], { priority: 3, user: 'me', name: 'a=b', stop: '{x' }],
    [['stream_options=null', 'nothing='], { stream_options: null, nothing: '' }],
    [['a=1', '{"a":{"b":[true]}}'], { a: { b: [true] } }],
  ])('reads --extra %j', (texts, fields) => {
    expect(resolve({ '--extra': texts }).extra).toEqual(fields);
  });

  it.each(['', 'x', '=1', '{', '{"a":1', '[1]', 'a b=1'])('refuses --extra "%s"', (text) => {
    expect(refusal({ '--extra': [text] })).toBe(
      `--extra must be name=value, or a JSON object such as {"priority": 3} (got ${JSON.stringify(text)})`,
    );
  });

  it.each([
    [{ '--extra': ['stream=true'] }, '--extra cannot set stream; use --streaming'],
    [{ '--extra': ['{"model":"x"}'] }, '--extra cannot set model; use --model'],
    [{ '--extra': ['messages=[]'] }, '--extra cannot set messages; it comes from the dataset'],
    [
      { '--cancel': ['5%'] },
      '--cancel-after is missing: how long after it was sent such a request is cancelled',
    ],
    [{ '--cancel-after': ['2s'] }, '--cancel is missing: cancel this share of the requests'],
    [
      { '--connections': ['new'], '--requests-per-connection': ['5'] },
      '--requests-per-connection is only for --connections reuse (got new)',
    ],
    [
      { '--concurrency': ['5'], '--max-in-flight': ['5'] },
      '--max-in-flight is for rates and --replay; --concurrency already says how many are in flight',
    ],
    [
      { '--max-in-flight': ['5'] },
      '--max-in-flight is for rates and --replay; for a burst, use --concurrency instead',
    ],
    [
      { '--rate': ['5'], '--max-in-flight': ['5'], '--max-connections': ['4'] },
      '--max-in-flight 5 needs as many connections (got --max-connections 4)',
    ],
    [
      { '--api': ['sglang'], '--limit-field': ['max_tokens'] },
      '--limit-field is only for --api chat or completions (got sglang)',
    ],
    [
      { '--limit-field': ['max_new_tokens'] },
      '--limit-field must be one of max_tokens, max_completion_tokens (got "max_new_tokens")',
    ],
    [{ '--path': ['/a b'] }, '--path must be a path such as /v2/chat, without spaces and # (got "/a b")'],
    [{ '--path': ['/a#b'] }, '--path must be a path such as /v2/chat, without spaces and # (got "/a#b")'],
    [{ '--path': ['/a\r\nX: y'] }, '--path must be a path such as /v2/chat, without spaces and #'],
    [{ '--path': [''] }, '--path must be text that is not empty (got "")'],
  ])('refuses the request settings %j', (flags, message) => {
    expect(refusal(flags as Record<string, string[]>)).toContain(message);
  });

  it('reads how a trace is replayed', () => {
    const flags = {
      '--replay': ['on'],
      '--speed': ['2'],
      '--idle-cap': ['5s'],
      '--from': ['10m'],
      '--to': ['20m'],
    };
    const load = { pattern: 'replay', speed: 2, idle_cap_ms: 5000, from_ms: 600_000, to_ms: 1_200_000 };
    expect(resolve(flags).load).toEqual(load);
    expect(resolve({}, {}, JSON.stringify({ load })).load).toEqual(load);
    expect(resolve({ '--pattern': ['replay'] }).load).toEqual({ pattern: 'replay' });
  });

  it.each([
    [{ '--replay': ['on'], '--speed': ['0'] }, '--speed must be a number above 0, at most 1000000 (got "0")'],
    [
      { '--replay': ['on'], '--speed': ['-1'] },
      '--speed must be a number above 0, at most 1000000 (got "-1")',
    ],
    [{ '--replay': ['on'], '--idle-cap': ['0s'] }, '--idle-cap must be a time above 0'],
    [
      { '--replay': ['on'], '--from': ['20m'], '--to': ['10m'] },
      '--to must be later than --from (got --from 20m 00s and --to 10m 00s)',
    ],
    [{ '--speed': ['2'], '--rate': ['5'] }, '--speed is only for --replay (got --pattern poisson)'],
    [{ '--to': ['2m'] }, '--to is only for --replay (got --pattern burst)'],
    [
      { '--replay': ['on'], '--rate': ['5'] },
      '--rate is only for --pattern constant, poisson or gamma (got replay)',
    ],
    [
      { '--replay': ['on'], '--pattern': ['poisson'] },
      '--pattern and --replay set the same; give one of them',
    ],
    [
      { '--replay': ['on'], '--sample-order': ['with-replacement'] },
      '--sample-order with-replacement is not for --replay',
    ],
    [{ '--replay': ['on'], '--skip-bad-rows': ['on'] }, '--skip-bad-rows is not for --replay'],
  ])('refuses the replay %j', (flags, message) => {
    expect(refusal(flags as unknown as Record<string, string[]>)).toContain(message);
  });

  it('needs a trace to replay, and a dataset to say how it is written', () => {
    const synthetic = { '--synthetic': ['input=5'], '--tokenizer': ['t'] };
    expect(refusal({ ...synthetic, '--replay': ['on'] }, '--dataset')).toContain('--replay needs --dataset');
    expect(refusal({ ...synthetic, '--format': ['mooncake'] }, '--dataset')).toContain(
      '--format is only for --dataset',
    );
  });

  it('has a default for what is sent', () => {
    expect(resolve()).toMatchObject({ extra: {}, usage: 'auto', skip_bad_rows: false });
    expect(resolve({ '--skip-bad-rows': ['on'], '--path': ['/chat?x=1'], '--usage': ['off'] })).toMatchObject(
      {
        ...{ path: '/chat?x=1', usage: 'off', skip_bad_rows: true },
      },
    );
    expect(resolve({}, {}, 'extra: { a: [1], b: null }').extra).toEqual({ a: [1], b: null });
    expect(resolve({ '--extra': ['c=1'] }, {}, 'extra: { a: 1 }').extra).toEqual({ c: 1 });
  });

  it('names a missing flag and what it is for', () => {
    expect(refusal({}, '--model')).toBe(
      '--model is missing: model name sent with each request, unless its row names one; repeat it with weights for several: a=0.8 b=0.2',
    );
  });

  it('never repeats a secret in a message', () => {
    expect(refusal({ '--api-key': [''] })).toBe('--api-key must be text that is not empty (got "")');
    const hidden = '(got something else, not shown: it may be a secret)';
    expect(refusal({ '--header': ['Bearer sk-1'] })).toBe(`--header must be "Name: value" ${hidden}`);
    expect(refusal({}, undefined, 'client: { api_key: 51 }')).toBe(
      `--config load.yaml:1:20: client.api_key: must be text that is not empty ${hidden}`,
    );
    expect(refusal({}, undefined, 'client:\n  headers: { X-Key: 51 }')).toBe(
      `--config load.yaml:2:21: client.headers.X-Key: must be text ${hidden}`,
    );
  });
});

describe('a config file', () => {
  it.each([
    ['seed: abc', '1:7: seed: must be a whole number from 0 to 9007199254740991'],
    [
      'model: m\nload:\n  rate_per_second: .inf',
      '3:20: load.rate_per_second: must be a number above 0, at most 10000000 (got Infinity)',
    ],
    ['load: 5', '1:7: load: must be keys and values'],
    ['client:', '1:8: client: must be keys and values'],
    ['client: { tls_verify: off }', '1:23: client.tls_verify: must be true or false'],
    ['client: { workers: 65 }', '1:20: client.workers: must be auto, or a whole number from 1 to 64'],
    ['client: { cpus: [0, -1] }', '1:21: client.cpus.1: must be a whole number from 0 to 99999'],
    ['metrics: { drain_timeout_ms: 1e300 }', '1:30: metrics.drain_timeout_ms: must be a time from 0'],
    ['lod: {}', '1:6: lod: unknown key; known are endpoints, model, dataset, '],
    [
      'load: { rate: 5 }',
      'load.rate: unknown key; known are pattern, rate_per_second, stages, stages_file, burstiness, concurrency',
    ],
    ['warmup: { seconds: 5 }', 'warmup.seconds: unknown key; known are samples, duration_ms'],
  ])('%j is refused with its place', (yaml, message) => {
    const text = refusal({}, undefined, yaml);
    expect(text).toMatch(/^--config load\.yaml:\d+:\d+: /);
    expect(text).toContain(message);
  });

  it.each([
    ['', 'load.yaml: has no settings'],
    ['just text', 'load.yaml: has no settings'],
    ['- a', 'load.yaml: has no settings'],
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
    expect(refusal({}, undefined, redacted)).toContain(
      'client.api_key: the secret was redacted; set it again',
    );
    expect(refusal({ '--rate': ['5'] }, undefined, 'load: 5')).toContain('load: must be keys and values');
  });
});

describe('settings', () => {
  it('each have a field of the schema, and each field its flag', () => {
    const paths = new Set(fieldsOf(z.toJSONSchema(runConfigSchema, { io: 'input' }) as JsonSchema, ''));
    expect(SETTINGS.map(({ path }) => path).filter((path) => path !== 'warmup' && !paths.has(path))).toEqual(
      [],
    );
    // A list of phases is too much for a command line.
    expect([...paths].filter((path) => settingOf(path) === undefined)).toEqual(['phases']);
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
  const config = () =>
    resolve({
      '--endpoint': [
        'http://user:pw@host:1/v1?api_key=k%2B1&x=1',
        'https://h/v1?api-version=2024&code=c0de&subscription-key=subk#f',
      ],
      '--api-key': ['sk-1'],
      '--header': [
        'Authorization: Bearer abc',
        'X-Api-Key: def',
        'X-Trace: on',
        'X-Customer: someone-in-secret',
        'Accept-Language: de',
      ],
      '--max-output-tokens': ['77'],
      '--tokenizer': ['tokenizer.json'],
      '--path': ['/x?sig=signed&y=2'],
      '--extra': ['{"nested": {"api_key": "inner"}, "user": "me"}'],
    });

  it('hides keys, secret headers, query items and user info, and keeps the rest', () => {
    const text = JSON.stringify(redactConfig(config()));
    const secrets = [
      'sk-1',
      'abc',
      'def',
      'pw',
      'k%2B1',
      'x=1',
      'c0de',
      'subk',
      'signed',
      'y=2',
      'inner',
      'someone',
    ];
    for (const secret of secrets) expect(text).not.toContain(secret);
    for (const kept of [
      '"Accept-Language":"de"',
      '"X-Trace":"<redacted>"',
      '77',
      'tokenizer.json',
      'api-version=2024',
      '"user":"me"',
    ]) {
      expect(text).toContain(kept);
    }
  });

  it('knows what a server may quote', () => {
    const texts = secretsOf(config()).map(({ text }) => text);
    expect(texts.toSorted()).toEqual(
      [
        ...['sk-1', 'abc', 'def', 'someone-in-secret', 'k%2B1', 'k+1', 'c0de', 'subk', 'signed', 'inner'],
      ].toSorted(),
    );
  });

  it('knows the parts of a header', () => {
    const secrets = (...headers: string[]) =>
      secretsOf(resolve({ '--header': headers })).map(({ text }) => text);
    const basic = Buffer.from('user:open sesame').toString('base64');
    expect(secrets(`Authorization: Basic ${basic}`)).toEqual([basic, 'user:open sesame', 'open sesame']);
    expect(secrets('Authorization: justakey')).toEqual(['justakey']);
    expect(secrets('Cookie: sid=0123456789; a=b')).toEqual(['sid=0123456789', 'a=b', '0123456789', 'b']);
    expect(secrets('X-Other: short words, and-longer-ones')).toEqual(['and-longer-ones']);
    expect(secrets('Accept: text/event-stream', 'traceparent: 00-0123456789abcdef-01')).toEqual([]);
  });

  it('takes a query without a name for a key', () => {
    const endpoints = ['http://h/v1?0123456789abc', 'unix:/run/s.sock:/v1?key=of-socket'];
    const config = resolve({ '--endpoint': endpoints, '--path': ['/y?api-version=1&k'] });
    expect(redactConfig(config)).toMatchObject({
      endpoints: ['http://h/v1?redacted', 'unix:/run/s.sock:/v1?key=redacted'],
      path: '/y?api-version=1&redacted',
    });
    expect(secretsOf(config).map(({ text }) => text)).toEqual(['0123456789abc', 'of-socket', 'k']);
  });

  it('shows no query in a message', () => {
    expect(refusal({ '--path': ['/v1?code=s3cret and more'] })).toContain('"/v1?…"');
    expect(refusal({ '--endpoint': ['http://h:port/v1?code=s3cret'] })).not.toContain('s3cret');
  });

  it('does not send a redacted part of a URL', () => {
    const message = 'the secret was redacted; set it again by flag or environment variable';
    expect(refusal({ '--endpoint': ['http://h/v1?key=redacted'] })).toBe(`endpoints.0: ${message}`);
    expect(refusal({ '--path': ['/x?a=1&sig=redacted'] })).toBe(`path: ${message}`);
    expect(refusal({ '--endpoint': ['http://h/v1?api-version=redacted'] })).toBe('accepted');
  });
});

describe('models', () => {
  const models = (...texts: string[]) => modelsOf(resolve({ '--model': texts }));

  it('have names and weights, and a name may have = in it', () => {
    expect(models('org/name:tag')).toEqual([{ name: 'org/name:tag', weight: 1 }]);
    expect(models('a=0.8', 'b=c=20%', 'd=e')).toEqual([
      { name: 'a', weight: 0.8 },
      { name: 'b=c', weight: 0.2 },
      { name: 'd=e', weight: 1 },
    ]);
    expect(models('a=1=1')).toEqual([{ name: 'a=1', weight: 1 }]);
  });

  it('stand in a file as a name or as a list', () => {
    const file = (model: string) => {
      const flags = new Map(Object.entries(required).filter(([flag]) => flag !== '--model'));
      return resolveConfig({ file: parseConfigFile(`model: ${model}`, 'load.yaml'), environment: {}, flags });
    };
    expect(modelsOf(file('a'))).toEqual([{ name: 'a', weight: 1 }]);
    expect(modelsOf(file('[{name: a, weight: 3}, {name: b}]'))).toEqual([
      { name: 'a', weight: 3 },
      { name: 'b', weight: 1 },
    ]);
    for (const wrong of ['[]', '[{name: a, weight: 0}]', '[{name: a}, {name: a}]', '[a, b]', '3', '""']) {
      expect(() => file(wrong), wrong).toThrow('must be a name, or a list of 1 to 64 models');
    }
  });
});
