import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FAILURES_BEFORE_BACK_OFF } from '../../src/engine/back-off.ts';
import { ANSWER, type RawRequest, type RawServer, startRawServer, withLength } from '../engine/raw-server.ts';
import { ENTRY, has, works, levels, MeasuredRun, type RunOptions, sleep } from './measured-run.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startServer(answer: (request: RawRequest, nth: number) => void): Promise<RawServer> {
  let nth = 0;
  const server = await startRawServer((request) => answer(request, nth++));
  closing.push(() => server.close());
  return server;
}

const answerAfter = (ms: number) =>
  startServer(({ socket }) => void setTimeout(() => socket.write(withLength(ANSWER)), ms));

/** The response to a request that streams so many chunks. */
function streamOf(chunks: number): string {
  const frame = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const body = `${frame({ content: ' word' }, null).repeat(chunks)}${frame({}, 'stop')}data: [DONE]\n\n`;
  return withLength(body, 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream');
}

/** Words are tokens. */
const WORD_TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, word: 1 }, unk_token: '[UNK]' },
};

function startRun(options: RunOptions): MeasuredRun {
  const run = new MeasuredRun({ ...options, flags: ['--streaming', 'off', ...options.flags] });
  closing.push(() => run.end());
  return run;
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'inferometer-verdict-'));
  closing.push(() => Promise.resolve(rmSync(directory, { recursive: true })));
  return directory;
}

