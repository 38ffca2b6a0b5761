import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type SnapshotFile } from './run-bench.ts';
import { waitFor, WENT_THROUGH, Workbench } from './program.ts';

interface Arrival {
  readonly id: string;
  readonly atMs: number;
}

type Answer = (attempt: number, response: ServerResponse, request: IncomingMessage) => void;

const bench = new Workbench();
const arrivals: Arrival[] = [];
let answerWith: Answer = ok;
const server = createServer((request, response) => {
  request.resume().once('end', () => {
    const id = String(request.headers['x-request-id']);
    arrivals.push({ id, atMs: performance.now() });
    answerWith(arrivals.filter((arrival) => arrival.id === id).length, response, request);
  });
});
let origin = '';

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  arrivals.length = 0;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bench.end();
});

const delta = (content: string, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;

function ok(_attempt: number, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.end(`${delta('a')}${delta('b', 'stop')}data: [DONE]\n\n`);
}

function status(code: number, retryAfter?: string): Answer {
  return (_attempt, response) => {
    response.writeHead(code, retryAfter === undefined ? {} : { 'Retry-After': retryAfter });
    response.end('{"error":{"message":"no"}}');
  };
}

interface SummaryFile {
  readonly samples: Readonly<Record<string, number | null>>;
  readonly retries?: Readonly<Record<string, unknown>>;
  readonly verdict: { readonly findings: readonly { readonly check: string; readonly message: string }[] };
  readonly errors_by_type: readonly { readonly type: string; readonly count: number }[];
  readonly ttft: { readonly min: number };
  readonly latency: { readonly min: number };
}

const runFlags = (name: string, ...flags: string[]) => [
  ...['run', '--endpoint', origin, '--model', 'm', '--dataset', bench.dataset(5), '--out', bench.file(name)],
  ...['--streaming', 'on', '--request-id', '--no-check', ...flags],
];

async function run(name: string, ...flags: string[]) {
  const { code, stderr, stdout } = await bench.start(runFlags(name, ...flags)).finished;
  expect([...WENT_THROUGH, 4], stderr).toContain(code);
  const summary = bench.json<SummaryFile>(`${name}/performance/result_summary.json`);
  return { summary, samples: await bench.samples(name), said: stdout + stderr };
}

it('sends a request again when the server says so, and counts its times from the first attempt', async () => {
  answerWith = (attempt, response, request) =>
    (attempt === 1 ? status(429, '1') : ok)(attempt, response, request);
  const { summary, samples, said } = await run(
    'again',
    '--concurrency',
    '3',
    '--samples',
    '6',
    '--retry',
    '429',
  );
  expect(arrivals).toHaveLength(12);
  for (const [first, second] of Map.groupBy(arrivals, ({ id }) => id).values()) {
    expect(second!.atMs - first!.atMs).toBeGreaterThan(990);
    expect(second!.atMs - first!.atMs).toBeLessThan(3000);
  }
  // A sample keeps its place while it waits.
  const firsts = [...Map.groupBy(arrivals, ({ id }) => id).values()].map(([first]) => first!.atMs);
  expect(firsts[3]! - firsts[0]!).toBeGreaterThan(990);
  expect(summary.samples).toMatchObject({ issued: 6, succeeded: 6, errored: 0, unaccounted: 0, missing: 0 });
  expect(summary.retries).toEqual({
    ...{ samples: 6, retries: 6, succeeded: 6, errored: 0, cancelled: 0, errors_by_type: { http_429: 6 } },
  });
  expect(summary.errors_by_type).toEqual([]);
  expect(summary.ttft.min).toBeGreaterThan(990e6);
  expect(summary.latency.min).toBeGreaterThan(990e6);
  const note = summary.verdict.findings.find(({ check }) => check === 'successes_after_retry')!;
  expect(note.message).toContain('6 of 6 successes needed a retry (--retry)');
  expect(said).toContain(
    '6 samples retried, 12 attempts in all (after http_429 6): 6 succeeded after a retry',
  );
  expect(samples.map(({ attempts, retried_after: after }) => [attempts, after])).toEqual(
    Array(6).fill(['2', 'http_429']),
  );
});

it('gives up after as many retries as it may send, and does not retry what it was not told to', async () => {
  answerWith = (attempt, response, request) => {
    const isOdd = parseInt(String(request.headers['x-request-id']).slice(-1), 16) % 2 === 1;
    (isOdd ? status(400, '0') : status(attempt === 1 ? 500 : 503, '0'))(attempt, response, request);
  };
  const flags = ['--concurrency', '2', '--samples', '6', '--retry', '429,5xx', '--retry-max', '2'];
  const { summary, samples } = await run('budget', ...flags);
  const counts = [...Map.groupBy(arrivals, ({ id }) => id).values()].map(({ length }) => length);
  expect(counts.sort()).toEqual([1, 1, 1, 3, 3, 3]);
  expect(summary.samples).toMatchObject({ issued: 6, succeeded: 0, errored: 6, unaccounted: 0, missing: 0 });
  expect(summary.retries).toEqual({
    ...{ samples: 3, retries: 6, succeeded: 0, errored: 3, cancelled: 0 },
    errors_by_type: { http_500: 3, http_503: 3 },
  });
  expect(summary.errors_by_type.map(({ type, count }) => [type, count]).sort()).toEqual([
    ['http_400', 3],
    ['http_503', 3],
  ]);
  const tried = samples.filter(({ attempts }) => attempts === '3');
  expect(tried.map(({ retried_after: after }) => after)).toEqual(Array(3).fill('http_500 http_503'));
});

it('retries broken connections, on request, but never a response that had begun', async () => {
  answerWith = (attempt, response, request) => {
    const isOdd = parseInt(String(request.headers['x-request-id']).slice(-1), 16) % 2 === 1;
    if (attempt > 1) ok(attempt, response);
    else if (isOdd) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(delta('a'));
      setTimeout(() => request.socket.destroy(), 20);
    } else request.socket.destroy();
  };
  const types = 'connection_reset,stream_truncated';
  const flags = ['--concurrency', '2', '--samples', '6', '--connections', 'new', '--retry', types];
  const { summary } = await run('broken', ...flags);
  expect(summary.samples).toMatchObject({ issued: 6, succeeded: 3, errored: 3, unaccounted: 0 });
  expect(summary.retries).toMatchObject({
    samples: 3,
    succeeded: 3,
    errors_by_type: { connection_reset: 3 },
  });
});

