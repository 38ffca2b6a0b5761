import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { RandomSource } from '../../src/core/random.ts';
import { createResponseMemory } from '../../src/protocol/response-memory.ts';
import { LocalEngine } from '../engine/harness.ts';
import { ANSWER, startRawServer, STREAM_HEAD, token, withLength } from '../engine/raw-server.ts';
import type { RoundResult } from './attack-round.ts';

const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';
const BLOCK = 'x'.repeat(65_536);
const BOMB_BYTES = 2 ** 25;
const DRIP_MS = 30;
/** What the responses of a round may hold together. */
const MEMORY_BYTES = 2 ** 25;
/** What a round may add to this process beyond that: buffers of its own server, decompression, garbage. */
const SLACK_MB = 200;
const TIMEOUT_MS = 1000;
/** For what ends by another limit, which takes longer on a busy machine. */
const AMPLE_TIMEOUT_MS = 10_000;
/** A sample that ends so long behind its time-out did not end by it, however busy the machine. */
const HANGS_AFTER_MS = 15_000;

interface ServerAttack {
  /** Answers a request, perhaps for ever. */
  readonly answer: (socket: Socket, random: RandomSource) => unknown;
  /** How the sample fails. */
  readonly fails: RegExp;
  /** And with what message. */
  readonly says?: RegExp;
  /** The failure must come long before the time-out. */
  readonly isQuick?: boolean;
}

const bombs = new Map<string, Buffer>();

/** A little that becomes 32 MB, made once. */
function bomb(coding: 'gzip' | 'deflate' | 'br'): Buffer {
  const compress = { gzip: gzipSync, deflate: deflateSync, br: quickBrotli }[coding];
  const made = bombs.get(coding) ?? compress(Buffer.alloc(BOMB_BYTES, '['));
  bombs.set(coding, made);
  return made;
}

