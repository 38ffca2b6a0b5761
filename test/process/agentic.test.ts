import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
let server: Server;
/** Of each request: the conversation that its header names, how many messages it holds, the port that it came from, and the token that it sends back. */
let seen: {
  readonly session: string;
  readonly messages: number;
  readonly port: number;
  readonly token: unknown;
}[];
let failing: (session: string, messages: number) => boolean;

beforeEach(async () => {
  bench = new Workbench();
  seen = [];
  failing = () => false;
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const session = String(request.headers['x-session-id']);
      const { length } = (JSON.parse(body) as { messages: unknown[] }).messages;
      const token = request.headers['x-token'];
      seen.push({ session, messages: length, port: request.socket.remotePort!, token });
      response.setHeader('X-Token', `${session}/${length}`);
      if (failing(session, length)) response.writeHead(503).end('no');
      else response.writeHead(200, { 'content-type': 'application/json' }).end(RESPONSE);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await bench.end();
});

const RESPONSE = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
});

/** Agentic rows: each conversation asks `turns` times. */
function rows(ids: readonly string[], turns: number): string {
  const path = bench.file('agents.jsonl');
  const lines = ids.flatMap((id) =>
    Array.from({ length: 2 * turns - 1 }, (_, i) => ({
      ...{ conversation_id: id, turn: i + 1, content: `${id} ${i}` },
      ...(i % 2 === 0 ? { role: 'user', system: 'Be brief.' } : { role: 'assistant' }),
    })),
  );
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  return path;
}

async function run(dataset: string, ...flags: string[]) {
  const { port } = server.address() as AddressInfo;
  const finished = await bench.start([
    ...['run', '--endpoint', `http://127.0.0.1:${port}`, '--model', 'm', '--dataset', dataset],
    ...['--multi-turn', '--concurrency', '2', '--out', bench.file('run'), '--no-check', ...flags],
  ]).finished;
  return { ...finished, text: finished.stdout.replace(/\s+/g, ' ') };
}

interface Line {
  readonly event_type: string;
  readonly conversation_id: string;
  readonly turn: number | null;
  readonly data: readonly unknown[] | null;
}

