import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { monotonicNs } from '../core/time.ts';
import { answerText } from './answer-frames.ts';
import { parseFailureMode } from './failure-modes.ts';
import { parseDistribution } from './latency-model.ts';
import { type MockServer, type MockServerOptions, startMockServer } from './mock-server.ts';
import type { TruthRecord } from './truth-log.ts';

let server: MockServer | undefined;

afterEach(() => server?.close());

interface Timing {
  readonly ttft?: string;
  readonly gap?: string;
  readonly tokens?: string;
}

async function start(timing: Timing = {}, options: MockServerOptions = {}): Promise<MockServer> {
  const latency = {
    ttftMs: parseDistribution('ttft', timing.ttft ?? '0'),
    interTokenMs: parseDistribution('gap', timing.gap ?? '0'),
    outputTokens: parseDistribution('tokens', timing.tokens ?? '4'),
  };
  server = await startMockServer({ ...options, latency });
  return server;
}

async function post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(server!.url + path, { method: 'POST', body: JSON.stringify(body), ...init });
}

const chat = (fields: object = {}, content = '#3 how are you') =>
  post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content }], ...fields });

/** The data of each message of a stream. */
function messagesOf(text: string): string[] {
  return text
    .split('\n\n')
    .filter((message) => message !== '')
    .map((message) => message.replace(/^data: /, ''));
}

interface Chunk {
  readonly choices: readonly {
    readonly delta?: { readonly role?: string; readonly content?: string };
    readonly text?: string;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: unknown;
}

/** The truth, once as many requests have come to an end. */
async function endedTruth(count: number): Promise<TruthRecord[]> {
  for (;;) {
    const records = server!.truth();
    if (records.filter(({ outcome }) => outcome !== 'pending').length >= count) return records;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('answers', () => {
  test('a chat stream: role, tokens, finish reason, usage, terminator', async () => {
    await start();
    const response = await chat({ stream: true, stream_options: { include_usage: true } });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const messages = messagesOf(await response.text());
    expect(messages.at(-1)).toBe('[DONE]');
    const chunks = messages.slice(0, -1).map((message) => JSON.parse(message) as Chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta?.content)).toEqual([
      '',
      'the',
      ' quick',
      ' brown',
      ' fox',
      undefined,
      undefined,
    ]);
    expect(chunks[0]!.choices[0]!.delta!.role).toBe('assistant');
    expect(chunks[5]!.choices[0]!.finish_reason).toBe('stop');
    expect(chunks[6]).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 4, total_tokens: 8 },
    });
  });

  test('a completions stream without usage', async () => {
    await start();
    const response = await post('/v1/completions', { prompt: 'a b', stream: true, max_tokens: 2 });
    const messages = messagesOf(await response.text());
    expect(messages.pop()).toBe('[DONE]');
    const choices = messages.map((message) => (JSON.parse(message) as Chunk).choices[0]!);
    expect(choices.map(({ text, finish_reason: reason }) => [text, reason])).toEqual([
      ['the', null],
      [' quick', null],
      ['', 'length'],
    ]);
  });

  test('whole answers of both APIs', async () => {
    await start({ tokens: '30' });
    expect(await (await chat({ model: 'modèle "x"' })).json()).toMatchObject({
      object: 'chat.completion',
      model: 'modèle "x"',
      choices: [{ message: { role: 'assistant', content: answerText(30) }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 4, completion_tokens: 30, total_tokens: 34 },
    });
    expect(
      await (await post('/v1/completions', { prompt: 'x', max_completion_tokens: 2 })).json(),
    ).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'the quick', finish_reason: 'length' }],
      usage: { completion_tokens: 2 },
    });
  });

  test('models, health, and refusals', async () => {
    await start({}, { modelName: 'tiny' });
    expect(await (await fetch(`${server!.url}/v1/models`)).json()).toMatchObject({ data: [{ id: 'tiny' }] });
    expect((await fetch(`${server!.url}/health`)).status).toBe(200);
    expect((await fetch(`${server!.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${server!.url}/v1/chat/completions`)).status).toBe(405);
    const refused = await chat({ messages: 'hi' });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { message: 'messages must be a list of messages' } });
    expect(server!.truth()).toMatchObject([{ outcome: 'rejected', status: 400 }]);
  });
});

