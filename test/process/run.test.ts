import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replayRun } from '../../src/app/fold/replay.ts';
import { RunDirectory } from '../../src/app/run-folder/run-directory.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { readHistoryExtras } from '../../src/core/run-history.ts';
import { parseSnapshotJson } from '../../src/metrics/snapshot-json.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench({ drawsReports: true });
});
afterEach(() => bench.end());

interface Summary {
  readonly n_samples_issued: number;
  readonly n_samples_completed: number;
  readonly n_samples_failed: number;
  readonly complete: boolean;
  readonly ttft: { readonly percentiles: Record<string, number> };
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(path, name)).isFile(),
  );
}

/** What the final file tells of a run of 10 + 150 samples over time, and a replay of its log again. */
async function expectHistoryOfRun(out: string): Promise<void> {
  const { extras } = parseSnapshotJson(readFileSync(join(out, 'metrics/final_snapshot.json'), 'utf8'));
  const { history, distributions, slowestSamples } = readHistoryExtras(extras);
  if (history === undefined) throw new Error('no history in the final snapshot');
  const { counts, series, client, marks } = history;
  const sum = (values: readonly (number | null)[] = []) => values.reduce<number>((a, b) => a + (b ?? 0), 0);
  expect(history.bin_ns).toBe(1e9);
  expect(Object.values(counts).map(({ length }) => length)).toEqual(
    Object.values(counts).map(() => Math.floor((history.end_ns - history.start_ns) / 1e9) + 1),
  );
  expect([counts.due, counts.issued, counts.succeeded].map(sum)).toEqual([160, 160, 160]);
  expect([counts.errored, counts.cancelled].map(sum)).toEqual([0, 0]);
  expect([sum(counts.chunks), sum(counts.output_tokens)]).toEqual([1600, 1600]);
  expect(sum(series.ttft_ns?.count)).toBe(150);
  expect(sum(series.chunk_delta_ns?.count)).toBe(150 * 9);
  expect(Math.min(...series.ttft_ns!.p50.flatMap((value) => value ?? []))).toBeGreaterThan(29e6);
  expect(series.chunk_delta_ns!.bounds!.p50.missing!.some((code) => code !== null)).toBe(true);
  expect(series.issue_delay_ns).not.toHaveProperty('bounds');
  expect(Math.max(...history.in_flight_max)).toBeGreaterThan(0);
  expect(client.event_loop_delay_max_ms.some((value) => value !== null)).toBe(true);
  expect(marks.map(({ kind, text }) => [kind, text])).toEqual([
    ['phase', 'warmup'],
    ['phase', 'performance'],
  ]);
  expect(sum(distributions.sample_latency_ns?.counts)).toBe(150);
  expect(slowestSamples).toHaveLength(20);
  expect(slowestSamples.every(({ chunks, seq }) => chunks === 10 && seq >= 10)).toBe(true);
  const replayed = await replayRun(RunDirectory.open(out), { log: SILENT_LOG });
  expect(readHistoryExtras(replayed?.snapshot.extras)).toEqual({ history, distributions, slowestSamples });
}

