import { expect, it } from 'vitest';
import { ByteStore } from './byte-store.ts';
import { createResponseMemory, MemoryAccount, NO_ACCOUNT } from './response-memory.ts';

const usedBytes = (shared: SharedArrayBuffer) => new Int32Array(shared)[0];

it('refuses what all accounts together have no room for, and takes it once there is', () => {
  const shared = createResponseMemory(1000);
  const [one, other] = [new MemoryAccount(shared), new MemoryAccount(shared)];
  one.resize(0, 600);
  expect(() => other.resize(0, 401)).toThrow(
    expect.objectContaining({ errorType: 'response_memory_exhausted' }),
  );
  other.resize(0, 400);
  expect(usedBytes(shared)).toBe(1000);
  one.resize(600, 100);
  other.resize(400, 900);
  one.release();
  one.release();
  expect(usedBytes(shared)).toBe(900);
  other.release();
  expect(usedBytes(shared)).toBe(0);
});

it('has no limit without shared memory', () => {
  expect(() => NO_ACCOUNT.resize(0, 2 ** 40)).not.toThrow();
});

it('is asked only when a buffer grows or is given back, and a buffer that may not grow stays as it is', () => {
  const shared = createResponseMemory(4 * 2 ** 20);
  const account = new MemoryAccount(shared);
  const store = new ByteStore(1024, account);
  const bytes = new Uint8Array(1024).fill(7);
  store.append(bytes, 0, 1024);
  expect(usedBytes(shared)).toBe(0);
  for (let count = 1; count < 4096; count++) store.append(bytes, 0, 1024);
  expect(usedBytes(shared)).toBe(4 * 2 ** 20 - 1024);
  expect(() => store.append(bytes, 0, 1024)).toThrow('4 MiB');
  expect(store.length).toBe(4 * 2 ** 20);
  store.clear();
  expect(usedBytes(shared)).toBe(0);
});
