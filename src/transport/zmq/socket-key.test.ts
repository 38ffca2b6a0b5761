import { afterEach, expect, test, vi } from 'vitest';
import { curveKeyPair } from 'zeromq';
import type { MessageCodec } from '../message.ts';
import { topicBytes } from '../frame.ts';
import { bindPublisher } from './publisher.ts';
import {
  checkSocketKey,
  createSocketKey,
  curvePublisherOptions,
  curveSubscriberOptions,
} from './socket-key.ts';
import { type ConnectionState, connectSubscriber } from './subscriber.ts';

const TEXT: MessageCodec<string> = {
  encode: (text) => ({ topic: topicBytes('text'), payload: Buffer.from(text) }),
  decode: (payload) => Buffer.from(payload).toString(),
  onDecodeError: () => undefined,
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A publisher that says something ten times a second, with or without a key. */
async function publisher(key?: string): Promise<string> {
  const socket = await bindPublisher(TEXT, 'tcp://127.0.0.1:0', { key, lingerMs: 0 });
  const timer = setInterval(() => socket.publish('the secret'), 100);
  closing.push(async () => {
    clearInterval(timer);
    await socket.close();
  });
  return socket.address;
}

async function subscriber(address: string, key?: string) {
  const seen: { readonly texts: string[]; readonly states: ConnectionState[] } = { texts: [], states: [] };
  const socket = await connectSubscriber(TEXT, address, {
    key,
    onConnection: (state) => seen.states.push(state),
  });
  socket.start((texts) => seen.texts.push(...texts));
  closing.push(() => socket.close());
  return seen;
}

const soon = { timeout: 10_000, interval: 10 };

test('who has the key is connected and reads', async () => {
  const key = createSocketKey();
  const seen = await subscriber(await publisher(key), key);
  await vi.waitUntil(() => seen.texts.length > 1, soon);
  expect(seen.texts[0]).toBe('the secret');
  expect(seen.states).toEqual(['connected']);
});

test.each([
  ['another key', createSocketKey(), createSocketKey()],
  ['none where one is asked for', createSocketKey(), undefined],
  ['one where none is', undefined, createSocketKey()],
])('%s is refused, and reads nothing', async (_what, asked, given) => {
  const seen = await subscriber(await publisher(asked), given);
  await vi.waitUntil(() => seen.states.includes('refused'), soon);
  expect(seen.states).not.toContain('connected');
  expect(seen.texts).toEqual([]);
});

test('a publisher that goes is told', async () => {
  const seen = await subscriber(await publisher());
  await vi.waitUntil(() => seen.states.includes('connected'), soon);
  await closing.shift()!();
  await vi.waitUntil(() => seen.states.at(-1) === 'disconnected', soon);
});

test('both ends derive the same pair of keys, another one for each key', () => {
  const [one, other] = [createSocketKey(), createSocketKey()];
  const serverKeys = [one, one.toUpperCase(), other].map((key) => curveSubscriberOptions(key).curveServerKey);
  expect(serverKeys[0]).toBe(serverKeys[1]);
  expect(serverKeys[0]).not.toBe(serverKeys[2]);
  expect(curvePublisherOptions(one)).toEqual(curvePublisherOptions(one));
  expect(serverKeys[0]).toHaveLength(curveKeyPair().publicKey.length);
});

test('a key is 64 hex digits, and one that is not is not repeated', () => {
  const key = createSocketKey();
  expect(checkSocketKey(` ${key.toUpperCase()}\n`)).toBe(key);
  for (const bad of ['', 'hunter2', key.slice(1), `${key}0`, key.replace(/./, 'g')]) {
    expect(() => checkSocketKey(bad)).toThrow(expect.objectContaining({ code: 'INFEROMETER_TRANSPORT_KEY' }));
  }
  expect(() => checkSocketKey('hunter2')).toThrow(/64 hex digits.*got 7 characters/);
});
