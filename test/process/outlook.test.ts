import { statSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

interface Outlook {
  readonly phases: readonly {
    readonly name: string;
    readonly requests: number | null;
    readonly duration_ms: number | null;
    readonly rate_per_second: number | null;
    readonly concurrency: number | null;
  }[];
  readonly log_bytes: number | null;
  readonly warnings: readonly string[];
}

async function outlookOf(...flags: string[]): Promise<Outlook> {
  const server = flags.includes('--endpoint') ? [] : ['--endpoint', 'http://127.0.0.1:9'];
  const { code, stdout, stderr } = await bench.start([
    ...['info', '--json', ...server, '--model', 'm', '--dataset', bench.dataset(40)],
    ...flags,
  ]).finished;
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Outlook;
}

describe('info', () => {
  it('tells what a run then does', async () => {
    const url = await bench.mock(
      '--ttft',
      'fixed:2',
      '--inter-token',
      'fixed:1',
      '--output-tokens',
      'fixed:20',
    );
    const flags = ['--endpoint', url, '--rate', '200', '--duration', '2s', '--max-output-tokens', '20'];
    const { phases, log_bytes: logBytes } = await outlookOf(...flags);
    expect(phases).toMatchObject([
      { requests: 400, duration_ms: 2000, rate_per_second: 200, concurrency: null },
    ]);
    const out = bench.file('run');
    const run = await bench.start([
      ...['run', '--model', 'm', '--dataset', bench.dataset(40), ...flags, '--pattern', 'constant'],
      ...['--out', out, '--quiet'],
    ]).finished;
    expect(WENT_THROUGH).toContain(run.code);
    const { n_samples_issued: issued } = bench.json<{ n_samples_issued: number }>(
      'run/performance/result_summary.json',
    );
    expect(issued).toBe(400);
    const { size } = statSync(bench.file('run/run.log'));
    expect(size).toBeGreaterThan(logBytes! / 2);
    expect(size).toBeLessThan(logBytes! * 1.25);
  });

  it.each<[string[], object]>([
    [['--concurrency', '8'], { requests: 40, duration_ms: null, concurrency: 8 }],
    [['--concurrency', '8', '--duration', '3s'], { requests: null, duration_ms: 3000, concurrency: 8 }],
    [['--rate', '20', '--samples', '100'], { requests: 100, duration_ms: 5000 }],
    [['--stages', 'rate 10 for 10s, ramp to 30 over 10s'], { requests: 300, duration_ms: 20_000 }],
    [[], { requests: 40, duration_ms: null, rate_per_second: null, concurrency: null }],
  ])('knows the extent of %j', async (flags, phase) => {
    expect((await outlookOf(...flags)).phases).toMatchObject([phase]);
  });

  it('warns of what makes a result weak, in words', async () => {
    const { stdout } = await bench.start([
      ...['info', '--endpoint', 'http://127.0.0.1:9', '--model', 'm', '--dataset', bench.dataset(40)],
      ...['--concurrency', '4', '--samples', '90', '--warmup', '5'],
    ]).finished;
    expect(stdout).toMatch(
      /^warmup +5 requests, .*: 4 in flight \(not measured\)\nperformance +90 requests, /,
    );
    expect(stdout).toContain('warning: 90 requests are too few for a p99');
    expect(stdout).toContain('warning: the dataset is sent 3 times');
    expect(stdout).toContain('warning: some requests have no limit of output tokens');
  });

  it('judges all phases that are measured, and no other', async () => {
    writeFileSync(
      bench.file('phases.yaml'),
      [
        'endpoints: [http://127.0.0.1:9]',
        'model: m',
        `dataset: ${bench.dataset(40)}`,
        'phases:',
        '  - { name: one, load: { rate_per_second: 10 }, stop: { samples: 300 } }',
        '  - { name: two, load: { rate_per_second: 20 }, stop: { samples: 200 } }',
        '  - { name: cool-down, measure: false, load: { concurrency: 1 }, stop: { samples: 5 } }',
      ].join('\n'),
    );
    const { stdout } = await bench.start(['info', '--config', bench.file('phases.yaml')]).finished;
    expect(stdout).toMatch(
      /^one +300 requests, .*\ntwo +200 requests, .*\ncool-down +5 requests, .* \(not measured\)\n/,
    );
    expect(stdout).not.toContain('too few');
    expect(stdout).toContain('warning: the dataset is sent 13 times');
  });

  it('refuses what a run refuses', async () => {
    const { code, stderr } = await bench.start([
      ...['info', '--endpoint', 'http://127.0.0.1:9', '--model', 'm', '--dataset', 'nowhere.jsonl'],
    ]).finished;
    expect(code).toBe(2);
    expect(stderr).toContain('error: nowhere.jsonl: cannot be read');
  });
});

describe('validate', () => {
  const FILE = `endpoints: ['http://\${HOST:-localhost}:8000']
model: m
dataset: nowhere.jsonl
profiles:
  smoke: { stop: { samples: 5 } }
  closed: { load: { concurrency: 64 } }
`;
  const validate = (text: string, ...flags: string[]) => {
    writeFileSync(bench.file('load.yaml'), text);
    return bench.start(['validate', '-c', 'load.yaml', ...flags], { RATE: 'x' }, bench.path).finished;
  };

  it('says that a file and its profiles are fine', async () => {
    expect(await validate(FILE)).toMatchObject({
      code: 0,
      stdout: 'the settings are valid, with 2 profiles: smoke, closed\n',
      stderr: '',
    });
  });

  it('tells everything that is wrong, each thing once', async () => {
    const text = FILE.replace('samples: 5', 'sample: 5')
      .replace('64', '0')
      .replace('model: m', 'seed: ${RATE}');
    const { code, stdout, stderr } = await validate(text, '--http', '3');
    expect([code, stdout]).toEqual([2, '']);
    expect(
      stderr.split('\n').map((line) => line.replace(/(: must be|: unknown|missing|must be).*/, '$1')),
    ).toEqual([
      'error: --model is missing',
      'error: --config load.yaml:2:7: seed: must be',
      'error: --http must be',
      'error: profile smoke: --config load.yaml:5:28: stop.sample: unknown',
      'error: profile closed: --config load.yaml:6:34: load.concurrency: must be',
      '',
    ]);
  });

  it('tells programs, too', async () => {
    const { code, stdout } = await validate(FILE.replace('model: m', 'model: ${NOT_SET}'), '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      valid: false,
      problems: [
        {
          profile: null,
          message: expect.stringContaining('load.yaml:2:8: the variable NOT_SET is not set') as string,
        },
      ],
    });
  });
});

describe('a configuration of MLCommons endpoints', () => {
  it('runs as it stands', async () => {
    const url = await bench.mock('--ttft', 'fixed:2', '--output-tokens', 'fixed:3');
    const text = `type: online
model_params: { name: m, max_new_tokens: 8 }
datasets: [{ path: '${bench.dataset(10)}' }]
settings:
  runtime: { min_duration_ms: 500ms }
  load_pattern: { type: poisson, target_qps: 100 }
endpoint_config: { endpoints: ['\${URL}'] }
report_dir: unused
`;
    writeFileSync(bench.file('theirs.yaml'), text);
    const args = ['run', '-c', 'theirs.yaml', '--out', 'theirs', '--quiet'];
    const { code, stderr } = await bench.start(args, { URL: url }, bench.path).finished;
    expect(WENT_THROUGH).toContain(code);
    expect(stderr).toContain('--config: report_dir has no equivalent: give --out');
    const { n_samples_issued: issued } = bench.json<{ n_samples_issued: number }>(
      'theirs/performance/result_summary.json',
    );
    // 100/s for 0.5 s and 10 % more, in whole passes over 10 rows.
    expect(issued).toBe(60);
  });
});
