import { describe, expect, it } from 'vitest';
import { LocalEngine } from '../engine/harness.ts';
import { startRawServer } from '../engine/raw-server.ts';
import { hostileServerRound, SERVER_ATTACKS, type ServerAttackName } from './hostile-servers.ts';

describe('a server that answers with', () => {
  it.each(Object.keys(SERVER_ATTACKS) as ServerAttackName[])('%s', async (attack) => {
    const { failures, input } = await hostileServerRound(1, 0, { attack, connections: 1 });
    expect(failures, JSON.stringify(input)).toEqual([]);
  });
});

describe('24 connections at once to a server that answers with', () => {
  it.each<ServerAttackName>(['an endless body', 'an endless stream', 'endless tool calls', 'a gzip bomb'])(
    '%s hold no more together than all responses may',
    async (attack) => {
      const { failures, input } = await hostileServerRound(1, 0, { attack, connections: 24 });
      expect(failures, JSON.stringify(input)).toEqual([]);
    },
  );
});

it('a server that refuses every connection sees few attempts, and every sample ends', async () => {
  const server = await startRawServer(() => undefined);
  await server.close();
  const engine = new LocalEngine({ urls: [server.url], maxConnections: 32 });
  const issued = await engine.run({ pattern: 'concurrency', concurrency: 32 }, { maxDurationMs: 1000 });
  engine.close();
  const errors = engine.samples().map(({ error }) => error?.errorType);
  expect(errors).toHaveLength(issued);
  expect(new Set(errors)).toEqual(new Set(['connection_refused']));
  const { connectFailures, connectBackOffMs } = engine.health.at(-1)!;
  // Some 16 to 48 at once, and then one after each pause: 10, 20, 40, … 500 ms.
  expect(connectFailures).toBeLessThan(80);
  expect(connectBackOffMs).toBeGreaterThan(500);
});
