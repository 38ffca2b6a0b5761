import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AddressInfo, connect, createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArenaMemory, RequestArena, RequestArenaBuilder } from './arena.ts';

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

test('gives back requests of any size, in as many blocks as they take', () => {
  const sizes = [2 ** 23 + 1, 2 ** 23, 5, 0, 2 ** 24 + 3, 0, 7, 2 ** 23];
  const requests = sizes.map((size, row) => Buffer.alloc(size, row + 1));
  const arena = RequestArena.build(requests.length, (row) => requests[row]!);
  expect(arena.shared.blocks.length).toBeGreaterThan(3);
  requests.forEach((request, row) => expect(request.equals(arena.requestBytes(row))).toBe(true));
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

test('reads what memory has no room for from a file, the same bytes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-spill-'));
  try {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 2 }),
        (requests, blocks) => {
          // Of 6 MB each, so that blocks of 16 MiB have room for two.
          const large = requests.map((seed) => Buffer.alloc(6e6, seed)).slice(0, 8);
          const memory = new ArenaMemory(blocks * 2 ** 24, folder);
          const builder = new RequestArenaBuilder(memory);
          large.forEach((request, row) => builder.append(1 + (row % 2), request));
          const arena = RequestArena.fromShared(structuredClone(builder.finish().shared));
          large.forEach((request, row) => {
            expect(Buffer.compare(arena.requestBytes(row), request)).toBe(0);
            expect(arena.choicesOf(row)).toBe(1 + (row % 2));
          });
          expect(arena.takesTime).toBe(large.length > 2 * blocks);
          expect(arena.fileReadMs > 0).toBe(arena.takesTime);
          // No file has a name there, so none can be left behind.
          expect(readdirSync(folder)).toEqual([]);
          if (arena.takesTime) memory.file.close();
        },
      ),
      { numRuns: 20 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('says where it could not write', () => {
  const builder = new RequestArenaBuilder(new ArenaMemory(0, '/proc/nowhere'));
  builder.append(1, Buffer.from('x'));
  expect(() => builder.finish()).toThrow(
    '/proc/nowhere: the requests that --dataset-memory has no room for could not be written there: ENOENT',
  );
});

test('takes a request as text, in any alphabet', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (bodies) => {
      const builder = new RequestArenaBuilder();
      const head = 'POST / HTTP/1.1\r\n\r\n';
      for (const body of bodies) builder.appendText(1, head, body, Buffer.byteLength(body));
      const arena = builder.finish();
      bodies.forEach((body, row) => {
        expect(Buffer.from(arena.requestBytes(row))).toEqual(Buffer.from(head + body));
      });
    }),
  );
});

test('refuses a row that it does not have', () => {
  const arena = RequestArena.build(2, () => Uint8Array.of(1));
  expect(() => arena.requestBytes(2)).toThrow('the row must be 0 to 1 (got 2)');
  expect(() => arena.requestBytes(-1)).toThrow('(got -1)');
});