/** What a server may answer with, and what must become of it. */
export const SERVER_ATTACKS = {
  'an endless head': {
    answer: (socket) => endless(socket, 'HTTP/1.1 200 OK\r\n', 'X-More: and more\r\n'.repeat(1000)),
    fails: /^malformed_response$/,
    isQuick: true,
  },
  'an endless header line': {
    answer: (socket) => endless(socket, 'HTTP/1.1 200 OK\r\nX-Long: ', BLOCK),
    fails: /^malformed_response$/,
    isQuick: true,
  },
  'an endless head of a failure': {
    answer: (socket) => endless(socket, 'HTTP/1.1 503 Busy\r\nX-Long: ', BLOCK),
    fails: /^http_503$/,
    isQuick: true,
  },
  'endless interim responses': {
    answer: (socket) => endless(socket, '', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)),
    fails: /^malformed_response$/,
    isQuick: true,
  },
  'endless empty lines': {
    answer: (socket) => endless(socket, '', '\r\n'.repeat(30_000)),
    fails: /^malformed_response$/,
    isQuick: true,
  },
  'an endless body': {
    answer: (socket) => endless(socket, `${JSON_HEAD}\r\nContent-Length: 999999999999\r\n\r\n{"x":"`, BLOCK),
    fails: /^(malformed_response|response_memory_exhausted)$/,
  },
  'an endless body without a length': {
    answer: (socket) => endless(socket, `${JSON_HEAD}\r\n\r\n{"x":"`, BLOCK),
    fails: /^(malformed_response|response_memory_exhausted)$/,
  },
  'an endless chunked body': {
    answer: (socket) => endless(socket, `${JSON_HEAD}\r\n${CHUNKED}`, `10000\r\n${BLOCK}\r\n`),
    fails: /^(malformed_response|response_memory_exhausted)$/,
  },
  'an endless chunk size': {
    answer: (socket) => endless(socket, `${JSON_HEAD}\r\n${CHUNKED}1;`, BLOCK),
    fails: /^malformed_response$/,
    isQuick: true,
  },
  'an endless trailer': {
    answer: (socket) => endless(socket, `${JSON_HEAD}\r\n${CHUNKED}0\r\nX: `, BLOCK),
    fails: /^malformed_response$/,
    isQuick: true,
  },
  'an endless line of a stream': {
    answer: (socket) => endless(socket, `${STREAM_HEAD}\r\n\r\ndata: `, BLOCK),
    fails: /^(malformed_response|response_memory_exhausted)$/,
  },
  'an endless message of a stream': {
    answer: (socket) => endless(socket, `${STREAM_HEAD}\r\n\r\n`, `data: ${BLOCK}\n`),
    fails: /^(malformed_response|response_memory_exhausted)$/,
  },
  'an endless stream': {
    answer: (socket) => endless(socket, `${STREAM_HEAD}\r\n\r\n`, token(BLOCK)),
    fails: /^(malformed_response|response_memory_exhausted|timeout)$/,
  },
  'endless tool calls': {
    answer: (socket) => {
      const delta = { tool_calls: [{ index: 0, function: { name: 'f', arguments: BLOCK } }] };
      endless(socket, `${STREAM_HEAD}\r\n\r\n`, `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`);
    },
    fails: /^(malformed_response|response_memory_exhausted|timeout)$/,
  },
  'endless comments in a stream': {
    answer: (socket) => endless(socket, `${STREAM_HEAD}\r\n\r\n`, ': ping\n\n'.repeat(5000)),
    fails: /^timeout$/,
  },
  'an endless body of a failure': {
    answer: (socket) => endless(socket, 'HTTP/1.1 503 Busy\r\n\r\nno room ', BLOCK),
    fails: /^http_503$/,
    says: /no room/,
    isQuick: true,
  },
  'an endless chunked body of a failure': {
    answer: (socket) => endless(socket, `HTTP/1.1 429 Slow\r\n${CHUNKED}`, `10000\r\n${BLOCK}\r\n`),
    fails: /^http_429$/,
    isQuick: true,
  },
  'a slow head': {
    answer: (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nX-Slow: ', 'x'),
    fails: /^timeout$/,
  },
  'a slow body': {
    answer: (socket) => drip(socket, `${JSON_HEAD}\r\nContent-Length: 100000\r\n\r\n{`, ' '),
    fails: /^timeout$/,
  },
  'a slow stream': {
    answer: (socket) => drip(socket, `${STREAM_HEAD}\r\n\r\n`, token('x')),
    fails: /^timeout$/,
  },
  'a slow body of a failure': {
    answer: (socket) => drip(socket, 'HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\nwhy: ', 'x'),
    fails: /^http_500$/,
    says: /why/,
  },
  'nothing at all': { answer: () => undefined, fails: /^timeout$/ },
  'a redirect': {
    answer: (socket) =>
      socket.write(
        withLength('', 'HTTP/1.1 307 Moved\r\nLocation: http://169.254.169.254/secrets?code=s3cret'),
      ),
    fails: /^http_307$/,
    says: /\(to http:\/\/169\.254\.169\.254\/secrets\?code=redacted\)/,
    isQuick: true,
  },
  'a redirect to itself': {
    answer: (socket) => socket.write(withLength('', 'HTTP/1.1 301 Moved\r\nLocation: /v1/chat/completions')),
    fails: /^http_301$/,
    says: /\(to \/v1\/chat\/completions\)/,
    isQuick: true,
  },
  'a gzip bomb': {
    answer: (socket) => socket.write(coded('200 OK', 'gzip', bomb('gzip'))),
    fails: /^(malformed_response|response_memory_exhausted|timeout)$/,
  },
  'a deflate bomb': {
    answer: (socket) => socket.write(coded('200 OK', 'deflate', bomb('deflate'))),
    fails: /^(malformed_response|response_memory_exhausted|timeout)$/,
  },
  'a brotli bomb': {
    answer: (socket) => socket.write(coded('200 OK', 'br', bomb('br'))),
    fails: /^(malformed_response|response_memory_exhausted)$/,
    isQuick: true,
  },
  'a brotli bomb in a failure': {
    answer: (socket) => socket.write(coded('500 Oops', 'br', bomb('br'))),
    fails: /^http_500$/,
    isQuick: true,
  },
} as const satisfies Record<string, ServerAttack>;
export type ServerAttackName = keyof typeof SERVER_ATTACKS;

/**
 * Sends requests to a server that answers each in one hostile way, drawn from `seed` unless given: every sample ends, with the right
 * failure; memory stays bounded, and is given back; and an honest answer is read afterwards.
 */