describe('truth', () => {
  test('brackets what the client saw, on the same clock', async () => {
    await start({ ttft: '15', gap: '4', tokens: '5' });
    const sentNs = monotonicNs();
    await (await chat({ stream: true })).text();
    const seenNs = monotonicNs();
    const [record] = await endedTruth(1);
    expect(record).toMatchObject({ index: 0, api: 'chat', stream: true, outcome: 'ok', status: 200 });
    expect(record).toMatchObject({ promptNumber: 3, promptTokens: 4, outputTokens: 5 });
    const { receivedNs, firstTokenNs, endNs } = record!;
    const tokenNs = record!.tokenNs!;
    const inOrder = [sentNs, receivedNs, ...tokenNs, endNs!, seenNs];
    expect(inOrder.every((ns, i) => i === 0 || inOrder[i - 1]! <= ns)).toBe(true);
    expect(firstTokenNs).toBe(tokenNs[0]);
    tokenNs.forEach((ns, i) =>
      expect(ns - receivedNs).toBeGreaterThanOrEqual(15_000_000n + BigInt(i) * 4_000_000n),
    );
  });

  test('a whole answer comes when its last token would', async () => {
    await start({ ttft: '10', gap: '5', tokens: '3' });
    await (await chat()).text();
    const [{ receivedNs, endNs, firstTokenNs, tokenNs, outputTokens }] = (await endedTruth(1)) as [
      TruthRecord,
    ];
    expect(endNs! - receivedNs).toBeGreaterThanOrEqual(20_000_000n);
    expect([firstTokenNs, tokenNs, outputTokens]).toEqual([endNs, null, 3]);
  });

  test('is given out as lines, and cleared', async () => {
    await start();
    for (let request = 0; request < 600; request++) await (await chat({ stream: request % 2 === 0 })).text();
    const response = await fetch(`${server!.url}/truth?tokens=1`);
    expect(response.headers.get('x-truth-records')).toBe('600');
    const lines = (await response.text()).trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { index: number; token_ns: string[] | null });
    expect(records.map(({ index }) => index)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(records[0]!.token_ns).toHaveLength(4);
    expect(records[1]!.token_ns).toBeNull();
    await fetch(`${server!.url}/truth`, { method: 'DELETE' });
    expect(await (await fetch(`${server!.url}/truth`)).text()).toBe('');
    expect(server!.truth()).toEqual([]);
  });

  test('a client that goes away is an aborted request with the tokens it got', async () => {
    await start({ gap: '20', tokens: '1000' });
    const stop = new AbortController();
    const response = await post('/v1/completions', { prompt: 'x', stream: true }, { signal: stop.signal });
    await response.body!.getReader().read();
    stop.abort();
    const [record] = await endedTruth(1);
    expect(record!.outcome).toBe('aborted');
    expect(record!.outputTokens).toBeGreaterThanOrEqual(1);
    expect(record!.tokenNs).toHaveLength(record!.outputTokens);
  });

  test('the same seed draws the same answers in order of arrival, whatever happens to them', async () => {
    const lengths = async (stream: boolean) => {
      await start({ tokens: 'lognormal:20,1', gap: 'normal:0.1,0.1' }, { seed: 5 });
      for (let request = 0; request < 12; request++) await (await chat({ stream })).text();
      const records = await endedTruth(12);
      await server!.close();
      return records.map(({ outputTokens }) => outputTokens);
    };
    const wanted = await lengths(false);
    expect(new Set(wanted).size).toBeGreaterThan(5);
    expect(await lengths(true)).toEqual(wanted);
  });
});

describe('failures', () => {
  async function startFailing(mode: string): Promise<void> {
    await start({ tokens: '10' }, { failures: [parseFailureMode(`${mode}=1`)] });
  }

  async function outcome(): Promise<unknown[]> {
    const [record] = await endedTruth(1);
    return [record!.outcome, record!.status, record!.outputTokens];
  }

  const bothKinds = [{ stream: true }, { stream: false }];

  test.each(bothKinds)('status, %j', async (fields) => {
    await startFailing('status:503');
    const response = await chat(fields);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { type: 'server_error' } });
    expect(await outcome()).toEqual(['status', 503, 0]);
  });

  test.each(bothKinds)('reset, %j', async (fields) => {
    await startFailing('reset');
    await expect(chat(fields)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(await outcome()).toEqual(['reset', 200, 0]);
  });

  test.each(bothKinds)('cut, %j', async (fields) => {
    await startFailing('cut');
    const response = await chat(fields);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(await outcome()).toEqual(['cut', 200, fields.stream ? 5 : 0]);
  });

  test.each(bothKinds)('stall, %j: half, then nothing until the client gives up', async (fields) => {
    await startFailing('stall');
    const response = await chat(fields);
    const reader = response.body!.getReader();
    const first = await reader.read();
    expect(first.done).toBe(false);
    const wanted = ['stall', 200, fields.stream ? 5 : 0];
    expect(await outcome()).toEqual(wanted);
    await reader.cancel();
    expect(await outcome()).toEqual(wanted);
  });

  test.each(bothKinds)('garbage, %j', async (fields) => {
    await startFailing('garbage');
    const text = await (await chat(fields)).text();
    const messages = fields.stream ? messagesOf(text).filter((message) => message !== '[DONE]') : [text];
    const isJson = messages.map((message) => {
      try {
        return typeof JSON.parse(message) === 'object';
      } catch {
        return false;
      }
    });
    expect(isJson.filter((valid) => !valid)).toHaveLength(1);
    expect(await outcome()).toEqual(['garbage', 200, fields.stream ? 5 : 0]);
  });

  test.each(bothKinds)('error, %j', async (fields) => {
    await startFailing('error');
    const response = await chat(fields);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('{"error":{"message":"mock server failure');
    expect(await outcome()).toEqual(['error', 200, fields.stream ? 5 : 0]);
  });

  test.each(bothKinds)('empty, %j', async (fields) => {
    await startFailing('empty');
    const text = await (await post('/v1/completions', { prompt: 'x', ...fields })).text();
    expect(text).toBe(fields.stream ? 'data: [DONE]\n\n' : '');
    expect(await outcome()).toEqual(['empty', 200, 0]);
  });

  test('too much probability is refused before anything listens', async () => {
    const failures = ['cut=0.9', 'stall=0.9'].map(parseFailureMode);
    await expect(startMockServer({ failures })).rejects.toMatchObject({ code: 'INFEROMETER_MOCK_FAILURE' });
  });
});

