import { afterEach, describe, expect, it } from 'vitest';
import { ANSWER, type RawServer, startRawServer, withLength } from '../engine/raw-server.ts';
import { issueRecords } from './issue-records.ts';
import { levels, MeasuredRun, sleep } from './measured-run.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function startRun(url: string, ...flags: string[]): MeasuredRun {
  const run = new MeasuredRun({ url, flags: ['--streaming', 'off', '--pattern', 'constant', ...flags] });
  closing.push(() => run.end());
  return run;
}

/** A server that answers in 5 ms, but for one second from its 100th request on answers nothing. */
async function stallingServer(): Promise<RawServer> {
  let seen = 0;
  let stalledUntilMs = 0;
  const server = await startRawServer(({ socket }) => {
    if (++seen === 100) stalledUntilMs = performance.now() + 1000;
    const delayMs = Math.max(5, stalledUntilMs - performance.now());
    setTimeout(() => socket.write(withLength(ANSWER)), delayMs);
  });
  closing.push(() => server.close());
  return server;
}

describe('a server that stalls for a second behind a capped pool', () => {
  it('shows in response latency in full, hardly in service latency, and the report says why', async () => {
    const { url } = await stallingServer();
    const run = startRun(url, '--rate', '200', '--duration', '5s', '--max-connections', '8');
    const summary = await run.summary();
    const p99 = (series: { percentiles: Readonly<Record<string, number>> }) => series.percentiles['99.0']!;
    // 8 of 1000 requests were at the server when it stalled; about 200 more came due and waited here.
    expect(p99(summary.response_latency)).toBeGreaterThan(800e6);
    expect(p99(summary.latency)).toBeLessThan(p99(summary.response_latency) / 2);
    expect(summary.latency.max).toBeGreaterThan(900e6);
    expect(p99(summary.issue_delay)).toBeGreaterThan(700e6);
    expect(levels(summary)).toMatchObject({ issue_delay: 'degraded' });
    const why = run.report().match(/^Latency p99 is [^]*? from due and [^]*? from issued: [^]*?\./gm);
    expect(why?.map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([
      expect.stringMatching(/requests waited here for a free connection\.$/),
    ]);
  });
});

describe('a client that stands still for 700 ms', () => {
  it('shows in response latency and the verdict, and moves no due time', async () => {
    const server = await startRawServer(({ socket }) => {
      setTimeout(() => socket.write(withLength(ANSWER)), 5);
    });
    closing.push(() => server.close());
    const run = startRun(server.url, '--rate', '200', '--duration', '4s');
    while (server.requests.length < 100) await sleep(5);
    process.kill(run.pid, 'SIGSTOP');
    await sleep(700);
    process.kill(run.pid, 'SIGCONT');
    const summary = await run.summary();
    expect(summary.response_latency.max).toBeGreaterThan(600e6);
    expect(summary.response_latency.percentiles['99.0']).toBeGreaterThan(400e6);
    expect(summary.verdict.level).toBe('invalid');
    expect(levels(summary)).toMatchObject({ send_delay: 'invalid' });
    expect(run.report()).toMatch(/^Latency p99 is [^]*? from due and [^]*? from issued: /m);
    expect(await run.exitCode()).toBe(5);

    const records = await issueRecords(run.logPath);
    expect(records).toHaveLength(800);
    const startNs = records[0]!.dueNs;
    expect(records.map(({ dueNs }) => dueNs - startNs)).toEqual(records.map((_, i) => i * 5e6));
    for (const { dueNs, issuedNs } of records) expect(issuedNs).toBeGreaterThanOrEqual(dueNs);
    // What the stall made late went out at once after it.
    const late = records.filter(({ dueNs, issuedNs }) => issuedNs - dueNs > 100e6);
    expect(late.length).toBeGreaterThan(80);
  });
});
