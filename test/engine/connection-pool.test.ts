import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRunClock, type Nanoseconds, type RunClock } from '../../src/core/time.ts';
import { RequestArena } from '../../src/dataset/arena.ts';
import { BatchWriter } from '../../src/engine/batch-writer.ts';
import { RandomSource } from '../../src/core/random.ts';
import { FAILURES_BEFORE_BACK_OFF } from '../../src/engine/back-off.ts';
import { ConnectionPool } from '../../src/engine/connection-pool.ts';
import { Connector } from '../../src/engine/connector.ts';
import { Deadlines } from '../../src/engine/deadlines.ts';
import { SampleRecorder } from '../../src/engine/sample-recorder.ts';
import { COUNTERS } from '../../src/engine/worker-messages.ts';
import { decodeBatch } from '../../src/events/columnar-codec.ts';
import { adapterOf } from '../../src/protocol/adapters.ts';
import { parseEndpoint } from '../../src/protocol/endpoint.ts';
import { encodeRequest } from '../../src/protocol/http-request.ts';
import { FRAME_HEADER_BYTES } from '../../src/transport/frame.ts';
import { eventsOf, type SeenEvent } from './harness.ts';
import {
  ANSWER,
  type RawRequest,
  type RawServer,
  startRawServer,
  type TlsFiles,
  withLength,
} from './raw-server.ts';
import { SELF_SIGNED } from './self-signed.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A pool whose clock the test can put forward, and a server that answers when told. */
class Bench {
  readonly server: RawServer;
  readonly pool: ConnectionPool;
  readonly clock: RunClock;
  readonly events: SeenEvent[] = [];
  ended = 0;
  aheadNs = 0;
  readonly #writer: BatchWriter;

  private constructor(server: RawServer, maxConnections: number, reuse: boolean) {
    const real = createRunClock();
    const clock = { originNs: real.originNs, nowNs: () => (real.nowNs() + this.aheadNs) as Nanoseconds };
    this.clock = clock;
    const endpoint = parseEndpoint(server.url);
    const adapter = adapterOf('chat');
    this.server = server;
    this.#writer = new BatchWriter(0, (frame) =>
      this.events.push(...eventsOf(decodeBatch(frame.subarray(FRAME_HEADER_BYTES)))),
    );
    const counters = new Int32Array(new SharedArrayBuffer(4 * COUNTERS.length));
    const tools = {
      clock,
      recorder: new SampleRecorder(this.#writer, counters),
      connectDeadlines: new Deadlines(clock, 1000),
      answerDeadlines: new Deadlines(clock, 1000),
      endingDeadlines: new Deadlines(clock, 10),
    };
    this.pool = new ConnectionPool({
      connector: new Connector(endpoint, Buffer.alloc(65536), { tlsVerify: false }),
      reader: adapter.createReader(),
      requests: RequestArena.build(1000, (row) =>
        encodeRequest(endpoint, adapter.path, Buffer.from(`{"row":${row}}`), { streaming: false }),
      ),
      tools,
      maxConnections,
      reuse,
      streaming: false,
      random: new RandomSource(1),
      onSampleEnd: () => (this.ended += 1),
    });
    closing.push(() => {
      this.pool.close();
      tools.connectDeadlines.close();
      tools.answerDeadlines.close();
    });
  }

  static async start(maxConnections: number, reuse = true, tls?: TlsFiles): Promise<Bench> {
    const server = await startRawServer(() => undefined, tls);
    closing.push(() => server.close());
    return new Bench(server, maxConnections, reuse);
  }

  /** Sends samples `from` to `to - 1`, each with its number as row. */
  send(from: number, to: number): void {
    for (let seq = from; seq < to; seq++) this.pool.send(seq, seq, NaN);
  }

  async untilReceived(requests: number): Promise<readonly RawRequest[]> {
    await until(() => this.server.requests.length >= requests);
    return this.server.requests;
  }

