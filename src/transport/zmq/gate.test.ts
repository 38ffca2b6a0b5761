import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSocketDirectory, type SocketDirectory, socketPath } from './address.ts';
import { Gate } from './gate.ts';
import {
  ADMISSION_TURN_MS,
  MAX_ADMISSIONS_PER_TURN,
  MAX_NEWCOMERS,
  MAX_VIEWERS,
  VIEWER_BURST_BYTES,
  VIEWER_BYTES,
} from './socket-limits.ts';

const SNAPSHOT = Buffer.alloc(VIEWER_BYTES, 's');

let sockets: SocketDirectory;
let inside: Server;
let insidePath: string;
let gate: Gate;
/** The halves that have come through. */
let admitted: Socket[];
const clients: Socket[] = [];

beforeEach(async () => {
  sockets = await createSocketDirectory();
  insidePath = socketPath(sockets.freshAddress('gate'))!;
  admitted = [];
  inside = createServer((socket) => {
    admitted.push(socket.on('error', () => undefined));
    // A viewer says hello and is sent a snapshot; who says nothing is not.
    socket.on('data', () => socket.write(SNAPSHOT));
  });
  inside.listen(insidePath);
  await once(inside, 'listening');
  gate = await Gate.open({ host: '127.0.0.1', port: 0 }, insidePath);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  gate.close(0);
  inside.close();
  await sockets.remove();
});

async function client(): Promise<Socket> {
  const socket = connect(gate.port, '127.0.0.1').on('error', () => undefined);
  clients.push(socket.resume());
  await once(socket, 'connect');
  return socket;
}

async function viewer(): Promise<Socket> {
  const socket = await client();
  socket.write('hello');
  await once(socket, 'data');
  return socket;
}

it('passes bytes on both ways, and the end of either side', async () => {
  const leaver = await viewer();
  leaver.destroy();
  await vi.waitFor(() => expect(gate.connections).toBe(0));
  const stayer = await viewer();
  admitted.at(-1)!.end('bye');
  expect(String((await once(stayer, 'data'))[0])).toBe('bye');
  await once(stayer, 'close');
});

it('lets a viewer in however many half-open connections there are, and keeps the viewers it has', async () => {
  const first = await viewer();
  const oldest = await client();
  const oldestEnds = once(oldest, 'close');
  while (gate.connections <= MAX_NEWCOMERS) {
    await nextTurn();
    await Promise.all(Array.from({ length: MAX_ADMISSIONS_PER_TURN - 1 }, client));
  }
  await oldestEnds;
  expect(gate.connections).toBe(MAX_NEWCOMERS + 1);
  await nextTurn();
  await viewer();
  first.write('and on');
  await once(first, 'data');
});

it('opens nothing behind it for who says nothing, and does not wait for long', async () => {
  gate.close(0);
  gate = await Gate.open({ host: '127.0.0.1', port: 0 }, insidePath, { handshakeMs: 100 });
  const socket = await client();
  await once(socket, 'close');
  expect(admitted).toHaveLength(0);
});

it('admits so many in a turn, closes the others as they come, and the next turn admits again', async () => {
  const sockets = await Promise.all(Array.from({ length: 3 * MAX_ADMISSIONS_PER_TURN }, client));
  await sleep(ADMISSION_TURN_MS / 2);
  const refused = sockets.filter((socket) => socket.destroyed).length;
  // A slow machine may have got into the next turn.
  expect(refused).toBeGreaterThanOrEqual(MAX_ADMISSIONS_PER_TURN);
  expect(gate.connections).toBeGreaterThanOrEqual(MAX_ADMISSIONS_PER_TURN);
  await nextTurn();
  await viewer();
});

it('turns away who comes when all places are taken by viewers', async () => {
  // Both are newcomers while there is one place.
  for (let count = 0; count < MAX_VIEWERS - 1; count++) await patientViewer();
  const [last, late] = [await client(), await client()];
  await vi.waitFor(() => expect(gate.connections).toBe(MAX_VIEWERS + 1));
  last.write('hello');
  await once(last, 'data');
  late.write('hello');
  await once(late, 'close');
  await once(await client(), 'close');
  expect(gate.connections).toBe(MAX_VIEWERS);
});

/** A viewer that waits for its turn. */
async function patientViewer(): Promise<void> {
  if (clients.length % (MAX_ADMISSIONS_PER_TURN / 2) === 0) await nextTurn();
  await viewer();
}

async function nextTurn(): Promise<void> {
  await sleep(1.5 * ADMISSION_TURN_MS);
}

it('disconnects who sends more than a viewer has to say', async () => {
  const socket = await client();
  socket.write(Buffer.alloc(VIEWER_BURST_BYTES));
  await sleep(50);
  expect(socket.destroyed).toBe(false);
  socket.write(Buffer.alloc(VIEWER_BURST_BYTES));
  await once(socket, 'close');
});

it('disconnects talkers when told, and nobody else', async () => {
  const [quiet, talker] = [await viewer(), await viewer()];
  talker.write(Buffer.alloc(VIEWER_BURST_BYTES - 10));
  await sleep(200);
  talker.write(Buffer.alloc(10));
  await sleep(50);
  gate.disconnectTalkers();
  await once(talker, 'close');
  expect(quiet.destroyed).toBe(false);
});

it('buffers little for a viewer that does not read', async () => {
  const socket = await viewer();
  socket.pause();
  const source = admitted[0]!;
  const block = Buffer.alloc(2 ** 18);
  let written = 0;
  while (written < 2 ** 26) {
    if (!source.write(block) && !(await drains(source))) break;
    written += block.length;
  }
  // What the system buffers on both sides, and a little more.
  expect(written).toBeLessThan(2 ** 24);
});

/** Whether there is room again within a moment. */
function drains(socket: Socket): Promise<boolean> {
  return Promise.race([once(socket, 'drain').then(() => true), sleep(300).then(() => false)]);
}

it('closes what is left after the linger', async () => {
  const socket = await viewer();
  gate.close(50);
  await once(socket, 'close');
  await vi.waitFor(() => expect(gate.connections).toBe(0));
});
