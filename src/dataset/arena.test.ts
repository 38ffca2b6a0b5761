import { type AddressInfo, connect, createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_ARENA_BYTES, RequestArena } from './arena.ts';

test('gives back each request, also through another thread’s view', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 30 }),
      fc.nat(),
      (requests, seed) => {
        const arena = RequestArena.build(requests.length, (row) => requests[row]!);
        const other = RequestArena.fromShared(arena.shared);
        expect(arena.byteLength).toBe(requests.reduce((sum, request) => sum + request.length, 0));
        expect(other.rowCount).toBe(requests.length);
        requests.forEach((_, step) => {
          const row = (seed + step * 7) % requests.length;
          expect([...arena.requestBytes(row)]).toEqual([...requests[row]!]);
          expect([...other.requestBytes(row)]).toEqual([...requests[row]!]);
        });
      },
    ),
  );
});

test('makes one view a row', () => {
  const arena = RequestArena.build(2, (row) => Uint8Array.of(row));
  expect(arena.requestBytes(1)).toBe(arena.requestBytes(1));
});

test('does not copy the bytes for another thread', async () => {
  const arena = RequestArena.build(1, () => new TextEncoder().encode('before'));
  const module = new URL('./arena.ts', import.meta.url).href;
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.module).then(({ RequestArena }) => {
      RequestArena.fromShared(workerData.shared).requestBytes(0).set(Buffer.from('behind'));
      parentPort.postMessage('done');
    });`;
  const thread = new Worker(source, { eval: true, workerData: { module, shared: arena.shared } });
  await new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
  await thread.terminate();
  expect(Buffer.from(arena.requestBytes(0)).toString()).toBe('behind');
});

test('a socket sends the views as they are', async () => {
  const arena = RequestArena.build(3, (row) => Buffer.from(`request ${row};`.repeat(5000)));
  const received = new Promise<Buffer>((resolve, reject) => {
    const server = createServer((socket) => {
      server.close();
      buffer(socket).then(resolve, reject);
    });
    server.listen(0, '127.0.0.1', () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      for (const row of [2, 0, 1]) socket.write(arena.requestBytes(row));
      socket.end();
    });
  });
  const wanted = [2, 0, 1].map((row) => `request ${row};`.repeat(5000)).join('');
  expect((await received).toString()).toBe(wanted);
});

test('refuses more than it can hold before it takes the memory', () => {
  const large = new Uint8Array(MAX_ARENA_BYTES / 16);
  expect(() => RequestArena.build(17, () => large)).toThrow(
    'the requests of 16 of its 17 rows already take 2 GiB',
  );
});

test('refuses a row that it does not have', () => {
  const arena = RequestArena.build(2, () => Uint8Array.of(1));
  expect(() => arena.requestBytes(2)).toThrow('the row must be 0 to 1 (got 2)');
  expect(() => arena.requestBytes(-1)).toThrow('(got -1)');
});
