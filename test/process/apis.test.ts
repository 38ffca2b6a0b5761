import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../src/testing/mock-server.ts';
import { wavFile } from '../engine/wav-file.ts';
import { Workbench, WENT_THROUGH } from './program.ts';

const TOKENS = 5;
/** `#0 tell me a story` */
const PROMPT_TOKENS = 5;
const SAMPLES = 4;

const bench = new Workbench();
let mock: MockServer;

beforeAll(async () => {
  const fixed = (value: number) => ({ kind: 'fixed', value }) as const;
  mock = await startMockServer({
    latency: { ttftMs: fixed(5), interTokenMs: fixed(1), outputTokens: fixed(8) },
  });
});

afterAll(async () => {
  await bench.end();
  await mock.close();
});

function run(url: string, api: string, more: readonly string[]) {
  return bench.start([
    ...['run', '--endpoint', url, '--model', 'mock', '--dataset', bench.dataset(2), '--api', api],
    ...['--concurrency', '2', '--max-output-tokens', String(TOKENS), ...more],
  ]).finished;
}

it.each(['responses', 'anthropic', 'ollama', 'ollama-generate', 'tgi', 'llamacpp', 'triton', 'kserve'])(
  'a run with --api %s measures what the server did',
  async (api) => {
    mock.clearTruth();
    const out = ['--samples', String(SAMPLES), '--out', bench.file(`run-${api}`)];
    const { code, stderr } = await run(mock.url, api, out);
    expect(WENT_THROUGH, stderr).toContain(code);
    const truth = mock.truth();
    expect(truth).toHaveLength(SAMPLES);
    for (const record of truth) {
      expect(record).toMatchObject({ api, stream: api !== 'kserve', outcome: 'ok', outputTokens: TOKENS });
    }
    const { metrics } = bench.json<Snapshot>(`run-${api}/metrics/final_snapshot.json`);
    const metric = (name: string) => metrics.find((one) => one.name === name);
    expect(metric('tracked_samples_succeeded')?.value).toBe(SAMPLES);
    expect(metric('ttft_ns')?.count).toBe(api === 'kserve' ? undefined : SAMPLES);
    // They count no tokens.
    if (api === 'triton' || api === 'kserve') return;
    expect(metric('isl')).toMatchObject({ count: SAMPLES, min: PROMPT_TOKENS, max: PROMPT_TOKENS });
    expect(metric('osl')).toMatchObject({ count: SAMPLES, min: TOKENS, max: TOKENS });
  },
);

it('--api anthropic sends its version, and the key as x-api-key', async () => {
  const seen: { path: string | undefined; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    seen.push({ path: request.url, headers: request.headers });
    const message = { content: [{ type: 'text', text: 'hi' }], stop_reason: 'end_turn' };
    request.resume().on('end', () => response.end(JSON.stringify(message)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, stderr } = await run(url, 'anthropic', [
      ...[
        '--api-key',
        'a-long-secret',
        '--streaming',
        'off',
        '--samples',
        '1',
        '--out',
        bench.file('run-key'),
      ],
    ]);
    expect(WENT_THROUGH, stderr).toContain(code);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      path: '/v1/messages',
      headers: { 'x-api-key': 'a-long-secret', 'anthropic-version': '2023-06-01' },
    });
    expect(seen[0]!.headers).not.toHaveProperty('authorization');
  } finally {
    server.close();
  }
});

const ITEM_ROWS = {
  embeddings: { input: ['one two', 'three', 'four'] },
  'ollama-embed': { input: ['one two', 'three', 'four'] },
  rerank: { query: 'one', documents: ['a b', 'c'] },
  score: { query: 'one', documents: ['a b', 'c'] },
} as const;

