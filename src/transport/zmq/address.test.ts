import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InferometerError } from '../../core/errors.ts';
import { checkAddress, createSocketDirectory, MAX_SOCKET_PATH_BYTES, socketPath } from './address.ts';
import { bindPublisher } from './publisher.ts';
import { connectSubscriber } from './subscriber.ts';
import { FRAME_CODEC } from '../frame-codec.ts';

describe('checkAddress', () => {
  it('accepts a path up to the limit of the system, counted in bytes, and names both numbers beyond', () => {
    const longest = `ipc:///${'x'.repeat(MAX_SOCKET_PATH_BYTES - 1)}`;
    expect(checkAddress(longest)).toBe(longest);
    expect(() => checkAddress(`${longest}x`)).toThrow(/108 bytes.*107/);
    expect(() => checkAddress(`ipc:///${'é'.repeat(60)}`)).toThrow(/121 bytes.*107/);
  });

  it.each(['tcp://127.0.0.1:0', 'tcp://host.example:65535', 'tcp://[::1]:*'])('accepts %s', (address) => {
    expect(checkAddress(address)).toBe(address);
  });

  it.each(['inproc://x', 'http://127.0.0.1:80', '', 'ipc://', 'tcp://127.0.0.1', 'tcp://:x'])(
    'refuses %j as a mistake of the set-up',
    async (address) => {
      expect(() => checkAddress(address)).toThrow(
        expect.objectContaining({ code: 'INFEROMETER_TRANSPORT_ADDRESS', kind: 'setup' }) as InferometerError,
      );
      await expect(bindPublisher(FRAME_CODEC, address)).rejects.toBeInstanceOf(InferometerError);
      await expect(connectSubscriber(FRAME_CODEC, address)).rejects.toBeInstanceOf(InferometerError);
    },
  );
});

describe('createSocketDirectory', () => {
  it('makes a directory that only its owner may enter, with addresses of its own', async () => {
    const directory = await createSocketDirectory();
    const { mode } = await stat(directory.path);
    expect(mode & 0o777).toBe(0o700);
    expect(directory.path).toMatch(/\/inferometer-[^/]+$/);
    const address = directory.freshAddress('ev_pub');
    expect(address).toMatch(/^ipc:\/\/.*\/ev_pub_[0-9a-f]{8}$/);
    expect(directory.freshAddress('ev_pub')).not.toBe(address);
    await writeFile(socketPath(address)!, '');
    await directory.remove();
    await expect(stat(directory.path)).rejects.toThrow('ENOENT');
  });

  it('refuses addresses in a directory whose path is too long', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'y'.repeat(90)));
    const directory = await createSocketDirectory(parent);
    expect(() => directory.freshAddress('ev_pub')).toThrow(/bytes, at most 107/);
    await rm(parent, { recursive: true });
  });

  it('says where it could not be made', async () => {
    await expect(createSocketDirectory('/no/such/place')).rejects.toMatchObject({
      code: 'INFEROMETER_TRANSPORT_SOCKET_DIRECTORY',
      message: expect.stringContaining('/no/such/place') as string,
    });
  });
});
