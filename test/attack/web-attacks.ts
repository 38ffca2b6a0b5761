import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RandomSource } from '../../src/core/random.ts';
import { LiveUpdates } from '../../src/app/views/live-updates.ts';
import { LiveChannel } from '../../src/web/live-channel.ts';
import { WEB_LIMITS, type WebLimits } from '../../src/web/web-limits.ts';
import { startWebServer, type WebServer } from '../../src/web/web-server.ts';
import { madeUpSnapshot, RUNNING } from '../web/snapshots.ts';
import type { RoundResult } from './attack-round.ts';

/** The limits of the product, with times a test can wait for. */
export const QUICK_LIMITS: WebLimits = {
  ...WEB_LIMITS,
  headMs: 300,
  requestMs: 600,
  idleMs: 1000,
  keepAliveMs: 300,
  lookMs: 50,
};

/** Longest time until a connection that does nothing useful is closed under {@link QUICK_LIMITS}. */
const PATIENCE_MS = 40_000;
const DRIP_MS = 20;
/** Not how fast, but whether: the attackers are in this process too, on a machine that may be busy. */
const SERVED_WITHIN_MS = 20_000;

/** What a connection sends that should be closed by the server. Those that end in `…` go on for ever. */
export const WEB_ATTACKS = {
  nothing: () => undefined,
  'half a head': (socket) => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n'),
  'a slow head…': (socket) => {
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    drip(socket);
  },
  'an endless head…': (socket) => {
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ');
    writeOn(socket);
  },
  'an endless body…': (socket) => {
    socket.write(
      'POST /api/control/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n',
    );
    writeOn(socket);
  },
  'an endless chunked body…': (socket) => {
    socket.write('POST /api/control/stop HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
    writeOn(socket, 'ffff\r\n' + 'x'.repeat(0xffff) + '\r\n');
  },
  'a slow body…': (socket) => {
    socket.write('POST /api/control/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n');
    drip(socket);
  },
  'garbage…': (socket, random) => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, () => random.below(256)));
    writeOn(socket, bytes);
  },
  'a TLS hello': (socket) => socket.write(Buffer.from('1603010200010001fc0303', 'hex')),
  'an upgrade to WebSocket': (socket) =>
    socket.write(
      'GET /api/live/events HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    ),
  'a stream it never reads': (socket) => {
    socket.pause();
    socket.write('GET /api/live/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  },
  'an answer, and then nothing': (socket) => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
} as const satisfies Record<string, (socket: Socket, random: RandomSource) => unknown>;
export type WebAttack = keyof typeof WEB_ATTACKS;

/**
 * Attacks a server of ours with many connections that all do the same, drawn from `seed` unless given: they are closed in the end, and a
 * proper viewer is served meanwhile and afterwards.
 */
export async function hostileBrowserRound(
  seed: number,
  budgetMs: number,
  given: { readonly attack?: WebAttack; readonly connections?: number } = {},
): Promise<RoundResult> {
  const random = new RandomSource(seed);
  const names = Object.keys(WEB_ATTACKS) as WebAttack[];
  const attack = given.attack ?? names[random.below(names.length)]!;
  const connections = given.connections ?? 1 + random.below(200);
  const failures: string[] = [];
  const live = new LiveChannel();
  const pushing = pushUpdates(live);
  const server = await startServer(live);
  const sockets: Socket[] = [];
  try {
    for (let count = 0; count < connections; count++) sockets.push(attackOnce(server.port, attack, random));
    await sleep(Math.min(100, budgetMs));
    if (!(await isServed(server.port))) failures.push('a viewer was not served during the attack');
    const open = () => sockets.filter(({ closed }) => !closed).length;
    const patienceMs = Math.max(PATIENCE_MS, budgetMs);
    for (const deadlineMs = performance.now() + patienceMs; open() > 0 && performance.now() < deadlineMs;) {
      await sleep(20);
      // A socket that does not read learns of the end only when it reads; one that reads before its end would be a viewer.
      if (live.viewers === 0) for (const socket of sockets) socket.resume();
    }
    if (open() > 0)
      failures.push(`${open()} of ${connections} connections were still open after ${patienceMs} ms`);
    if (!(await isServed(server.port))) failures.push('a viewer was not served after the attack');
    if (live.viewers > 0) failures.push(`${live.viewers} viewers were left behind`);
  } finally {
    clearInterval(pushing);
    for (const socket of sockets) socket.destroy();
    await server.close();
  }
  return { failures, input: { seed, attack, connections } };
}

function startServer(live: LiveChannel): Promise<WebServer> {
  return startWebServer({
    ...{ host: '127.0.0.1', port: 0, orAnyPort: false, token: undefined, version: '1', live },
    ...{ page: new Map(), metrics: () => [], limits: QUICK_LIMITS },
    library: { list: () => Promise.resolve([]), open: () => Promise.resolve(undefined) },
  });
}

/** Large ones, so that who does not read is soon blocked. */
function pushUpdates(live: LiveChannel): NodeJS.Timeout {
  const updates = new LiveUpdates();
  updates.update(madeUpSnapshot(RUNNING));
  const latest = updates.latest!;
  const errors = [{ type: 'x'.repeat(500_000), count: 1, example: '' }];
  return setInterval(() => live.push({ ...latest, view: { ...latest.view, errors } }, false), 20);
}

function attackOnce(port: number, attack: WebAttack, random: RandomSource): Socket {
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
  socket.resume();
  socket.once('connect', () => WEB_ATTACKS[attack](socket, random));
  return socket;
}

async function isServed(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/api/about`, {
      signal: AbortSignal.timeout(SERVED_WITHIN_MS),
    });
    return (await answer.json()) !== null;
  } catch {
    return false;
  }
}

function writeOn(socket: Socket, block: string | Buffer = 'x'.repeat(16_384)): void {
  if (socket.destroyed || !socket.writable) return;
  if (socket.write(block)) setImmediate(() => writeOn(socket, block));
  else socket.once('drain', () => writeOn(socket, block));
}

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('x'), DRIP_MS);
  socket.once('close', () => clearInterval(timer));
}