it.each(['embeddings', 'ollama-embed', 'rerank', 'score'] as const)(
  'a run with --api %s has items and no figure about output tokens',
  async (api) => {
    const data = bench.file(`${api}.jsonl`);
    writeFileSync(data, `${JSON.stringify(ITEM_ROWS[api])}\n`);
    const { code, stderr, stdout } = await bench.start([
      ...['run', '--endpoint', mock.url, '--model', 'mock', '--dataset', data, '--api', api],
      ...['--concurrency', '2', '--samples', '40', '--out', bench.file(`run-${api}`)],
    ]).finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    const { metrics } = bench.json<Snapshot>(`run-${api}/metrics/final_snapshot.json`);
    const names = metrics.filter(({ count }) => count !== undefined).map(({ name }) => name);
    expect(names.filter((name) => /ttft|tpot|chunk|osl|reasoning|prediction/.test(name))).toEqual([]);
    expect(metrics.find(({ name }) => name === 'isl')).toMatchObject({ count: 40, min: 4, max: 4 });
    const { items } = bench.json<{ items: Record<string, unknown> }>(
      `run-${api}/performance/result_summary.json`,
    );
    const isVectors = api !== 'rerank' && api !== 'score';
    expect(items).toMatchObject({ kind: isVectors ? 'vectors' : 'scores', per_response: isVectors ? 3 : 2 });
    expect(items.per_second).toBeGreaterThan(0);
    if (isVectors) expect(items.dimensions).toEqual({ min: 8, max: 8 });
    const report = readFileSync(bench.file(`run-${api}/report.txt`), 'utf8');
    expect(report).toMatch(
      isVectors
        ? /Items: .* vectors\/s, 3.00 a response, of 8 dimensions; /
        : /Items: .* pairs\/s, 2.00 a response; /,
    );
    for (const text of [report, stdout + stderr]) {
      expect(text).not.toMatch(/TTFT|TPOT|TPS|Chunk gap|Output sequence|output tokens|finish reason/);
    }
  },
);

/** Runs 40 requests made of a row, and returns what the run tells. */
async function runOfRow(api: string, row: object, more: readonly string[] = []) {
  const [data, out] = [bench.file(`${api}.jsonl`), `run-${api}${more.join('')}`];
  writeFileSync(data, `${JSON.stringify(row)}\n`);
  const { code, stderr, stdout } = await bench.start([
    ...['run', '--endpoint', mock.url, '--model', 'mock', '--dataset', data, '--api', api],
    ...['--concurrency', '2', '--samples', '40', '--out', bench.file(out), ...more],
  ]).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const { metrics } = bench.json<Snapshot>(`${out}/metrics/final_snapshot.json`);
  return {
    metric: (name: string) => metrics.find((one) => one.name === name),
    summary: bench.json<Record<string, Record<string, unknown>>>(`${out}/performance/result_summary.json`),
    report: readFileSync(bench.file(`${out}/report.txt`), 'utf8'),
    texts: stdout + stderr,
  };
}

const TOKEN_WORDS = /TTFT|TPOT|TPS|Chunk gap|Output sequence|output tokens|finish reason/;

it('a run with --api images counts images, and the time to the first of a stream', async () => {
  const row = { prompt: 'a sea', n: 2 };
  const whole = await runOfRow('images', row);
  expect(whole.summary.items).toMatchObject({ kind: 'images', per_response: 2, bytes_per_response: 6000 });
  expect(whole.report).toMatch(/Items: .* images\/s, 2.00 a response, 3,000 bytes each/);
  expect(whole.metric('first_image_ns')).toBeUndefined();
  const streamed = await runOfRow('images', row, ['--streaming', 'on']);
  expect(streamed.metric('first_image_ns')?.count).toBe(40);
  expect(streamed.report).toMatch(/First image/);
  for (const { report, texts } of [whole, streamed]) expect(report + texts).not.toMatch(TOKEN_WORDS);
});

it('a run with --api speech measures sound', async () => {
  const file = await runOfRow('speech', { input: 'the sea', response_format: 'wav' });
  const events = await runOfRow('speech', { input: 'the sea' }, ['--streaming', 'on']);
  for (const { summary, report, texts, metric } of [file, events]) {
    // Eight tokens of 40 ms.
    expect(summary.audio).toMatchObject({ seconds_per_response: 0.32, bytes_per_response: 44 + 8 * 640 });
    expect(metric('first_audio_ns')?.count).toBe(40);
    expect(metric('audio_second_ns')?.count).toBe(40);
    expect(report).toMatch(/Audio: .* s of audio a second, 320 ms and 5,164 bytes a response/);
    expect(report).toMatch(/First audio[^]*Per s of audio/);
    expect(report + texts).not.toMatch(TOKEN_WORDS);
  }
});

