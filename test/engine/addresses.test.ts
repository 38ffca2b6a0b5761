import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type EngineOptions, LocalEngine } from './harness.ts';
import { ANSWER } from './raw-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Serves on a port of an address, a free one for 0, and counts connections. */
async function serveAt(address: string, port = 0) {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('Content-Type', 'application/json').end(ANSWER));
  });
  let connections = 0;
  server.on('connection', () => connections++);
  server.listen(port, address);
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
  };
}

function engineAt(
  port: number,
  addresses: readonly string[],
  options: Partial<EngineOptions> = {},
): LocalEngine {
  const engine = new LocalEngine({
    ...{ urls: [`http://llm.test:${port}`], addresses: [addresses] },
    ...options,
  });
  closing.push(() => engine.close());
  return engine;
}

test('connections are spread over the addresses of a name, IPv4 and IPv6', async () => {
  const four = await serveAt('127.0.0.1');
  const six = await serveAt('::1', four.port);
  const engine = engineAt(four.port, ['127.0.0.1', '::1']);
  expect(await engine.warm(10)).toMatchObject({ opened: 10, failed: 0 });
  await expect.poll(() => [four.connections, six.connections], { interval: 2 }).toEqual([5, 5]);
});

test('an address that fails while another works is tried last from then on', async () => {
  const { port } = await serveAt('127.0.0.1');
  const engine = engineAt(port, ['::1', '127.0.0.1'], { connections: 'new' });
  const samples = await engine.sendOneByOne(20);
  expect(samples.filter(({ error }) => error !== undefined)).toEqual([]);
});

test('when all addresses fail, the failure names each', async () => {
  const { port } = await serveAt('127.0.0.1');
  for (const close of closing.splice(0)) await close();
  const [sample] = await engineAt(port, ['127.0.0.1', '::1']).sendOneByOne();
  expect(sample!.error!.errorType).toBe('connection_refused');
  expect(sample!.error!.errorMessage).toMatch(/127\.0\.0\.1.*::1/);
});
