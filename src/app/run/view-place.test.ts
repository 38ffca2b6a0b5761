import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { createSocketKey } from '../../transport/zmq/socket-key.ts';
import { openViewPlace, viewPlaceText } from './view-place.ts';

test('the loopback needs no key', async () => {
  const place = await openViewPlace('tcp://127.0.0.1:0', undefined);
  expect(place).toMatchObject({ key: undefined, isKeyNew: false, watchAddress: place.address });
  expect(place.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(viewPlaceText(place)).toBe(`watch it from this machine: inferometer watch ${place.address}`);
  expect((await openViewPlace('tcp://localhost:0', undefined)).key).toBeUndefined();
});

test('any other host has one, and the command to watch is told with it', async () => {
  const place = await openViewPlace('tcp://*:0', undefined);
  const port = place.address.split(':').at(-1)!;
  expect(place).toMatchObject({
    address: `tcp://0.0.0.0:${port}`,
    watchAddress: `tcp://${hostname()}:${port}`,
  });
  expect(place.key).toMatch(/^[0-9a-f]{64}$/);
  expect(viewPlaceText(place)).toContain(`inferometer watch ${place.watchAddress} --key ${place.key}`);
  const other = await openViewPlace('tcp://0.0.0.0:0', undefined);
  expect(other.key).not.toBe(place.key);
});

test('a key that was given is taken, and not repeated', async () => {
  const key = createSocketKey();
  for (const address of ['tcp://127.0.0.1:0', 'tcp://0.0.0.0:0']) {
    const place = await openViewPlace(address, key);
    expect(place).toMatchObject({ key, isKeyNew: false });
    expect(viewPlaceText(place)).not.toContain(key);
  }
  await expect(openViewPlace('tcp://127.0.0.1:0', 'hunter2')).rejects.toMatchObject({ kind: 'input' });
});

test.each([
  '127.0.0.1:5000',
  'tcp://127.0.0.1',
  'tcp://:5000',
  'tcp://192.0.2.7:0',
  'tcp://127.0.0.1:99999',
  'ipc:///x',
])('nobody can listen at %s', async (address) => {
  await expect(openViewPlace(address, undefined)).rejects.toMatchObject({
    code: 'INFEROMETER_VIEW_ADDRESS',
    kind: 'input',
  });
});

test('a port that is taken is told before the run', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(openViewPlace(`tcp://127.0.0.1:${port}`, undefined)).rejects.toThrow(/EADDRINUSE/);
  server.close();
});