describe('inferometer run', () => {
  it('measures a streaming server and leaves all files of a run', async () => {
    const url = await bench.mock(
      '--ttft',
      'fixed:30',
      '--inter-token',
      'fixed:5',
      '--output-tokens',
      'fixed:10',
    );
    const out = bench.file('run');
    const run = bench.start([
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(20), '--rate', '100'],
      ...['--samples', '150', '--warmup', '10', '--out', out],
    ]);
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(filesBelow(out).sort()).toEqual([
      'config.yaml',
      'events.jsonl',
      'metrics/final_snapshot.json',
      'performance/result_summary.json',
      'report.html',
      'report.txt',
      'run.json',
      'run.log',
    ]);
    const summary = bench.json<Summary>('run/performance/result_summary.json');
    expect(summary).toMatchObject({
      n_samples_issued: 150,
      n_samples_completed: 150,
      n_samples_failed: 0,
      complete: true,
    });
    expect(summary.ttft.percentiles['50.0']).toBeGreaterThan(29e6);
    expect(bench.json('run/run.json')).toMatchObject({
      outcome: { state: 'complete', exit_code: finished.code, report_source: 'final snapshot file' },
    });
    const events = readFileSync(bench.file('run/events.jsonl'), 'utf8').trimEnd().split('\n');
    const count = (type: string) => events.filter((line) => line.includes(`"event_type":"${type}"`)).length;
    expect(count('sample.issued')).toBe(160);
    expect(count('sample.complete')).toBe(160);
    expect(count('sample.recv_first')).toBe(160);
    expect(events.at(-1)).toContain('session.ended');
    expect(finished.stdout).toContain('TTFT');
    await expectHistoryOfRun(out);
  });

  it('counts failures of the endpoint by type and accounts for every sample', async () => {
    const url = await bench.mock(
      ...['--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--output-tokens', 'fixed:5'],
      ...[
        '--fail',
        'status:503=0.1',
        '--fail',
        'reset=0.1',
        '--fail',
        'cut=0.1',
        '--fail',
        'garbage=0.1',
        '--fail',
        'stall=0.05',
      ],
    );
    const run = bench.start([
      ...[
        'run',
        '--endpoint',
        url,
        '--model',
        'm',
        '--dataset',
        bench.dataset(20),
        '--concurrency',
        '16',
        '--samples',
        '400',
      ],
      ...['--request-timeout', '1s', '--out', bench.file('run')],
    ]);
    await run.finished;
    const { extras, metrics } = bench.json<{
      extras: { errors_by_type: { type: string; count: number }[]; in_flight: number };
      metrics: { name: string; value: number }[];
    }>('run/metrics/final_snapshot.json');
    const counter = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN;
    const errors = Object.fromEntries(extras.errors_by_type.map(({ type, count }) => [type, count]));
    expect(Object.keys(errors).sort()).toEqual([
      'connection_reset',
      'http_503',
      'malformed_response',
      'stream_truncated',
      'timeout',
    ]);
    expect(counter('tracked_samples_issued')).toBe(400);
    expect(extras.in_flight).toBe(0);
    expect(counter('tracked_samples_succeeded') + counter('tracked_samples_errored')).toBe(400);
    expect(Object.values(errors).reduce((sum, n) => sum + n, 0)).toBe(counter('tracked_samples_errored'));
  });

  it('sends a key and secret headers and writes them nowhere', async () => {
    const url = await bench.mock(
      '--ttft',
      'fixed:1',
      '--output-tokens',
      'fixed:2',
      '--fail',
      'status:401=0.5',
    );
    const secrets = ['sk-very-secret-1', 'hush-hush-2'];
    const run = bench.start(
      [
        ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(5), '--samples', '20'],
        ...['--header', `X-Api-Key: ${secrets[1]}`, '--out', bench.file('run')],
      ],
      { INFEROMETER_API_KEY: secrets[0]! },
    );
    const finished = await run.finished;
    const written = filesBelow(bench.file('run')).map((name) =>
      readFileSync(bench.file(`run/${name}`), 'latin1'),
    );
    for (const text of [...written, finished.stdout, finished.stderr]) {
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
    expect(written.length).toBe(8);
  });

  it.each([
    [['--rate', 'fast'], /--rate must be a number above 0, at most 10000000 \(got "fast"\)/],
    [['--endpoint', 'not a url'], /not a url/],
    [['--dataset', 'missing.jsonl'], /missing\.jsonl.*cannot be read/],
    [['--nonsense'], /unknown option '--nonsense'/],
    [['--out', '/dev/null/run'], /--out \/dev\/null\/run cannot be created/],
    [['--tokenizer', 'missing.json'], /--tokenizer: missing\.json: cannot read the tokenizer/],
    [['--header', 'A: b\r\nC: d'], /header/i],
  ])('refuses %j with one message and exit code 2', async (flags, message) => {
    const base = [
      'run',
      '--endpoint',
      'http://127.0.0.1:9',
      '--model',
      'm',
      '--dataset',
      bench.dataset(2),
      '--out',
      bench.file('run'),
    ];
    const finished = await bench.start([...base, ...flags]).finished;
    expect(finished.stderr).toMatch(message);
    expect(finished.code).toBe(2);
    expect(finished.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  it('names file and line of a bad dataset row', async () => {
    const dataset = bench.dataset(3);
    const { appendFileSync } = await import('node:fs');
    appendFileSync(dataset, '\n{"prompt": ');
    const finished = await bench.start([
      'run',
      '--endpoint',
      'http://127.0.0.1:9',
      '--model',
      'm',
      '--dataset',
      dataset,
    ]).finished;
    expect(finished.code).toBe(2);
    expect(finished.stderr).toContain('prompts.jsonl:4');
  });

  it('reports a server that is not there as failures, and exits 5: the result is invalid', async () => {
    const run = bench.start([
      ...[
        'run',
        '--endpoint',
        'http://127.0.0.1:9',
        '--model',
        'm',
        '--dataset',
        bench.dataset(5),
        '--samples',
        '10',
        '--no-check',
      ],
      ...['--out', bench.file('run')],
    ]);
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(5);
    expect(finished.stdout).toContain('connection_refused');
  });
});

describe('inferometer report', () => {
  it('shows a run whose directory it cannot write to, and says so', async () => {
    const flags = [
      '--model',
      'm',
      '--dataset',
      bench.dataset(5),
      '--samples',
      '5',
      '--out',
      bench.file('run'),
    ];
    await bench.start(['run', '--endpoint', await bench.mock(), ...flags]).finished;
    rmSync(bench.file('run/report.txt'));
    rmSync(bench.file('run/performance'), { recursive: true });
    writeFileSync(bench.file('run/performance'), 'in the way');

    const shown = await bench.start(['report', '--full', bench.file('run')]).finished;
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toContain('Total samples issued: 5');
    expect(shown.stderr).toMatch(
      /^warning: .*run: the report cannot be written \(.*\); make the directory writable/,
    );
    const asked = await bench.start(['report', '--full', bench.file('run'), '--write']).finished;
    expect(asked.code).toBe(2);
    expect(asked.stderr).toMatch(/^error: .*run: the report cannot be written \(.*\n$/);

    rmSync(bench.file('run/performance'));
    const written = await bench.start(['report', '--full', bench.file('run')]).finished;
    expect(written.code, written.stderr).toBe(0);
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({ n_samples_issued: 5 });
  });
});

describe('inferometer demo', () => {
  it('ends by itself and leaves no server behind', async () => {
    const demo = bench.start(['demo', '--duration', '1s'], {}, bench.path);
    const finished = await demo.finished;
    expect(finished.code, finished.stderr).toBe(0);
    expect(finished.stdout).toContain('TTFT');
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(finished.stderr)![0];
    await expect(fetch(url)).rejects.toThrow();
  });
});

describe('secrets', () => {
  it('that a server sends back are masked wherever they would be written', async () => {
    const key = 'sk-echoed-0123456789';
    const server = createServer((request, response) => {
      response.statusCode = 401;
      response.end(`{"error": "bad key ${request.headers.authorization}"}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const run = bench.start(
      [
        ...['run', '--endpoint', `http://127.0.0.1:${port}`, '--model', 'm', '--dataset', bench.dataset(3)],
        ...['--out', bench.file('run')],
      ],
      { INFEROMETER_API_KEY: key },
    );
    const finished = await run.finished;
    server.close();
    expect(finished.stdout).toContain('http_401');
    const written = filesBelow(bench.file('run')).map((name) =>
      readFileSync(bench.file(`run/${name}`), 'latin1'),
    );
    for (const text of [...written, finished.stdout, finished.stderr])
      expect(text).not.toContain(key.slice(0, 10));
  });

  it('are not taken from the text that stands for them in a config.yaml', async () => {
    const config = bench.file('config.yaml');
    writeFileSync(config, 'client:\n  api_key: <redacted>\n');
    const finished = await bench.start([
      'run',
      '--config',
      config,
      '--endpoint',
      'http://127.0.0.1:9',
      '--model',
      'm',
      '--dataset',
      bench.dataset(1),
    ]).finished;
    expect(finished.code).toBe(2);
    expect(finished.stderr).toContain(
      'config.yaml:2:12: client.api_key: the secret was redacted; set it again',
    );
  });
});
