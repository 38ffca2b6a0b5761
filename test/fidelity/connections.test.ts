import { afterEach, describe, expect, it } from 'vitest';
import { ANSWER, startRawServer, withLength } from '../engine/raw-server.ts';
import { MeasuredRun } from './measured-run.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function measure(...flags: string[]) {
  const server = await startRawServer(({ socket }) => socket.write(withLength(ANSWER)));
  closing.push(() => server.close());
  const run = new MeasuredRun({
    url: server.url,
    // The check connects, too.
    flags: ['--streaming', 'off', '--samples', '60', '--no-check', ...flags],
  });
  closing.push(() => run.end());
  const { samples } = await run.summary();
  expect(samples).toMatchObject({ issued: 60, succeeded: 60 });
  return { server, connections: new Set(server.requests.map(({ connection }) => connection)).size };
}

describe('--connections', () => {
  it('reuse keeps those that were warmed', async () => {
    const { server, connections } = await measure('--concurrency', '4');
    expect(server.accepted).toBe(4);
    expect(connections).toBeLessThanOrEqual(4);
    expect(server.requests[0]!.text).toContain('\r\nConnection: keep-alive\r\n');
  });

  it.each([
    ['--concurrency', '4'],
    ['--rate', '200'],
  ])('new opens one for each request: %s %s', async (...load) => {
    const { server, connections } = await measure('--connections', 'new', ...load);
    expect(server.accepted).toBe(60);
    expect(connections).toBe(60);
    expect(server.requests[0]!.text).toContain('\r\nConnection: close\r\n');
  });
});
