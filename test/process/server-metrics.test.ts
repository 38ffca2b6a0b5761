import type { ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { EXPORTERS, newServer } from '../server-metrics/exporters.ts';
import { HttpServers } from './http-servers.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
const servers = new HttpServers();
afterAll(async () => {
  await bench.end();
  servers.end();
});

interface Summary {
  readonly samples: { readonly errored: number; readonly succeeded: number };
  readonly server_metrics?: {
    readonly servers: readonly {
      readonly url: string;
      readonly server: string | null;
      readonly looks: number;
      readonly failures: number;
      readonly ttft_p50_ns: number | null;
    }[];
    readonly slow_periods: readonly {
      readonly from_ns: number;
      readonly to_ns: number;
      readonly cause: string;
    }[];
  };
}

async function listening(answer: (path: string, response: ServerResponse) => void): Promise<string> {
  return servers.start((request, response) => {
    request.resume().on('end', () => answer(request.url ?? '', response));
  });
}

/** 40 ms to the first token; requests queue for 300 ms more from 4 s to 6.5 s after the first one. */
async function queueingServer() {
  const state = newServer();
  let [startedMs, looks] = [NaN, 0];
  const chunk = (delta: object, reason: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
  const url = await listening((path, response) => {
    if (path === '/metrics') {
      looks += 1;
      response.end(EXPORTERS.vLLM(state));
      return;
    }
    if (Number.isNaN(startedMs)) startedMs = performance.now();
    const seconds = (performance.now() - startedMs) / 1000;
    const queueS = seconds >= 4 && seconds < 6.5 ? 0.3 : 0;
    state.waiting += queueS > 0 ? 1 : 0;
    void sleep(1000 * (queueS + 0.04)).then(() => {
      state.waiting -= queueS > 0 ? 1 : 0;
      state.requests += 1;
      state.queueSeconds += queueS;
      state.computeSeconds += 0.04;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.end(chunk({ content: 'a' }) + chunk({ content: 'b' }, 'stop') + 'data: [DONE]\n\n');
    });
  });
  return { url, looks: () => looks };
}

function runArgs(name: string, url: string, ...more: readonly string[]): string[] {
  return [...bench.runArgs(url, 10, ...more), '--out', bench.file(name)];
}

const summaryOf = (name: string) => bench.json<Summary>(`${name}/performance/result_summary.json`);

it('records what the server tells of itself, and says what slow periods are due to, whatever other exporters do', async () => {
  const { url } = await queueingServer();
  const hanging = await listening(() => undefined);
  const places = [`${url}/metrics`, `${hanging}/metrics`, 'http://127.0.0.1:1/metrics'];
  const flags = places.flatMap((place) => ['--server-metrics', place]);
  const run = await bench.start(
    runArgs('queue', url, '--rate', '25', '--duration', '9s', '--report-html', 'on', ...flags),
  ).finished;
  expect(WENT_THROUGH, run.stderr).toContain(run.code);
  expect(run.stderr).toMatch(
    /127\.0\.0\.1:1\/metrics: metrics can't be read: .*it is tried again each second/,
  );
  const { samples, server_metrics: told } = summaryOf('queue');
  expect(samples.errored).toBe(0);
  expect(samples.succeeded).toBeGreaterThan(150);
  const [vllm, slow, dead] = places.map((place) => told!.servers.find((one) => one.url === place));
  expect(vllm).toMatchObject({ server: 'vLLM', failures: 0 });
  expect(vllm!.looks).toBeGreaterThan(5);
  expect(vllm!.ttft_p50_ns).toBeGreaterThan(0);
  expect(slow === undefined || slow.failures === slow.looks).toBe(true);
  expect(dead!.failures).toBe(dead!.looks);
  const causes = told!.slow_periods.filter(({ from_ns: from, to_ns: to }) => from < 6.4e9 && to > 5e9);
  expect(causes.map(({ cause }) => cause)).toContain('server_queue');
  const text = readFileSync(bench.file('queue/report.txt'), 'utf8').replaceAll(/\s+/g, ' ');
  expect(text).toMatch(
    /Server metrics: vLLM at http:\S+: \d+ looks; TTFT p50 and p99 .* by its own histogram, .* here/,
  );
  expect(text).toMatch(/Slow periods: .*server queue \(median TTFT up to .*, usually .* in its queue/);
  expect(readFileSync(bench.file('queue/report.html'), 'utf8')).toContain('id="server-requests"');
  // The log alone tells it, too.
  const rebuilt = await bench.start(['report', bench.file('queue'), '--json']).finished;
  expect((JSON.parse(rebuilt.stdout) as Summary).server_metrics).toEqual(told);
});

it('looks beside the endpoints where it is told to, and nowhere unasked away from a terminal', async () => {
  const { url, looks } = await queueingServer();
  const load = ['--rate', '20', '--duration', '1s'];
  await bench.start(runArgs('unasked', url, ...load)).finished;
  expect(looks()).toBe(0);
  expect(summaryOf('unasked').server_metrics).toBeUndefined();
  // Long enough for the process that looks to have started, whatever the machine does.
  const longLoad = ['--rate', '20', '--duration', '4s'];
  await bench.start(runArgs('on', url, ...longLoad, '--server-metrics', 'on')).finished;
  expect(summaryOf('on').server_metrics!.servers[0]).toMatchObject({ url: `${url}/metrics`, server: 'vLLM' });
  const without = await bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:2');
  const run = await bench.start(runArgs('none', without, ...load, '--server-metrics', 'on')).finished;
  expect(run.stderr).not.toContain('metrics can');
  expect(summaryOf('none').server_metrics).toBeUndefined();
});

it('refuses what is no place of metrics', async () => {
  const run = await bench.start(runArgs('bad', 'http://127.0.0.1:9', '--server-metrics', 'ftp://x')).finished;
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('--server-metrics');
});
