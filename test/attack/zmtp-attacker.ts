import { connect, type Socket } from 'node:net';
import type { RandomSource } from '../../src/core/random.ts';

const HEAD = Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f]);
const MECHANISM_BYTES = 20;
const FILLER_BYTES = 31;
const LONG_COMMAND = 6;
const LONG_MESSAGE = 2;
/** ZMTP 3.1's READY of a subscriber, as a short command. */
const READY = command('READY', property('Socket-Type', 'SUB'), property('Identity', ''));

/** What an attack knows. */
interface Weapon {
  readonly random: RandomSource;
  /** What the publisher asks for. */
  readonly mechanism: 'NULL' | 'CURVE';
}

/** What an attacker's connections do, each until it is disconnected, and then again. */
export const ZMTP_ATTACKS = {
  'half-open': () => undefined,
  'garbage greeting': (socket, { random }) => writeOn(socket, () => garbage(random, 4096)),
  'slow greeting': (socket, { mechanism }) => {
    const bytes = [...greeting(mechanism)];
    drip(socket, () => Buffer.from([bytes.shift() ?? 0]));
  },
  'huge command': (socket, { mechanism }) => hugeFrame(socket, greeting(mechanism), LONG_COMMAND),
  'huge message': (socket) => hugeFrame(socket, READY_PEER, LONG_MESSAGE),
  'endless subscriptions': (socket, { random }) => {
    socket.write(READY_PEER);
    writeOn(socket, () => subscriptions(random));
  },
  'slow subscriptions': (socket, { random }) => {
    socket.write(READY_PEER);
    drip(socket, () => subscription(garbage(random, 200)));
  },
  'no reader': (socket) => {
    socket.write(Buffer.concat([READY_PEER, subscription(Buffer.alloc(0))]));
    socket.pause();
  },
} as const satisfies Record<string, (socket: Socket, weapon: Weapon) => void>;
export type ZmtpAttack = keyof typeof ZMTP_ATTACKS;

/** Greeting and READY of a subscriber without a key, in one. */
const READY_PEER = Buffer.concat([greeting('NULL'), READY]);
const HUGE_BYTES = 2 ** 31;
const DRIP_MS = 20;

/** Many connections to one port of this machine that each do one attack, over and over, until stopped. */
export class ZmtpAttacker {
  readonly #sockets = new Set<Socket>();
  #isStopped = false;
  #opened = 0;
  #sentBytes = 0;

  constructor(port: number, attack: ZmtpAttack, connections: number, weapon: Weapon) {
    for (let count = 0; count < connections; count++) this.#open(port, attack, weapon);
  }

  /** Connections begun so far. */
  get opened(): number {
    return this.#opened;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  stop(): void {
    this.#isStopped = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(port: number, attack: ZmtpAttack, weapon: Weapon): void {
    if (this.#isStopped) return;
    this.#opened += 1;
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#sockets.add(socket);
    socket.resume();
    socket.on('connect', () => ZMTP_ATTACKS[attack](socket, weapon));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sentBytes += socket.bytesWritten;
      this.#sockets.delete(socket);
      setTimeout(() => this.#open(port, attack, weapon), DRIP_MS);
    });
  }
}

/** Plays a publisher that announces 2 GiB, and begins to send them. */
export function writeHugeSnapshot(socket: Socket): void {
  const ready = command('READY', property('Socket-Type', 'XPUB'), property('Identity', ''));
  hugeFrame(socket, Buffer.concat([greeting('NULL'), ready]), LONG_MESSAGE);
}

function hugeFrame(socket: Socket, before: Buffer, flags: number): void {
  const length = Buffer.alloc(9);
  length[0] = flags;
  length.writeBigUInt64BE(BigInt(HUGE_BYTES), 1);
  socket.write(Buffer.concat([before, length]));
  const block = Buffer.alloc(65_536, 'x');
  writeOn(socket, () => block);
}

/** Writes as fast as the peer reads. */
function writeOn(socket: Socket, next: () => Buffer): void {
  if (socket.destroyed) return;
  const isRoom = socket.write(next());
  if (isRoom) setImmediate(() => writeOn(socket, next));
  else socket.once('drain', () => writeOn(socket, next));
}

function drip(socket: Socket, next: () => Buffer): void {
  const timer = setInterval(() => socket.write(next()), DRIP_MS);
  socket.once('close', () => clearInterval(timer));
}

function subscriptions(random: RandomSource): Buffer {
  return Buffer.concat(Array.from({ length: 50 }, () => subscription(garbage(random, 250))));
}

function subscription(topic: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, topic.length + 1, 1]), topic]);
}

function greeting(mechanism: string): Buffer {
  const name = Buffer.alloc(MECHANISM_BYTES);
  name.write(mechanism);
  return Buffer.concat([HEAD, Buffer.from([3, 1]), name, Buffer.alloc(1 + FILLER_BYTES)]);
}

function command(name: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from([name.length]), Buffer.from(name), ...parts]);
  return Buffer.concat([Buffer.from([4, body.length]), body]);
}

function property(name: string, value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), length, Buffer.from(value)]);
}

function garbage(random: RandomSource, maxBytes: number): Buffer {
  return Buffer.from(Array.from({ length: 1 + random.below(maxBytes) }, () => random.below(256)));
}