export async function hostileServerRound(
  seed: number,
  budgetMs: number,
  given: { readonly attack?: ServerAttackName; readonly connections?: number } = {},
): Promise<RoundResult> {
  const random = new RandomSource(seed);
  const names = Object.keys(SERVER_ATTACKS) as ServerAttackName[];
  const name = given.attack ?? names[random.below(names.length)]!;
  const attack: ServerAttack = SERVER_ATTACKS[name];
  const connections = given.connections ?? 1 + random.below(32);
  const streaming = random.below(2) === 0;
  const input = { seed, attack: name, connections, streaming };
  const failures: string[] = [];
  // Made before anything is timed.
  if (name.includes('bomb')) for (const coding of ['gzip', 'deflate', 'br'] as const) bomb(coding);
  let isHonest = false;
  const server = await startRawServer(({ socket }) => {
    if (isHonest) socket.write(withLength(ANSWER));
    else attack.answer(socket, random);
  });
  const responseMemory = createResponseMemory(MEMORY_BYTES);
  const endsByTime = attack.isQuick === true || attack.fails.test('timeout');
  const requestTimeoutMs = Math.max(endsByTime ? TIMEOUT_MS : AMPLE_TIMEOUT_MS, budgetMs);
  const engine = new LocalEngine({ urls: [server.url], streaming, requestTimeoutMs, responseMemory });
  const beforeMb = residentHereMb();
  let mostMb = beforeMb;
  const watching = setInterval(() => (mostMb = Math.max(mostMb, residentHereMb())), 10);
  try {
    await engine.run({ pattern: 'concurrency', concurrency: connections }, { maxSamples: connections });
    const samples = engine.samples();
    if (samples.length !== connections) failures.push(`${samples.length} of ${connections} samples ended`);
    for (const { error, issuedNs, completedNs } of samples) {
      const { errorType = 'none', errorMessage = '' } = error ?? {};
      const tookMs = (completedNs - issuedNs) / 1e6;
      if (!attack.fails.test(errorType)) failures.push(`failed with ${errorType}: ${errorMessage}`);
      if (attack.says?.test(errorMessage) === false) failures.push(`said: ${errorMessage}`);
      if (attack.isQuick === true && connections === 1 && tookMs > 0.9 * requestTimeoutMs) {
        failures.push(`took ${tookMs.toFixed()} ms`);
      }
      if (tookMs > requestTimeoutMs + HANGS_AFTER_MS) failures.push(`took ${tookMs.toFixed()} ms`);
    }
    if (server.requests.length > connections)
      failures.push(`the server saw ${server.requests.length} requests`);
    if (mostMb - beforeMb > MEMORY_BYTES / 2 ** 20 + SLACK_MB) {
      failures.push(`memory grew from ${beforeMb.toFixed()} to ${mostMb.toFixed()} MB`);
    }
    isHonest = true;
    const [honest] = await engine.sendOneByOne();
    if (honest?.error !== undefined) failures.push(`an honest answer failed: ${honest.error.errorMessage}`);
  } finally {
    clearInterval(watching);
    engine.close();
    await server.close();
  }
  await sleep(0);
  const heldBytes = new Int32Array(responseMemory)[0]!;
  if (heldBytes !== 0) failures.push(`${heldBytes} bytes were never given back`);
  return { failures: [...new Set(failures)], input };
}

function residentHereMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

function quickBrotli(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } });
}

function coded(status: string, coding: string, body: Buffer): Buffer {
  const head = `HTTP/1.1 ${status}\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Writes a beginning and then the same for as long as anybody reads. */
function endless(socket: Socket, beginning: string, block: string): void {
  const bytes = Buffer.from(block);
  const writeOn = () => {
    if (socket.destroyed) return;
    if (socket.write(bytes)) setImmediate(writeOn);
    else socket.once('drain', writeOn);
  };
  socket.write(beginning);
  writeOn();
}

function drip(socket: Socket, beginning: string, drop: string): void {
  socket.write(beginning);
  const timer = setInterval(() => socket.write(drop), DRIP_MS);
  socket.once('close', () => clearInterval(timer));
}
