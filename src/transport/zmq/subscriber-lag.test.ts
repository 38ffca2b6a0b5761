import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { MessageCodec } from '../message.ts';
import { topicBytes } from '../frame.ts';
import { createSocketDirectory, type SocketDirectory } from './address.ts';
import { bindPublisher } from './publisher.ts';
import { connectSubscriber } from './subscriber.ts';

const WAIT = { timeout: 15_000, interval: 10 };

const TEXTS: MessageCodec<string> = {
  encode: (text) => ({ topic: topicBytes('text'), payload: new TextEncoder().encode(text) }),
  decode: (payload) => new TextDecoder().decode(payload),
  onDecodeError: (error) => {
    throw error;
  },
};

let sockets: SocketDirectory;
beforeEach(async () => {
  sockets = await createSocketDirectory();
});
afterEach(() => sockets.remove());

async function wired(lagMs: number) {
  const address = sockets.freshAddress('lag');
  const publisher = await bindPublisher(TEXTS, address);
  const subscriber = await connectSubscriber(TEXTS, address, { lagMs });
  await publisher.waitForSubscribers(1, 5000);
  const deliveries: (readonly string[])[] = [];
  subscriber.start((items) => deliveries.push(items));
  return { publisher, subscriber, deliveries };
}

it('a subscriber that lags gets the first at once, and what came meanwhile in one piece and in order', async () => {
  const { publisher, subscriber, deliveries } = await wired(300);
  publisher.publish('first');
  await vi.waitFor(() => expect(deliveries).toEqual([['first']]), WAIT);
  for (const text of ['second', 'third', 'fourth']) publisher.publish(text);
  await vi.waitFor(() => expect(deliveries).toEqual([['first'], ['second', 'third', 'fourth']]), WAIT);
  await subscriber.close();
  await publisher.close();
});

it('a subscriber that is closed while it lags delivers nothing more, and at once', async () => {
  const { publisher, subscriber, deliveries } = await wired(1_000_000);
  publisher.publish('first');
  await vi.waitFor(() => expect(deliveries).toEqual([['first']]), WAIT);
  publisher.publish('second');
  await subscriber.close();
  expect(deliveries).toEqual([['first']]);
  await publisher.close();
});
