import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSocketDirectory, type SocketDirectory, socketPath } from './address.ts';
import { Gate } from './gate.ts';
import { MAX_VIEWERS, VIEWER_BURST_BYTES, VIEWER_BYTES } from './limits.ts';

const SNAPSHOT = Buffer.alloc(VIEWER_BYTES, 's');

let sockets: SocketDirectory;
let inside: Server;
let gate: Gate;
/** The halves that have come through. */
let admitted: Socket[];
const clients: Socket[] = [];

beforeEach(async () => {
  sockets = await createSocketDirectory();
  const path = socketPath(sockets.freshAddress('gate'))!;
  admitted = [];
  inside = createServer((socket) => {
    admitted.push(socket.on('error', () => undefined));
    // A viewer says hello and is sent a snapshot; who says nothing is not.
    socket.on('data', () => socket.write(SNAPSHOT));
  });
  inside.listen(path);
  await once(inside, 'listening');
  gate = await Gate.open({ host: '127.0.0.1', port: 0 }, path);
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
  for (let count = 0; count < MAX_VIEWERS + 10; count++) await client();
  expect(gate.connections).toBe(MAX_VIEWERS);
  await viewer();
  first.write('and on');
  await once(first, 'data');
});

it('turns away who comes when all places are taken by viewers', async () => {
  for (let count = 0; count < MAX_VIEWERS; count++) await viewer();
  await once(await client(), 'close');
  expect(gate.connections).toBe(MAX_VIEWERS);
});

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
