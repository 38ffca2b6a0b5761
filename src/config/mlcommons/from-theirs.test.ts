import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../config-file.ts';
import { resolveConfig } from '../resolve.ts';

const BASE = `type: online
model_params: { name: m, temperature: 0.5, max_new_tokens: 64 }
datasets:
  - path: d.jsonl
settings:
  load_pattern: { type: poisson, target_qps: 10 }
endpoint_config:
  endpoints: ['http://\${HOST:-h}:1']
  api_key: $KEY
`;

const parse = (text: string) => parseConfigFile(text, 'theirs.yaml', { environment: { KEY: 'k-123' } });
const ours = (text: string, flags: Record<string, string[]> = {}) =>
  resolveConfig({ file: parse(text), environment: {}, flags: new Map(Object.entries(flags)) });

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('a configuration of MLCommons endpoints', () => {
  it('is a run of ours', () => {
    expect(ours(BASE)).toMatchObject({
      ...{ endpoints: ['http://h:1'], model: 'm', dataset: 'd.jsonl', api: 'chat', streaming: 'on' },
      ...{ max_output_tokens: 64, extra: { temperature: 0.5 }, seed: 42, drain_timeout_ms: 240_000 },
      load: { pattern: 'poisson', rate_per_second: 10 },
      stop: {},
      client: { api_key: 'k-123', workers: 'auto' },
      metrics: { drain_timeout_ms: 0 },
    });
    expect(ours(BASE, { '--rate': ['5'], '--samples': ['7'] })).toMatchObject({
      load: { rate_per_second: 5 },
      stop: { samples: 7 },
    });
  });

  it('sends as many requests as theirs', () => {
    // 10/s for 600 s and 10 % more, which is a bit above 6600 in doubles, in whole passes.
    expect(parse(BASE).samplesOf!(50)).toBe(6650);
    expect(parse(BASE).samplesOf!(4000)).toBe(8000);
    const counted = BASE.replace('settings:\n', 'settings:\n  runtime: { n_samples_to_issue: 9 }\n');
    expect([parse(counted).samplesOf, ours(counted).stop.samples]).toEqual([undefined, 9]);
    const short = BASE.replace(
      'settings:\n',
      "settings:\n  runtime: { min_duration_ms: 0, max_duration_ms: '5s' }\n",
    );
    expect([parse(short).samplesOf!(50), ours(short).stop.duration_ms]).toEqual([50, 5000]);
  });

  it('of agents has their rules', () => {
    const text = BASE.replace(
      'type: poisson, target_qps: 10',
      'type: agentic_inference, target_concurrency: 4',
    ).replace(
      '- path: d.jsonl',
      '- path: d.jsonl\n    agentic_inference: { num_trajectories_to_issue: 5, enable_salt: true, turn_timeout_s: 60 }',
    );
    expect(parse(text).samplesOf).toBeUndefined();
    expect(ours(text)).toMatchObject({
      load: { pattern: 'concurrency', concurrency: 4 },
      stop: { conversations: 5 },
      salt: { position: 'mlcommons' },
      sample_order: 'sequential',
      client: { request_timeout_ms: 60_000 },
      conversations: {
        ...{
          multi_turn: true,
          on_turn_failure: 'fail',
          on_first_idle: 'stop_measuring',
          ignore_delays: true,
        },
        sticky: ['header:X-Session-ID'],
      },
    });
  });

  it('names what has no equivalent', () => {
    expect(parse(BASE).notes).toEqual([]);
    const text = `${BASE}report_dir: out\naudit: { test: output_caching_test, samples: 5 }\n`
      .replace('- path: d.jsonl', '- { path: d.jsonl, samples: 5 }\n  - "acc:a.jsonl"')
      .replace('settings:\n', 'settings:\n  client: { transport: { type: zmq } }\n');
    expect(parse(text).notes).toEqual([
      'accuracy datasets are not run: a run measures performance',
      'datasets[].samples has no equivalent: every row may be sent',
      'settings.client: only num_workers, max_connections and insecure have an equivalent',
      'audit is not run',
      'report_dir has no equivalent: give --out',
    ]);
  });

  it.each([
    [
      'type: online',
      'type: turbo',
      '1:7: type: must be one of offline, online, eval, submission (got "turbo")',
    ],
    [
      'type: online',
      'type: eval',
      '1:1: type eval is not supported: a run measures performance, not accuracy',
    ],
    [
      'target_qps: 10',
      'target_qps: 0',
      '6:46: settings.load_pattern.target_qps: must be a number above 0 (got 0)',
    ],
    ['target_qps: 10', 'taget_qps: 10', '6:45: settings.load_pattern.taget_qps: unknown key'],
    [', target_qps: 10', '', '6:17: settings.load_pattern: poisson needs target_qps'],
    ['- path: d.jsonl', '- "acc:d.jsonl"', '1:1: datasets must have exactly one of type performance (got 0)'],
    ['$KEY', '$NOT_SET', '9:12: the variable NOT_SET is not set'],
  ])('with %s as %s is refused with the place', (before, after, message) => {
    expect(refusal(() => parse(BASE.replace(before, after)))).toContain(`--config theirs.yaml:${message}`);
  });

  it('tells all that is wrong, and the place of what only we refuse', () => {
    const text = BASE.replace('target_qps: 10', 'target_qps: 0').replace('- path: d.jsonl', '- samples: x');
    expect(refusal(() => parse(text)).split('\n')).toHaveLength(2);
    const tooMany = BASE.replace('settings:\n', 'settings:\n  client: { num_workers: 65 }\n');
    expect(refusal(() => ours(tooMany))).toContain('--config theirs.yaml:6:11: client.workers: must be auto');
  });
});