  async untilEnded(samples: number): Promise<void> {
    await until(() => this.ended >= samples);
    this.#writer.flush();
  }
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { interval: 1, timeout: 15_000 });
}

function answer({ socket }: RawRequest): void {
  socket.write(withLength(ANSWER));
}

function rowOf({ text }: RawRequest): number {
  return Number(/"row":(\d+)/.exec(text)![1]);
}

test('never opens more connections than the cap, and serves those who wait in their order', async () => {
  const bench = await Bench.start(3);
  bench.send(0, 40);
  for (let answered = 0; answered < 40; answered++) {
    const requests = await bench.untilReceived(Math.min(answered + 3, 40));
    expect(requests).toHaveLength(Math.min(answered + 3, 40));
    answer(requests[answered]!);
    await bench.untilEnded(answered + 1);
  }
  expect(bench.server.accepted).toBe(3);
  // The first three may overtake each other on their way to the server.
  const rows = bench.server.requests.map(rowOf);
  expect(rows.slice(0, 3).toSorted()).toEqual([0, 1, 2]);
  expect(rows.slice(3)).toEqual(Array.from({ length: 37 }, (_, index) => index + 3));
  const issued = bench.events.filter(({ topic }) => topic === 'sample.issued').map(({ seq }) => seq);
  expect(issued).toEqual(Array.from({ length: 40 }, (_, index) => index));
});

test('uses the connection that was used last', async () => {
  const bench = await Bench.start(10);
  bench.send(0, 3);
  const first = [...(await bench.untilReceived(3))];
  for (const [index, request] of first.entries()) {
    answer(request);
    await bench.untilEnded(index + 1);
  }
  for (let nth = 3; nth < 6; nth++) {
    bench.send(nth, nth + 1);
    const request = (await bench.untilReceived(nth + 1)).at(-1)!;
    expect(request.connection).toBe(first[2]!.connection);
    answer(request);
    await bench.untilEnded(nth + 1);
  }
  expect(bench.server.accepted).toBe(3);
});

describe('idle connections', () => {
  test('of more than 4 s are not used again', async () => {
    const bench = await Bench.start(10);
    expect(await bench.pool.warm(3)).toMatchObject({ opened: 3, failed: 0 });
    bench.aheadNs = 3.9e9;
    bench.send(0, 1);
    answer((await bench.untilReceived(1))[0]!);
    await bench.untilEnded(1);
    expect(bench.server.accepted).toBe(3);
    bench.aheadNs = 8.1e9;
    bench.send(1, 2);
    answer((await bench.untilReceived(2))[1]!);
    await bench.untilEnded(2);
    expect(bench.server.accepted).toBe(4);
    await until(() => bench.server.open.size === 1);
  });

  test('are closed after 4 s, the fresh ones kept', async () => {
    const bench = await Bench.start(10);
    await bench.pool.warm(3);
    bench.aheadNs = 3e9;
    bench.send(0, 1);
    answer((await bench.untilReceived(1))[0]!);
    await bench.untilEnded(1);
    bench.pool.discardIdle(bench.clock.nowNs());
    bench.aheadNs = 6e9;
    bench.pool.discardIdle(bench.clock.nowNs());
    await until(() => bench.server.open.size === 1);
    bench.send(1, 2);
    answer((await bench.untilReceived(2))[1]!);
    await bench.untilEnded(2);
    expect(bench.server.accepted).toBe(3);
  });

  test('closed by the server are forgotten, and make room under the cap', async () => {
    const bench = await Bench.start(2);
    await bench.pool.warm(2);
    await until(() => bench.server.open.size === 2);
    for (const socket of bench.server.open) socket.end();
    await until(() => bench.server.open.size === 0);
    bench.send(0, 2);
    for (const request of await bench.untilReceived(2)) answer(request);
    await bench.untilEnded(2);
    expect(bench.events.filter(({ topic }) => topic === 'error.generic')).toEqual([]);
    expect(bench.server.accepted).toBe(4);
  });
});