it('a run with --api transcription sends files and measures the text', async () => {
  writeFileSync(bench.file('sea.wav'), wavFile(0.5));
  const { summary, metric, report } = await runOfRow(
    'transcription',
    { file: 'sea.wav', prompt: 'of the sea', language: 'en' },
    ['--streaming', 'on'],
  );
  expect(summary.audio).toMatchObject({ seconds_per_response: 0.5 });
  expect(metric('audio_second_ns')?.count).toBe(40);
  expect(metric('ttft_ns')?.count).toBe(40);
  expect(metric('osl')).toMatchObject({ count: 40, min: 8, max: 8 });
  expect(report).toMatch(/Audio: .* s of audio a second, 500 ms a response/);
});

it.each<[string, readonly string[], string]>([
  ['a file elsewhere', ['--dataset', 'elsewhere.jsonl'], 'must be in the folder of the dataset, or below it'],
  [
    'no file',
    ['--dataset', 'plain.jsonl'],
    'the row needs a column file with an audio file (got only "prompt")',
  ],
  [
    'prompts that are made up',
    ['--synthetic', 'input=4', '--tokenizer', 'x'],
    'sends the audio files of a --dataset',
  ],
  ['a salt', ['--dataset', 'plain.jsonl', '--salt', 'prefix'], '--salt changes prompts'],
])('--api transcription refuses %s', async (_name, given, message) => {
  writeFileSync(bench.file('elsewhere.jsonl'), '{"file":"/etc/hostname"}\n');
  writeFileSync(bench.file('plain.jsonl'), '{"prompt":"x"}\n');
  const args = given.map((word) => (word.endsWith('.jsonl') ? bench.file(word) : word));
  const { code, stderr } = await bench.start([
    ...['run', '--endpoint', mock.url, '--model', 'mock', '--api', 'transcription', ...args],
    ...['--concurrency', '2', '--samples', '2'],
  ]).finished;
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

const TEMPLATE = `path: /api/generate
body: { model: '{{model}}', prompt: '{{prompt}}', stream: '{{stream}}', options: { num_predict: '{{max_tokens}}' } }
response: { framing: ndjson, text: /response, completion_tokens: /eval_count, terminator: /done }
`;

it('a run with --api template:FILE measures what the server did', async () => {
  mock.clearTruth();
  writeFileSync(bench.file('acme.yaml'), TEMPLATE);
  const api = `template:${bench.file('acme.yaml')}`;
  const out = ['--samples', String(SAMPLES), '--out', bench.file('run-template')];
  const { code, stderr } = await run(mock.url, api, out);
  expect(WENT_THROUGH, stderr).toContain(code);
  expect(mock.truth()).toHaveLength(SAMPLES);
  for (const record of mock.truth()) {
    expect(record).toMatchObject({ api: 'ollama-generate', outcome: 'ok', outputTokens: TOKENS });
  }
  const { metrics } = bench.json<Snapshot>('run-template/metrics/final_snapshot.json');
  const metric = (name: string) => metrics.find((one) => one.name === name);
  expect(metric('ttft_ns')?.count).toBe(SAMPLES);
  expect(metric('osl')).toMatchObject({ count: SAMPLES, min: TOKENS, max: TOKENS });
});

it.each<[string, readonly string[], string]>([
  ['a bad template', [], 'bad.yaml:3:22: response.framing: must be one of sse, ndjson, whole (got "lines")'],
  ['a stream of whole responses', ['--streaming', 'on'], 'are never streamed; use off or auto'],
  ['a salt without a system prompt', ['--salt', 'system'], '--salt system needs an API with system prompts'],
])('%s ends the run before a request is sent', async (_name, more, message) => {
  mock.clearTruth();
  const framing = more.length === 0 ? 'lines' : 'whole';
  writeFileSync(bench.file('bad.yaml'), `path: /a\nbody: {}\nresponse: { framing: ${framing}, text: /t }\n`);
  const { code, stderr } = await run(mock.url, `template:${bench.file('bad.yaml')}`, more);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(mock.truth()).toHaveLength(0);
});

interface Snapshot {
  readonly metrics: readonly {
    readonly name: string;
    readonly value?: number;
    readonly count?: number;
    readonly min?: number;
    readonly max?: number;
  }[];
}