describe('HTTP/1.1 on a raw socket', () => {
  /** Sends the text, gives what came until the server closed or `count` answers were there. */
  async function exchange(
    text: string,
    isComplete: (answer: string) => boolean = () => false,
  ): Promise<string> {
    const socket = connect(server!.port, '127.0.0.1');
    socket.write(text);
    let answer = '';
    for await (const bytes of socket as AsyncIterable<Buffer>) {
      answer += bytes.toString();
      if (isComplete(answer)) break;
    }
    socket.destroy();
    return answer;
  }

  const request = (body: object, head = '', version = '1.1') => {
    const text = JSON.stringify(body);
    return `POST /v1/completions HTTP/${version}\r\n${head}Content-Length: ${text.length}\r\n\r\n${text}`;
  };

  test('answers pipelined requests one by one and in order', async () => {
    const many = Array.from({ length: 20 }, (_, i) =>
      request({ prompt: 'x', max_tokens: i + 1, stream: i % 2 === 1 }),
    );
    await start({ ttft: '3', tokens: '50' });
    const answer = await exchange(many.join('') + 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(server!.truth().map(({ outputTokens }) => outputTokens)).toEqual(many.map((_, i) => i + 1));
    expect(answer.split('HTTP/1.1 200 OK')).toHaveLength(22);
    expect(answer.endsWith('{"status":"ok"}')).toBe(true);
  });

  test('does not recurse over thousands of pipelined requests', async () => {
    await start();
    const answer = await exchange('GET /health HTTP/1.1\r\n\r\n'.repeat(20_000) + 'GET /x HTTP/1.0\r\n\r\n');
    expect(answer.split('{"status":"ok"}')).toHaveLength(20_001);
  });

  test('streams to HTTP/1.0 without chunks and closes', async () => {
    await start({ tokens: '2' });
    const answer = await exchange(
      request({ prompt: 'x', stream: true }, 'Connection: keep-alive\r\n', '1.0'),
    );
    expect(answer).not.toContain('chunked');
    expect(
      messagesOf(answer.slice(answer.indexOf('\r\n\r\n') + 4)).map((message) => message.slice(0, 6)),
    ).toEqual(['{"id":', '{"id":', '{"id":', '[DONE]']);
  });

  test('asks for the body of a client that waits', async () => {
    await start();
    const answer = await exchange(request({ prompt: 'x' }, 'Expect: 100-continue\r\nConnection: close\r\n'));
    expect(answer.startsWith('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n')).toBe(true);
  });

  test('refuses what is no HTTP and closes', async () => {
    await start();
    const answer = await exchange('hello\r\n\r\n');
    expect(answer.startsWith('HTTP/1.1 400 Bad Request\r\n')).toBe(true);
    expect(answer).toContain('Connection: close');
  });
});

describe('start and close', () => {
  test('a taken port is a setup error that names it', async () => {
    const { port } = await start();
    await expect(startMockServer({ port })).rejects.toMatchObject({
      code: 'INFEROMETER_MOCK_LISTEN',
      kind: 'setup',
    });
    await expect(startMockServer({ port })).rejects.toThrow(`127.0.0.1:${port}`);
  });

  test('close drops open connections and may be called twice', async () => {
    const { port } = await start({ ttft: '60000' });
    const socket: Socket = connect(port, '127.0.0.1');
    socket.write('POST /v1/completions HTTP/1.1\r\nContent-Length: 14\r\n\r\n{"prompt":"x"}');
    while (server!.truth().length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const gone = new Promise((resolve) => socket.on('error', resolve).on('close', resolve).resume());
    await Promise.all([server!.close(), server!.close(), gone]);
    await expect(fetch(server!.url)).rejects.toThrow('fetch failed');
  });
});

test('with slots, an answer that finds none free begins when one becomes free', async () => {
  await start({ ttft: '60', tokens: '1' }, { slots: 1 });
  await Promise.all([chat(), chat(), chat()].map(async (response) => (await response).text()));
  const truth = server!.truth();
  const receivedMs = Math.min(...truth.map(({ receivedNs }) => Number(receivedNs) / 1e6));
  const firstTokensMs = truth.map(({ firstTokenNs }) => Number(firstTokenNs!) / 1e6 - receivedMs);
  // One after another, each after its own time to first token, or later on a busy machine; a timer may be up to 1 ms early.
  for (const [nth, ms] of firstTokensMs.toSorted((a, b) => a - b).entries()) {
    expect(ms).toBeGreaterThan(60 * (nth + 1) - 2);
  }
});