it('keeps a plan of cancellations, whose time counts from the first attempt', async () => {
  answerWith = status(429, '30');
  const cancel = ['--cancel', '100%', '--cancel-after', '300ms'];
  const startedMs = performance.now();
  const { summary } = await run('plan', '--concurrency', '3', '--samples', '3', '--retry', '429', ...cancel);
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  expect(summary.samples).toMatchObject({ issued: 3, cancelled_by_plan: 3, errored: 0, unaccounted: 0 });
  expect(arrivals).toHaveLength(3);
});

it('ends on Ctrl-C while samples wait for their next attempt', async () => {
  answerWith = status(503, '60');
  const program = bench.start(runFlags('stop', '--concurrency', '3', '--duration', '60s', '--retry', '503'));
  await waitFor(() => arrivals.length === 3, 'requests');
  await new Promise((resolve) => setTimeout(resolve, 100));
  program.child.kill('SIGINT');
  await program.waitForOutput(/drain/i);
  program.child.kill('SIGINT');
  const { code, stderr } = await program.finished;
  expect([130, 5], stderr).toContain(code);
  const { samples, retries } = bench.json<SummaryFile>('stop/performance/result_summary.json');
  expect(samples).toMatchObject({
    issued: 3,
    cancelled: 3,
    errored: 0,
    in_flight: 0,
    unaccounted: 0,
    missing: 0,
  });
  expect(retries).toMatchObject({ samples: 3, retries: 0, cancelled: 3 });
});

it('is told of a run that was killed while samples waited', async () => {
  answerWith = (attempt, response, request) =>
    status(503, attempt === 1 ? '0' : '60')(attempt, response, request);
  const program = bench.start(
    runFlags('killed', '--concurrency', '2', '--duration', '60s', '--retry', '5xx'),
  );
  await waitFor(() => arrivals.length === 4, 'requests');
  await new Promise((resolve) => setTimeout(resolve, 400));
  program.child.kill('SIGKILL');
  await program.finished;
  const { stderr } = await bench.start(['report', '--full', bench.file('killed'), '--write']).finished;
  const { samples, retries } = bench.json<SummaryFile>('killed/performance/result_summary.json');
  expect(samples, stderr).toMatchObject({ issued: 2, succeeded: 0, errored: 0, in_flight: 2 });
  expect(retries).toMatchObject({ samples: 2, retries: 2, errors_by_type: { http_503: 4 } });
});

it('costs nothing where it is not requested', async () => {
  answerWith = status(429, '0');
  const { summary, samples } = await run('none', '--concurrency', '2', '--samples', '3');
  expect(arrivals).toHaveLength(3);
  expect(summary).not.toHaveProperty('retries');
  expect(Object.keys(samples[0]!)).not.toContain('attempts');
  const { extras } = bench.json<SnapshotFile>('none/metrics/final_snapshot.json');
  expect(extras).not.toHaveProperty('retries');
});

it.each([
  [['--retry', '200'], /--retry must be statuses such as 429, classes such as 5xx, or failures \(/],
  [['--retry', 'cancelled'], /--retry must be statuses/],
  [['--retry-max', '2'], /--retry is missing/],
  [['--retry', '429', '--retry-max', '0'], /--retry-max must be a whole number from 1 to 100/],
])('refuses %j', async (flags, said) => {
  const { code, stderr } = await bench.start(runFlags('no', ...flags)).finished;
  expect(code).toBe(2);
  expect(stderr).toMatch(said);
});
