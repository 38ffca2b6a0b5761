import { afterEach, describe, expect, test } from 'vitest';
import { type EngineOptions, LocalEngine } from './harness.ts';
import {
  ANSWER,
  inChunks,
  type RawHandler,
  type RawServer,
  startRawServer,
  STREAM,
  STREAM_END,
  STREAM_HEAD,
  thought,
  token,
  withLength,
  writeSlowly,
} from './raw-server.ts';

const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json';
const CONTENT = 0;
const REASONING = 1;

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function against(handle: RawHandler, options: Partial<EngineOptions> = {}) {
  const server: RawServer = await startRawServer(handle);
  closing.push(() => server.close());
  const engine = new LocalEngine({ urls: [server.url], ...options });
  closing.push(() => engine.close());
  return { server, engine };
}

describe('a whole answer', () => {
  test.each([
    ['with its length', withLength(ANSWER)],
    ['with another status of success', withLength(ANSWER, 'HTTP/1.1 201 Created')],
    ['in chunks', inChunks(ANSWER, 7, JSON_HEAD)],
    ['after an interim response', `HTTP/1.1 100 Continue\r\n\r\n${withLength(ANSWER)}`],
  ])('%s is recorded, and the connection used again', async (_, response) => {
    const { server, engine } = await against(({ socket }) => socket.write(response));
    const samples = await engine.sendOneByOne(4);
    for (const [index, sample] of samples.entries()) {
      expect(sample).toMatchObject({
        topics: ['sample.issued', 'sample.complete'],
        row: index % 3,
        finishReason: 'stop',
        usage: [3, 2],
        output: { output: 'Hello wörld', reasoning: null, toolCalls: null },
      });
      expect(sample.dueNs).toBe(sample.issuedNs);
      expect(sample.completedNs).toBeGreaterThan(sample.issuedNs);
    }
    expect(samples).toHaveLength(4);
    expect(server.accepted).toBe(1);
  });

  test('comes from a name with several addresses, of which one answers', async () => {
    const server = await startRawServer(({ socket }) => socket.write(withLength(ANSWER)));
    closing.push(() => server.close());
    const engine = new LocalEngine({ urls: [`http://localhost:${server.port}`] });
    closing.push(() => engine.close());
    expect((await engine.sendOneByOne())[0]!.output!.output).toBe('Hello wörld');
  });

  test('is the same when each byte comes in a read of its own', async () => {
    const response = Buffer.from(inChunks(ANSWER, 50, JSON_HEAD));
    const { server, engine } = await against(({ socket }) => void writeSlowly(socket, bytesOf(response)));
    const samples = await engine.sendOneByOne(2);
    expect(samples.map(({ output }) => output?.output)).toEqual(['Hello wörld', 'Hello wörld']);
    expect(server.accepted).toBe(1);
  });

  test.each([
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n'],
    ['HTTP/1.1 without a length', `${JSON_HEAD}\r\n\r\n`],
  ])('of %s lasts until the connection closes', async (_, head) => {
    const { server, engine } = await against(({ socket }) => socket.end(head + ANSWER));
    const samples = await engine.sendOneByOne(2);
    expect(samples.map(({ output }) => output?.output)).toEqual(['Hello wörld', 'Hello wörld']);
    expect(server.accepted).toBe(2);
  });

  test('with Connection: close spends its connection', async () => {
    const response = withLength(ANSWER, `${JSON_HEAD}\r\nConnection: close`);
    const { server, engine } = await against(({ socket }) => socket.write(response));
    expect((await engine.sendOneByOne(2)).map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(server.accepted).toBe(2);
  });

  test('with bytes behind it counts, and spends its connection', async () => {
    const { server, engine } = await against(({ socket }) => socket.write(`${withLength(ANSWER)}HTTP/1.1`));
    expect((await engine.sendOneByOne(2)).map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(server.accepted).toBe(2);
  });

  test('of megabytes comes through, as does a request of megabytes', async () => {
    const content = 'ü'.repeat(2 ** 21);
    const answer = JSON.stringify({ id: 'x', choices: [{ message: { content }, finish_reason: 'length' }] });
    const prompt = 'p'.repeat(2 ** 22);
    const { server, engine } = await against(({ socket }) => socket.write(withLength(answer)), {
      rows: [{ prompt }],
    });
    const [sample] = await engine.sendOneByOne();
    expect(sample!.error).toBeUndefined();
    expect(sample!.output!.output).toBe(content);
    expect(sample!.usage).toEqual([NaN, NaN]);
    expect(server.requests[0]!.text).toContain(prompt);
  });

  test('that comes before the request was read in full spends its connection', async () => {
    const server = await startRawServer(() => undefined);
    closing.push(() => server.close());
    const engine = new LocalEngine({ urls: [server.url], rows: [{ prompt: 'p'.repeat(2 ** 24) }] });
    closing.push(() => engine.close());
    const phase = engine.run({ pattern: 'concurrency', concurrency: 1 }, { maxSamples: 2 });
    for (let answered = 0; answered < 2;) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (server.accepted === answered) continue;
      const socket = [...server.open].at(-1)!;
      socket.pause();
      socket.write(withLength('too much', 'HTTP/1.1 413 Content Too Large'));
      answered += 1;
    }
    await phase;
    expect(engine.samples().map(({ error }) => error?.errorType)).toEqual(['http_413', 'http_413']);
    expect(server.accepted).toBe(2);
  });
});

describe('a stream', () => {
  test('is told chunk by chunk, with the channel each opens', async () => {
    const response = inChunks(STREAM, 60, STREAM_HEAD);
    const { server, engine } = await against(({ socket }) => socket.write(response), { streaming: true });
    const samples = await engine.sendOneByOne(2);
    for (const sample of samples) expectWholeStream(sample);
    expect(server.accepted).toBe(1);
  });

  test('is the same wherever it is cut', async () => {
    const response = inChunks(STREAM, 41, STREAM_HEAD);
    const { server, engine } = await against(
      ({ socket, nth }) =>
        void writeSlowly(socket, [response.subarray(0, nth + 1), response.subarray(nth + 1)]),
      { streaming: true },
    );
    const samples = await engine.sendOneByOne(response.length - 1);
    for (const sample of samples) expectWholeStream(sample);
    expect(samples).toHaveLength(response.length - 1);
    expect(server.accepted).toBe(1);
  });

  test('is the same when each byte comes in a read of its own, with CR LF as well', async () => {
    const bodies = [STREAM, STREAM.replaceAll('\n', '\r\n')];
    const { engine } = await against(
      ({ socket, nth }) => void writeSlowly(socket, bytesOf(inChunks(bodies[nth]!, 99, STREAM_HEAD))),
      { streaming: true },
    );
    for (const sample of await engine.sendOneByOne(2)) expectWholeStream(sample);
  });

  test('has the stamps of the reads that brought its chunks', async () => {
    const pieces = ['one', ' two', ' three'].map(token);
    const { engine } = await against(
      ({ socket }) => {
        socket.write(`${STREAM_HEAD}\r\nConnection: close\r\n\r\n`);
        const next = () => {
          const piece = pieces.shift();
          if (piece === undefined) socket.end(STREAM_END);
          else socket.write(piece, () => setTimeout(next, 30));
        };
        setTimeout(next, 30);
      },
      { streaming: true },
    );
    const [sample] = await engine.sendOneByOne();
    const stamps = [sample!.issuedNs, ...sample!.chunksNs, sample!.completedNs];
    expect(sample!.chunksNs).toHaveLength(3);
    // A timer of Node may be early by less than a millisecond, never by more.
    for (const [index, stamp] of stamps.slice(1).entries()) {
      expect(stamp - stamps[index]!).toBeGreaterThan(25e6);
    }
  });

  test('is read as a stream when it was not asked for, or does not say what it is', async () => {
    const heads = [STREAM_HEAD, 'HTTP/1.1 200 OK\r\nContent-Type: text/plain', 'HTTP/1.1 200 OK'];
    const { engine } = await against(({ socket, nth }) => socket.write(inChunks(STREAM, 500, heads[nth]!)));
    for (const sample of await engine.sendOneByOne(3)) expectWholeStream(sample);
  });

  test('that was asked for may be a whole answer', async () => {
    const { engine } = await against(({ socket }) => socket.write(withLength(ANSWER)), { streaming: true });
    const [sample] = await engine.sendOneByOne();
    expect(sample).toMatchObject({ topics: ['sample.issued', 'sample.complete'], usage: [3, 2] });
    expect(sample!.output!.output).toBe('Hello wörld');
  });

  test('without anything but its end is an empty answer', async () => {
    const { engine } = await against(
      ({ socket }) => socket.write(inChunks('data: [DONE]\n\n', 5, STREAM_HEAD)),
      {
        streaming: true,
      },
    );
    const [sample] = await engine.sendOneByOne();
    expect(sample!.error?.errorType).toBe('empty_answer');
  });

  test('may switch channels without opening one twice', async () => {
    const body = token('a') + thought('b') + token('c') + thought('d') + STREAM_END;
    const { engine } = await against(({ socket }) => socket.write(inChunks(body, 64, STREAM_HEAD)), {
      streaming: true,
    });
    const [sample] = await engine.sendOneByOne();
    expect(sample!.channels).toEqual([CONTENT, REASONING, undefined, undefined]);
  });
});

function expectWholeStream(sample: Awaited<ReturnType<LocalEngine['sendOneByOne']>>[number]): void {
  expect(sample).toMatchObject({
    topics: [
      'sample.issued',
      'sample.recv_first',
      'sample.recv_non_first',
      'sample.recv_non_first',
      'sample.recv_non_first',
      'sample.complete',
    ],
    channels: [REASONING, undefined, CONTENT, undefined],
    finishReason: 'length',
    usage: [7, 4],
    output: { output: 'Héllo 🌍', reasoning: ['hm', ' so'], toolCalls: null },
    error: undefined,
  });
}

function bytesOf(response: Uint8Array): Uint8Array[] {
  return Array.from(response, (_, index) => response.subarray(index, index + 1));
}