/** Keeps core 0 busy with so many processes, until the function returned is called. */
function occupyCore0(processes: number): () => Promise<void> {
  const hogs = Array.from({ length: processes }, () =>
    spawn('taskset', ['-c', '0', process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  const release = async () => {
    await Promise.all(
      hogs.map(async (hog) => {
        if (hog.exitCode !== null || hog.signalCode !== null) return;
        hog.kill('SIGKILL');
        await once(hog, 'close');
      }),
    );
  };
  closing.push(release);
  return release;
}

describe.skipIf(!has('taskset'))('a client without the core it needs', () => {
  it('that is asked for more than one core gives is invalid: busy throughout', async () => {
    // Hundreds of chunks in one write: next to nothing for the server, a lot for whoever stamps each.
    const stream = streamOf(300);
    const { url } = await startServer(({ socket }) => socket.write(stream));
    const run = startRun({
      url,
      wrapper: ['taskset', '-c', '0'],
      flags: ['--streaming', 'on', '--rate', '4000', '--samples', '8000'],
    });
    const summary = await run.summary();
    expect(summary.verdict.level).toBe('invalid');
    expect(levels(summary)).toMatchObject({ worker_cpu: 'invalid', ttft_error: 'invalid' });
    expect(summary.client.pacing).toBe('economy');
    expect(await run.exitCode()).toBe(5);
  });

  it('that others keep from its core is invalid at a rate it could well do', async () => {
    const { url, requests } = await answerAfter(5);
    const run = startRun({
      url,
      wrapper: ['taskset', '-c', '0'],
      flags: ['--rate', '1000', '--samples', '3000'],
    });
    while (requests.length < 200) await sleep(5);
    const release = occupyCore0(10);
    while (requests.length < 2000) await sleep(5);
    await release();
    const summary = await run.summary();
    expect(summary.verdict.level).toBe('invalid');
    expect(['send_delay', 'latency_error'].map((check) => levels(summary)[check])).toContain('invalid');
  });
});

it('a worker that waits for due times with precise pacing is not busy', async () => {
  const { url } = await answerAfter(5);
  const run = startRun({ url, flags: ['--rate', '800', '--duration', '2s', '--pacing', 'precise'] });
  const summary = await run.summary();
  expect(summary.client).toMatchObject({ pacing: 'precise', busy_share: 0 });
  expect(summary.client.worker_cpu_max).toBeLessThan(0.9);
  expect(levels(summary)).not.toHaveProperty('worker_cpu');
});

it('garbage collection that takes a share of the time is invalid', async () => {
  const { url } = await answerAfter(5);
  // Every collection a full one, of a heap that fills at once.
  const nodeFlags = ['--gc-global', '--max-semi-space-size=1'];
  const run = startRun({
    url,
    nodeFlags,
    flags: ['--rate', '3000', '--samples', '6000', '--pacing', 'precise'],
  });
  expect(levels(await run.summary())).toMatchObject({ gc_pause: 'invalid' });
});

it.each([
  [-500, 'degraded'],
  [60_000, 'invalid'],
] as const)('a wall clock that steps by %d ms is %s, and no latency shows it', async (stepMs, level) => {
  const { url, requests } = await answerAfter(5);
  const stepFile = join(temporaryDirectory(), 'step-ms');
  const run = startRun({
    url,
    nodeFlags: ['--import', new URL('wall-clock.preload.ts', import.meta.url).href],
    environment: { WALL_CLOCK_STEP_FILE: stepFile },
    flags: ['--rate', '100', '--samples', '300'],
  });
  while (requests.length < 60) await sleep(5);
  writeFileSync(`${stepFile}.new`, String(stepMs));
  renameSync(`${stepFile}.new`, stepFile);
  const summary = await run.summary();
  expect(levels(summary)).toMatchObject({ clock_step: level });
  expect(summary.client.clock_step_ms).toBeGreaterThan(0.9 * Math.abs(stepMs));
  expect(summary.samples).toMatchObject({ issued: 300, succeeded: 300 });
  if (stepMs > 10_000) expect(summary.latency.max).toBeLessThan((stepMs / 2) * 1e6);
});

it.each([
  [25, 'degraded'],
  [5, 'invalid'],
] as const)('an error in %i samples is %s', async (every, level) => {
  const { url } = await startServer(({ socket }, nth) => {
    const fails = nth % every === 0;
    socket.write(withLength(fails ? 'busy' : ANSWER, `HTTP/1.1 ${fails ? '503 Busy' : '200 OK'}`));
  });
  const summary = await startRun({ url, flags: ['--concurrency', '4', '--samples', '500'] }).summary();
  expect(levels(summary)).toMatchObject({ samples_errored: level });
  expect(summary.errors_by_type).toMatchObject([{ type: 'http_503', count: 500 / every }]);
});

it('a rate the connections cannot carry is invalid, cancelled samples degraded, too few a note', async () => {
  const { url } = await startServer(({ socket }, nth) => {
    if (nth > 35) return;
    setTimeout(() => socket.write(withLength(ANSWER)), 100);
  });
  const flags = ['--rate', '200', '--samples', '40', '--max-connections', '2', '--drain-timeout', '3s'];
  const summary = await startRun({ url, flags }).summary();
  expect(levels(summary)).toMatchObject({
    rate_achieved: 'invalid',
    issue_delay: 'degraded',
    samples_cancelled: 'degraded',
    percentile_support: 'note',
  });
});

it('a rate that did not go out is invalid, whatever a single answer took', async () => {
  const { url } = await startServer(({ socket }, nth) => {
    // The first one outlasts the issuing of all the others.
    setTimeout(() => socket.write(withLength(ANSWER)), nth === 0 ? 4000 : 20);
  });
  const flags = ['--rate', '400', '--samples', '150', '--max-connections', '2'];
  const summary = await startRun({ url, flags }).summary();
  expect(summary.samples).toMatchObject({ succeeded: 150 });
  expect(levels(summary)).toMatchObject({ rate_achieved: 'invalid', issue_delay: 'degraded' });
});

it('token counts that do not get the time they take are pending: degraded, and the samples are whole', async () => {
  const answer = JSON.stringify({
    id: 'c',
    choices: [{ index: 0, message: { content: 'word '.repeat(2000) }, finish_reason: 'stop' }],
  });
  const { url } = await startServer(
    ({ socket }) => void setTimeout(() => socket.write(withLength(answer)), 50),
  );
  const tokenizer = join(temporaryDirectory(), 'tokenizer.json');
  writeFileSync(tokenizer, JSON.stringify(WORD_TOKENIZER));
  const flags = ['--concurrency', '4', '--samples', '120', '--tokenizer', tokenizer];
  // Without live snapshots nothing is counted before the end.
  const run = startRun({
    url,
    flags: [...flags, '--publish-interval', '0ms', '--token-drain-timeout', '1ms'],
  });
  const summary = await run.summary();
  expect(levels(summary)).toMatchObject({ token_counts_pending: 'degraded' });
  expect(summary.samples).toMatchObject({ issued: 120, succeeded: 120 });
  // The warning and the verdict count the same: 120 samples share the prompts of 20 rows.
  const [, missing] = /(\d+) token counts are missing/.exec(run.output)!;
  expect(summary.verdict.findings.map(({ message }) => message)).toContainEqual(
    expect.stringContaining(`${missing} token counts still pending`),
  );
});

describe('descriptors', () => {
  it.each([
    [
      400,
      ['--max-connections', '500'],
      /--max-connections 500 is too much: this machine has an open-file limit of 400, which leaves 272 connections/,
    ],
    [400, ['--concurrency', '300'], /--concurrency 300 is too much: .*ulimit -n 428/],
    [64, ['--concurrency', '2'], /--concurrency 2 is too much: .*limit of 64, which leaves 1 connection;/],
  ])('%d that cannot be enough for %j are refused before the run', async (limit, flags, message) => {
    const { url } = await answerAfter(0);
    const run = startRun({ url, wrapper: ['sh', '-c', `ulimit -n ${limit} && exec "$@"`, '-'], flags });
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toMatch(message);
  });

  it.skipIf(!has('prlimit'))('that run out in mid-run are told as the fault of the client', async () => {
    const server = await answerAfter(200);
    const run = startRun({
      url: server.url,
      flags: ['--rate', '300', '--duration', '2s', '--connections', 'new'],
    });
    while (server.requests.length < 50) await sleep(5);
    spawnSync('prlimit', ['--pid', String(run.pid), '--nofile=40:40']);
    const summary = await run.summary();
    const failed = summary.errors_by_type.find(({ type }) => type === 'client_limit');
    // Far more in a row than it takes to leave a server alone that refuses connections: this one has refused none.
    expect(failed!.count).toBeGreaterThan(3 * FAILURES_BEFORE_BACK_OFF);
    expect(summary.client.connect_back_off_ms).toBe(0);
    expect(levels(summary)).toMatchObject({ client_limits: 'invalid' });
  });
});

/** Runs the rest of the line on a network of its own, with 20 local ports. */
const ISOLATE = [
  'unshare',
  '-rn',
  'sh',
  '-c',
  'ip link set lo up && echo 40000 40019 >/proc/sys/net/ipv4/ip_local_port_range && "$@"',
  '-',
];

describe.skipIf(!works([...ISOLATE, 'true']))('local ports', () => {
  it('that cannot be enough are refused before the run', async () => {
    const { url } = await answerAfter(0);
    const run = startRun({ url, wrapper: ISOLATE, flags: ['--max-connections', '21'] });
    expect(await run.exitCode()).toBe(2);
    expect(run.output).toMatch(/--max-connections 21 is too much: this machine has 20 local ports/);
  });
});

it('a client that is stopped again and again is judged by what that did to each metric, and a replay says the same', async () => {
  const frame = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const end = `${frame({}, 'stop')}data: [DONE]\n\n`;
  const chunk = frame({ content: ' word' }, null);
  const length = 30 * chunk.length + end.length;
  const { url, requests } = await startServer(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ${length}\r\n\r\n`);
    let sent = 0;
    const timer = setInterval(() => {
      socket.write(chunk);
      if (++sent < 30) return;
      clearInterval(timer);
      socket.write(end);
    }, 10);
  });
  const run = startRun({ url, flags: ['--streaming', 'on', '--rate', '20', '--duration', '4s'] });
  while (requests.length < 10) await sleep(5);
  for (let stop = 0; stop < 8; stop++) {
    process.kill(run.pid, 'SIGSTOP');
    await sleep(120);
    process.kill(run.pid, 'SIGCONT');
    await sleep(100);
  }
  const summary = await run.summary();
  const gap = summary.client_bounds.metrics.chunk_gap!['99.0']!;
  // Gaps of 10 ms, of which every tenth or so saw a stop.
  expect(summary.chunk_delta.percentiles['99.0']).toBeGreaterThan(50e6);
  expect(gap.added_ns).toBeGreaterThan(0.5 * summary.chunk_delta.percentiles['99.0']!);
  expect(summary.verdict.metrics.find(({ metric }) => metric === 'chunk_gap')).toMatchObject({
    level: 'invalid',
  });
  expect(summary.client_bounds.probes).toBeGreaterThan(300);
  const rebuilt = spawnSync(process.execPath, [ENTRY, 'report', join(run.path, 'run'), '--json'], {
    maxBuffer: 2 ** 26,
  });
  expect(JSON.parse(rebuilt.stdout.toString())).toMatchObject({ client_bounds: summary.client_bounds });
});

it('a run without probes has no bound, and is judged by its event loop', async () => {
  const { url } = await answerAfter(5);
  const summary = await startRun({
    url,
    flags: ['--rate', '100', '--samples', '100', '--probe-rate', '0'],
  }).summary();
  expect(summary.client_bounds).toBeNull();
});
