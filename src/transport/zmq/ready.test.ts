import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { encode } from '@msgpack/msgpack';
import { Push } from 'zeromq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSocketDirectory, type SocketDirectory, socketPath } from './address.ts';
import { bindReadyHost, sendReady } from './ready.ts';

describe('ready handshake', () => {
  let directory: SocketDirectory;
  beforeAll(async () => {
    directory = await createSocketDirectory();
  });
  afterAll(() => directory.remove());
  const bind = () => bindReadyHost(directory.freshAddress('svc_ready'));

  it('returns the ids in order of arrival, duplicates included, and closes', async () => {
    const host = await bind();
    for (const id of [2, 0, 2]) await sendReady(host.address, id);
    const ids = await host.waitForReady(3, 5000);
    expect([...ids].sort()).toEqual([0, 2, 2]);
    expect(existsSync(socketPath(host.address)!)).toBe(false);
    await host.close();
    await host.close();
  });

  it('has one deadline in all, however many report meanwhile', async () => {
    const host = await bind();
    const reporting = setInterval(() => void sendReady(host.address, 1), 30);
    await expect(host.waitForReady(100, 150)).rejects.toThrow(/^\d+\/100 services ready within 0\.15 s$/);
    clearInterval(reporting);
    await host.close();
  });

  it('says how many were ready, and lets the wait go on', async () => {
    const host = await bind();
    for (const id of [7, 8]) await sendReady(host.address, id);
    await expect(host.waitForReady(3, 500)).rejects.toMatchObject({
      code: 'INFEROMETER_TRANSPORT_NOT_READY',
      message: '2/3 services ready within 0.5 s',
    });
    await sendReady(host.address, 9);
    const ids = await host.waitForReady(3, 5000);
    expect([...ids].sort()).toEqual([7, 8, 9]);
  });

  it('needs no time for what has arrived', async () => {
    const host = await bind();
    await expect(host.waitForReady(1, 0)).rejects.toThrow('0/1 services ready');
    expect(await host.waitForReady(0, 0)).toEqual([]);
  });

  it('ends a wait when it is closed', async () => {
    const host = await bind();
    const waiting = host.waitForReady(1, 60_000);
    const rejected = expect(waiting).rejects.toThrow();
    await host.close();
    await rejected;
  });

  it('refuses what is no id, and closes', async () => {
    const host = await bind();
    const socket = new Push();
    socket.connect(host.address);
    await socket.send(encode('one'));
    await expect(host.waitForReady(1, 5000)).rejects.toThrow(/"one"/);
    socket.close();
    expect(existsSync(socketPath(host.address)!)).toBe(false);
  });

  it('hears services of other processes, whose message outlives them', async () => {
    const host = await bind();
    const source = `import { sendReady } from ${JSON.stringify(new URL('./ready.ts', import.meta.url).href)};
      await sendReady(process.argv[1], 42);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source, host.address], {
      stdio: 'inherit',
    });
    const exited = once(child, 'exit');
    expect(await host.waitForReady(1, 10_000)).toEqual([42]);
    expect(await exited).toEqual([0, null]);
  });
});
