import { expect, test } from 'vitest';
import { ByteStore } from './byte-store.ts';
import { createResponseMemory, MemoryAccount } from './response-memory.ts';

test('keeps what was appended while it grows, and its buffer when it is cleared', () => {
  const store = new ByteStore(4);
  const source = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
  store.append(source, 3, 6);
  store.appendByte(7);
  store.appendByte(8);
  store.append(source, 0, 1000);
  store.append(source, 5, 5);
  expect([...store.bytes.subarray(0, store.length)]).toEqual([3, 4, 5, 7, 8, ...source]);
  const { bytes } = store;
  store.clear();
  expect(store.length).toBe(0);
  store.append(source, 0, 9);
  expect(store.bytes).toBe(bytes);
});

test('takes no memory before the first append, and counts what it grows by beyond its initial capacity', () => {
  const memory = createResponseMemory();
  const used = () => new Int32Array(memory)[0];
  const store = new ByteStore(4, new MemoryAccount(memory));
  expect(store.bytes).toHaveLength(0);
  store.append(new Uint8Array(4), 0, 4);
  expect([store.bytes.length, used()]).toEqual([4, 0]);
  store.appendByte(1);
  expect([store.bytes.length, used()]).toEqual([8, 4]);
  const other = new ByteStore(4, new MemoryAccount(memory));
  other.append(new Uint8Array(100), 0, 100);
  expect([other.bytes.length, used()]).toEqual([100, 100]);
});

test('gives back a buffer that has grown large when it is cleared, without touching its bytes', () => {
  const store = new ByteStore(4);
  store.append(new Uint8Array(2 ** 21).fill(7), 0, 2 ** 21);
  const { bytes } = store;
  store.clear();
  expect(store.bytes).toHaveLength(0);
  expect(bytes[2 ** 21 - 1]).toBe(7);
  store.appendByte(8);
  expect(store.bytes).toHaveLength(4);
});