async function events(): Promise<readonly Line[]> {
  const { code } = await bench.start(['export', '--events', bench.file('run')]).finished;
  expect(code).toBe(0);
  const lines = readFileSync(bench.file('run/events.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Line);
}

describe('conversations with ids of their own', () => {
  it('are named in a header and in the events, those that are sent again by how often', async () => {
    const { code } = await run(
      rows(['one', 'two'], 2),
      '--sticky',
      'header:X-Session-ID',
      '--workers',
      '2',
      '--conversations',
      '5',
    );
    expect(WENT_THROUGH).toContain(code);
    const names = ['one', 'two', 'one__repeat_2', 'two__repeat_2', 'one__repeat_3'];
    // Which of the two comes a third time is up to the order.
    const sessions = [
      ...new Set(seen.map(({ session }) => session.replace(/^(one|two)__repeat_3$/, 'one__repeat_3'))),
    ];
    expect(sessions.toSorted()).toEqual(names.toSorted());
    for (const { session } of seen) {
      const own = seen.filter((request) => request.session === session);
      expect(own.map(({ messages }) => messages)).toEqual([2, 4]);
    }
    const issued = (await events()).filter(({ event_type: type }) => type === 'sample.issued');
    expect(issued.map(({ conversation_id: id, turn }) => `${id} ${turn}`).toSorted()).toEqual(
      seen.map(({ session, messages }) => `${session} ${messages - 1}`).toSorted(),
    );
    const samples = await bench.samples();
    expect(
      samples.map(({ conversation_id: id, turn }) => `${id} ${2 * Number(turn) - 1}`).toSorted(),
    ).toEqual(seen.map(({ session, messages }) => `${session} ${messages - 1}`).toSorted());
  });

  it('fail with all of their turns where one of them fails, if that is the rule', async () => {
    failing = (session, messages) => session === 'one' && messages === 2;
    const { text } = await run(
      rows(['one', 'two'], 3),
      ...['--sticky', 'header:X-Session-ID', '--on-turn-failure', 'fail'],
    );
    expect(text).toContain('6 issued = 3 succeeded + 3 errored + 0 cancelled');
    expect(seen).toHaveLength(4);
    const ofOne = (await events()).filter(({ conversation_id: id }) => id === 'one');
    expect(
      ofOne.map(({ event_type: type, turn, data }) => [
        type,
        turn,
        type === 'error.generic' ? data?.[1] : undefined,
      ]),
    ).toEqual([
      ['sample.issued', 1, undefined],
      ['error.generic', 1, 'http_503'],
      ['sample.complete', 1, undefined],
      ...[3, 5].flatMap((turn) => [
        ['sample.issued', turn, undefined],
        ['error.generic', turn, 'turn_aborted'],
        ['sample.complete', turn, undefined],
      ]),
    ]);
  });
});

describe('the first that has nothing left to do', () => {
  /** One conversation of one turn beside one of many. */
  function unevenRows(): string {
    const path = rows(['long'], 6);
    const short = { conversation_id: 'short', turn: 1, role: 'user', content: 'hi' };
    writeFileSync(path, `${JSON.stringify(short)}\n${readFileSync(path, 'utf8')}`);
    return path;
  }

  it('stops measuring, while the others go on', async () => {
    const { text } = await run(
      unevenRows(),
      '--on-first-idle',
      'stop-measuring',
      '--sample-order',
      'sequential',
    );
    expect(seen).toHaveLength(7);
    const lines = await events();
    const stopped = lines.findIndex(({ event_type: type }) => type === 'session.stop_performance_tracking');
    const measured = lines
      .slice(0, stopped)
      .filter(({ event_type: type }) => type === 'sample.issued').length;
    expect(measured).toBeLessThan(7);
    expect(text).toContain(`${measured} issued = ${measured} succeeded`);
    expect(lines.filter(({ event_type: type }) => type === 'session.stop_performance_tracking')).toHaveLength(
      1,
    );
  });

  it('ends the run, once the turns under way have ended', async () => {
    const { code, text } = await run(
      unevenRows(),
      '--on-first-idle',
      'stop-issuing',
      '--sample-order',
      'sequential',
    );
    expect(WENT_THROUGH).toContain(code);
    expect(seen.length).toBeLessThan(7);
    expect(text).not.toMatch(/interrupted/i);
    const manifest = readFileSync(bench.file('run/run.json'), 'utf8');
    expect(manifest).toContain('"ended_by": "idle"');
  });
});

describe('--sticky connection', () => {
  it('sends all turns of a conversation on one connection, whatever others do', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const { code } = await run(
      rows(ids, 4),
      ...['--sticky', 'connection', '--sticky', 'header:X-Session-ID', '--concurrency', '5'],
      ...['--think-time', 'exponential:20ms', '--workers', '2'],
    );
    expect(WENT_THROUGH).toContain(code);
    expect(seen).toHaveLength(48);
    const portsOf = (id: string) =>
      new Set(seen.flatMap(({ session, port }) => (session === id ? [port] : [])));
    for (const id of ids) expect([id, portsOf(id).size]).toEqual([id, 1]);
    // A connection goes to the next conversation once its own is over.
    expect(new Set(seen.map(({ port }) => port)).size).toBeLessThan(12);
  });

  it('goes on where the server closes a connection between turns', async () => {
    server.keepAliveTimeout = 30;
    const { text } = await run(
      rows(['a', 'b'], 3),
      ...['--sticky', 'connection', '--think-time', 'fixed:150ms'],
    );
    expect(text).toContain('6 issued = 6 succeeded + 0 errored');
  });
});

describe('--session-token', () => {
  it('sends the latest token of a conversation back, and none with its first turn', async () => {
    const { text } = await run(
      rows(['a', 'b', 'c'], 3),
      ...['--session-token', 'X-Token', '--sticky', 'header:X-Session-ID', '--workers', '2'],
    );
    expect(text).toContain('9 issued = 9 succeeded');
    for (const { session, messages, token } of seen) {
      expect(token).toBe(messages === 2 ? undefined : `${session}/${messages - 2}`);
    }
  });
});

describe('--warm-trajectories', () => {
  it('starts the first conversations with any of their turns, the others with their first', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const { text } = await run(
      rows(ids, 8),
      ...['--warm-trajectories', '--sticky', 'header:X-Session-ID', '--concurrency', '6'],
      ...['--sample-order', 'sequential', '--workers', '2'],
    );
    const firsts = ids.map((id) =>
      Math.min(...seen.flatMap((one) => (one.session === id ? [one.messages] : []))),
    );
    expect(new Set(firsts.slice(0, 6)).size).toBeGreaterThan(2);
    expect(firsts.slice(6)).toEqual(Array(6).fill(2));
    expect(text).toContain(`${seen.length} issued = ${seen.length} succeeded`);
    const report = readFileSync(bench.file('run/report.txt'), 'utf8').replace(/\s+/g, ' ');
    expect(report).toContain('12 begun = 12 completed + 0 failed + 0 cut off');
    const summary = bench.json<{ series?: unknown }>('run/performance/result_summary.json');
    expect(JSON.stringify(summary)).toContain('conversation_latency_ns');
  });
});

describe('what cannot be', () => {
  it.each([
    [
      ['--on-first-idle', 'stop-issuing', '--rate', '5'],
      '--on-first-idle is for a number of conversations at once',
    ],
    [
      ['--sticky', 'header:'],
      '--sticky must be connection or header:NAME, e.g. header:X-Session-ID (got "header:")',
    ],
    [['--session-token', 'X Token'], '--session-token must be the name of a header, such as X-Session-Token'],
    [['--sticky', 'connection', '--connections', 'new'], '--sticky connection keeps connections'],
    [['--sticky', 'connection', '--http', '2'], '--sticky connection is for HTTP/1.1'],
    [['--warm-trajectories', '--rate', '5'], '--warm-trajectories is for a number of conversations at once'],
    [['--salt', 'mlcommons', '--dataset'], '--salt mlcommons needs a system prompt'],
  ])('%s is refused', async (flags, message) => {
    const path = bench.file('plain.jsonl');
    const plain = { conversation_id: 'a', turn: 1, role: 'user', content: 'hi' };
    writeFileSync(path, JSON.stringify(plain));
    const given = flags.at(-1) === '--dataset' ? flags.slice(0, -1) : flags;
    const load = given.includes('--rate') ? [] : ['--concurrency', '2'];
    const { code, stderr } = await bench.start([
      ...[
        'run',
        '--endpoint',
        'http://127.0.0.1:9',
        '--model',
        'm',
        '--dataset',
        path,
        '--multi-turn',
        '--no-check',
      ],
      ...load,
      ...given,
    ]).finished;
    expect(code).toBe(2);
    expect(stderr.replace(/\s+/g, ' ')).toContain(message);
  });
});