describe('connections reset before their request could be written', () => {
  // The pool's thread is ours, so it cannot have read of a reset when it is told to send.
  test.each([
    ['TCP', undefined],
    ['TLS', SELF_SIGNED],
  ])('are given up for others, and the sample is issued once: %s', async (_what, tls) => {
    const bench = await Bench.start(3, true, tls);
    await bench.pool.warm(2);
    await until(() => bench.server.open.size === 2);
    bench.server.reset();
    const beforeNs = bench.clock.nowNs();
    bench.send(0, 3);
    for (const request of await bench.untilReceived(3)) answer(request);
    await bench.untilEnded(3);
    expect(bench.pool.resent).toBe(2);
    expect(bench.server.accepted).toBe(5);
    expect(bench.server.requests.map(rowOf).toSorted()).toEqual([0, 1, 2]);
    expect(bench.events.filter(({ topic }) => topic === 'error.generic')).toEqual([]);
    const issued = bench.events.filter(({ topic }) => topic === 'sample.issued');
    expect(issued.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    for (const { atNs } of issued) expect(atNs).toBeGreaterThan(beforeNs);
  });

  test('let a sample that waited keep its turn', async () => {
    const bench = await Bench.start(1);
    bench.send(0, 4);
    const [first] = await bench.untilReceived(1);
    answer(first!);
    bench.server.reset();
    for (let nth = 1; nth < 4; nth++) answer((await bench.untilReceived(nth + 1))[nth]!);
    await bench.untilEnded(4);
    expect(bench.pool.resent).toBe(1);
    expect(bench.server.accepted).toBe(2);
    expect(bench.server.requests.map(rowOf)).toEqual([0, 1, 2, 3]);
    expect(bench.events.filter(({ topic }) => topic === 'error.generic')).toEqual([]);
  });

  test('or closed, likewise: the server never saw the request', async () => {
    const bench = await Bench.start(1);
    await bench.pool.warm(1);
    await until(() => bench.server.open.size === 1);
    for (const socket of bench.server.open) socket.destroy();
    bench.send(0, 1);
    answer((await bench.untilReceived(1))[0]!);
    await bench.untilEnded(1);
    expect(bench.pool.resent).toBe(1);
    expect(bench.server.accepted).toBe(2);
    expect(bench.events.map(({ topic }) => topic)).toEqual(['sample.issued', 'sample.complete']);
  });
});

test('a server that ends only its own side behind each response, and reads on, fails one sample at most', async () => {
  const bench = await Bench.start(1);
  bench.send(0, 8);
  let seen = 0;
  await until(() => {
    for (const request of bench.server.requests.slice(seen)) {
      seen += 1;
      if (request.nth > 0) continue;
      answer(request);
      request.socket.end();
    }
    return bench.ended === 8;
  });
  await bench.untilEnded(8);
  const failed = bench.events.filter(({ topic }) => topic === 'error.generic');
  expect(failed.length).toBeLessThanOrEqual(1);
  // What was sent was sent once.
  expect(bench.server.requests.map(rowOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

describe('warming', () => {
  test('opens connections within the cap, which then carry samples', async () => {
    const bench = await Bench.start(150);
    expect(await bench.pool.warm(400)).toEqual({ opened: 150, failed: 0, failure: undefined });
    expect(await bench.pool.warm(1)).toEqual({ opened: 0, failed: 0, failure: undefined });
    bench.send(0, 150);
    for (const request of await bench.untilReceived(150)) answer(request);
    await bench.untilEnded(150);
    expect(bench.server.accepted).toBe(150);
    expect(bench.pool.opened).toBe(150);
  });

  test('of a server that is not there tells why', async () => {
    const bench = await Bench.start(10);
    await bench.server.close();
    const result = await bench.pool.warm(4);
    expect(result).toMatchObject({ opened: 0, failed: 4, failure: { errorType: 'connection_refused' } });
    expect(bench.pool.connectFailures).toBe(4);
    expect(bench.ended).toBe(0);
  });
});

test('each failed attempt to connect ends the sample that has waited longest', async () => {
  const bench = await Bench.start(4);
  await bench.server.close();
  const count = FAILURES_BEFORE_BACK_OFF - 1;
  bench.send(0, count);
  await bench.untilEnded(count);
  const ended = bench.events.filter(({ topic }) => topic === 'sample.complete').map(({ seq }) => seq);
  expect(ended).toEqual(Array.from({ length: count }, (_, index) => index));
  expect(bench.pool.connectFailures).toBe(count);
  expect(bench.pool.backOffMs).toBe(0);
});

describe('a server that refuses every connection', () => {
  test('is left alone for ever longer times, and each attempt ends all that wait', async () => {
    const bench = await Bench.start(4);
    await bench.server.close();
    bench.send(0, 300);
    await bench.untilEnded(300);
    const attempts = bench.pool.connectFailures;
    expect(attempts).toBeLessThan(FAILURES_BEFORE_BACK_OFF + 4);
    for (let batch = 1; batch <= 4; batch++) {
      bench.send(300 * batch, 300 * (batch + 1));
      await bench.untilEnded(300 * (batch + 1));
    }
    expect(bench.pool.connectFailures).toBeLessThan(attempts + 8);
    // Pauses of 10, 20, 40 and 80 ms, or half of that.
    expect(bench.pool.backOffMs).toBeGreaterThan(70);
    const failed = bench.events.filter(({ topic }) => topic === 'error.generic');
    expect(failed.map(({ seq }) => seq)).toEqual(Array.from({ length: 1500 }, (_, index) => index));
    expect(new Set(failed.map(({ error }) => error!.errorType))).toEqual(new Set(['connection_refused']));
  });

  test('is found again when it is back', async () => {
    const bench = await Bench.start(4);
    const { port } = bench.server;
    await bench.server.close();
    bench.send(0, 50);
    await bench.untilEnded(50);
    // Attempts that were under way end too, and would take what is sent now with them.
    await until(() => bench.pool.connectFailures === FAILURES_BEFORE_BACK_OFF + 3);
    const sockets: Socket[] = [];
    const again = createServer((socket) => {
      sockets.push(socket);
      socket.on('data', () => socket.write(withLength(ANSWER))).on('error', () => undefined);
      closing.push(() => socket.destroy());
    });
    again.listen(port, '127.0.0.1');
    await once(again, 'listening');
    closing.push(() => again.close());
    bench.send(50, 60);
    await bench.untilEnded(60);
    expect(bench.events.filter(({ topic }) => topic === 'error.generic')).toHaveLength(50);
    expect(bench.pool.opened).toBe(4);
    // The back-off is over, not only the pause: each attempt ends one sample again.
    again.close();
    for (const socket of sockets) socket.destroy();
    await sleep(50);
    const before = bench.pool.connectFailures;
    bench.send(60, 70);
    await bench.untilEnded(70);
    expect(bench.pool.connectFailures - before).toBe(10);
  });

  test('is not tried again once the pool is closed, and no timer stays', async () => {
    const bench = await Bench.start(4);
    await bench.server.close();
    // Until pauses are 40 ms at least.
    for (let batch = 0; batch < 4; batch++) {
      bench.send(50 * batch, 50 * (batch + 1));
      await bench.untilEnded(50 * (batch + 1));
    }
    bench.send(200, 250);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const [attempts, before] = [bench.pool.connectFailures, timers()];
    bench.pool.close();
    expect(timers()).toBe(before - 1);
    await sleep(100);
    expect(bench.pool.connectFailures).toBe(attempts);
  });

  test('does not hold up the warming', async () => {
    const bench = await Bench.start(500);
    await bench.server.close();
    expect(await bench.pool.warm(500)).toMatchObject({ opened: 0, failed: 500 });
    expect(bench.pool.connectFailures).toBeLessThan(200);
  });
});
