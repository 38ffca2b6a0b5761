import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/core/log.ts';
import { BATCH_TOPIC, topicBytes } from '../../src/transport/frame.ts';
import { bindMemoryPublisher, connectMemorySubscriber, MemoryBus } from '../../src/transport/memory.ts';
import type {
  MessageCodec,
  MessagePublisher,
  MessageSubscriber,
  PublisherOptions,
  SubscriberOptions,
} from '../../src/transport/message.ts';
import { createSocketDirectory, socketPath } from '../../src/transport/zmq/address.ts';
import { bindPublisher } from '../../src/transport/zmq/publisher.ts';
import { connectSubscriber } from '../../src/transport/zmq/subscriber.ts';

/** A world of its own in which one address may be bound. */
interface Transport {
  bind<T>(codec: MessageCodec<T>, options?: PublisherOptions): Promise<MessagePublisher<T>>;
  connect<T>(codec: MessageCodec<T>, options?: SubscriberOptions): Promise<MessageSubscriber<T>>;
  /** Waits until `count` subscribers hear the publisher bound last. */
  joined(count: number): Promise<void>;
  dispose(): Promise<void>;
}

function memoryTransport(): Promise<Transport> {
  const bus = new MemoryBus();
  return Promise.resolve({
    bind: (codec, options) => bindMemoryPublisher(bus, codec, 'memory', options),
    connect: (codec, options) => connectMemorySubscriber(bus, codec, 'memory', options),
    joined: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  });
}

async function zmqTransport(): Promise<Transport> {
  const directory = await createSocketDirectory();
  const address = directory.freshAddress('contract');
  let wait: (count: number) => Promise<boolean>;
  return {
    async bind(codec, options) {
      const publisher = await bindPublisher(codec, address, options);
      wait = (count) => publisher.waitForSubscribers(count, 5000);
      return publisher;
    },
    connect: (codec, options) => connectSubscriber(codec, address, options),
    async joined(count) {
      expect(await wait(count)).toBe(true);
    },
    dispose: () => directory.remove(),
  };
}

const TEXT_TOPIC = topicBytes('text');

/** Texts; `!…` on the wire is a wire failure with a substitute, `?…` one that is dropped, `#…` another exception. */
const TEXT_CODEC: MessageCodec<string> = {
  encode: (item) => ({
    topic: item.includes(':') ? topicBytes(item.split(':')[0]!) : TEXT_TOPIC,
    payload: Buffer.from(item),
  }),
  decode(payload) {
    const text = Buffer.from(payload).toString();
    if (/^[!?#]/.test(text)) throw new Error(text);
    return text;
  },
  onDecodeError(error) {
    const { message } = error as Error;
    if (message.startsWith('#')) throw error;
    return message.startsWith('!') ? `substitute for ${message}` : undefined;
  },
};

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 2) {
    if (waitedMs > 5000) throw new Error('waited 5 s in vain');
    await sleep(2);
  }
}

describe.each([
  ['memory', memoryTransport],
  ['zmq', zmqTransport],
])('%s transport', (_name, create) => {
  let transport: Transport;
  const open: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    transport = await create();
  });
  afterEach(async () => {
    for (const end of open.splice(0)) await end.close();
    await transport.dispose();
  });

  async function pair(publisherOptions: PublisherOptions = {}, subscriberOptions: SubscriberOptions = {}) {
    const publisher = await transport.bind(TEXT_CODEC, publisherOptions);
    const { received, deliveries } = await listen(subscriberOptions);
    await transport.joined(1);
    open.push(publisher);
    return { publisher, received, deliveries };
  }

  async function listen(options: SubscriberOptions = {}) {
    const subscriber = await transport.connect(TEXT_CODEC, options);
    open.push(subscriber);
    const received: string[] = [];
    const deliveries: number[] = [];
    subscriber.start((items) => {
      received.push(...items);
      deliveries.push(items.length);
    });
    return { subscriber, received, deliveries };
  }

  it('delivers in the order of publishing, far more than one burst at once', async () => {
    const { publisher, received, deliveries } = await pair(
      { sendHighWaterMark: 0 },
      { receiveHighWaterMark: 0 },
    );
    const sent = Array.from({ length: 20_000 }, (_, i) => `item ${i}`);
    for (const item of sent) publisher.publish(item);
    await until(() => received.length >= sent.length);
    expect(received).toEqual(sent);
    expect(deliveries.length).toBeLessThan(sent.length / 10);
  });

  it('sends a frame when the threshold is reached, and the rest on flush', async () => {
    const { publisher, received } = await pair({ flushThreshold: 3 });
    publisher.publish('a');
    publisher.publish('b');
    await sleep(20);
    expect(received).toEqual([]);
    publisher.publish('c');
    publisher.publish('d');
    await until(() => received.length === 3);
    await sleep(20);
    expect(received).toEqual(['a', 'b', 'c']);
    publisher.flush();
    publisher.flush();
    await until(() => received.length === 4);
    expect(received).toEqual(['a', 'b', 'c', 'd']);
  });

  it('flushes on close, ignores what follows, and closes twice', async () => {
    const { publisher, received } = await pair({ flushThreshold: 10 });
    publisher.publish('last');
    await publisher.close();
    publisher.publish('late');
    publisher.flush();
    await publisher.close();
    await until(() => received.length > 0);
    await sleep(20);
    expect(received).toEqual(['last']);
  });

  it('reaches every subscriber', async () => {
    const { publisher, received } = await pair();
    const other = await listen();
    await transport.joined(2);
    publisher.publish('to all');
    await until(() => received.length + other.received.length === 2);
    expect([received, other.received]).toEqual([['to all'], ['to all']]);
  });

  it('lets a subscriber connect before the publisher binds', async () => {
    const early = await listen();
    const publisher = await transport.bind(TEXT_CODEC);
    open.push(publisher);
    await transport.joined(1);
    publisher.publish('first');
    await until(() => early.received.length === 1);
    expect(early.received).toEqual(['first']);
  });

  it('gives a late joiner what is published from then on', async () => {
    const { publisher, received } = await pair();
    publisher.publish('before');
    await until(() => received.length === 1);
    const late = await listen();
    await transport.joined(2);
    publisher.publish('after');
    await until(() => late.received.length > 0 && received.length === 2);
    expect(late.received).toEqual(['after']);
  });

  it('keeps what arrives between connecting and starting', async () => {
    const publisher = await transport.bind(TEXT_CODEC);
    const subscriber = await transport.connect(TEXT_CODEC);
    open.push(publisher, subscriber);
    await transport.joined(1);
    publisher.publish('early');
    await sleep(20);
    const received: string[] = [];
    subscriber.start((items) => received.push(...items));
    await until(() => received.length === 1);
    expect(received).toEqual(['early']);
    expect(() => subscriber.start(() => undefined)).toThrow(/started twice/);
  });

  it('delivers only the newest to a conflating subscriber that was busy', async () => {
    const publisher = await transport.bind(TEXT_CODEC);
    const subscriber = await transport.connect(TEXT_CODEC, { conflate: true });
    open.push(publisher, subscriber);
    await transport.joined(1);
    for (let i = 0; i < 100; i++) publisher.publish(`tick ${i}`);
    await sleep(50);
    const received: string[] = [];
    subscriber.start((items) => received.push(...items));
    await until(() => received.length > 0);
    await sleep(20);
    expect(received).toEqual(['tick 99']);
  });

  it('filters single frames by topic and lets batches through', async () => {
    const { publisher, received } = await pair({ flushThreshold: 2 }, { topics: [topicBytes('wanted')] });
    for (const item of ['wanted:1', 'other:1']) {
      publisher.publish(item);
      publisher.flush();
    }
    publisher.publish('other:2');
    publisher.publish('other:3');
    await until(() => received.length === 3);
    expect(received).toEqual(['wanted:1', 'other:2', 'other:3']);
  });

  it('asks the codec about what it cannot decode', async () => {
    const { publisher, received } = await pair({ flushThreshold: 3 });
    for (const item of ['!broken', '?gone', 'whole']) publisher.publish(item);
    publisher.publish('!alone');
    publisher.flush();
    await until(() => received.length === 3);
    expect(received).toEqual(['substitute for !broken', 'whole', 'substitute for !alone']);
  });

  it('hands on what the codec re-throws, and ends', async () => {
    const failures: unknown[] = [];
    const { publisher, received } = await pair({}, { onFailure: (error) => failures.push(error) });
    publisher.publish('#bug');
    await until(() => failures.length === 1);
    publisher.publish('after');
    await sleep(20);
    expect(failures).toEqual([new Error('#bug')]);
    expect(received).toEqual([]);
  });

  it('hands on what the receiver throws, and ends', async () => {
    const failures: unknown[] = [];
    const publisher = await transport.bind(TEXT_CODEC);
    const subscriber = await transport.connect(TEXT_CODEC, { onFailure: (error) => failures.push(error) });
    open.push(publisher, subscriber);
    await transport.joined(1);
    subscriber.start(() => {
      throw new Error('receiver');
    });
    publisher.publish('item');
    await until(() => failures.length === 1);
    expect(failures).toEqual([new Error('receiver')]);
  });

  it('ignores a frame of nothing but a topic and skips empty payloads of a batch', async () => {
    const { publisher, received } = await pair({ flushThreshold: 2 });
    publisher.publish('');
    publisher.flush();
    publisher.publish('');
    publisher.publish('b');
    await until(() => received.length > 0);
    expect(received).toEqual(['b']);
  });

  it('logs and drops a batch that cannot be read', async () => {
    const lines: string[] = [];
    const rawCodec: MessageCodec<Uint8Array> = {
      encode: (payload) => ({ topic: BATCH_TOPIC, payload }),
      decode: (payload) => payload,
      onDecodeError: () => undefined,
    };
    const raw = await transport.bind(rawCodec);
    open.push(raw);
    const { received } = await listen({ log: createLog((line) => lines.push(line)) });
    await transport.joined(1);
    raw.publish(Uint8Array.of(0x92, 0xc4, 0x01, 0x61)); // two promised, one there
    raw.publish(Uint8Array.of(0x91, 0xc4, 0x01, 0x62));
    await until(() => received.length === 1);
    expect(received).toEqual(['b']);
    expect(lines).toEqual([expect.stringMatching(/^error: dropped a batch of 44 bytes/)]);
  });

  it('never blocks for a subscriber that does not read, and drops for it alone', async () => {
    const idle = await transport.connect(TEXT_CODEC, { receiveHighWaterMark: 10 });
    const { publisher, received } = await pair({ sendHighWaterMark: 10 }, { receiveHighWaterMark: 0 });
    open.push(idle);
    await transport.joined(2);
    const text = 'x'.repeat(20_000);
    let published = 0;
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 5; i++) publisher.publish(`${published++} ${text}`);
      await until(() => received.length === published);
    }
    const late: string[] = [];
    idle.start((items) => late.push(...items));
    await until(() => late.length > 0);
    await sleep(50);
    expect(late.length).toBeLessThan(published);
    expect(late).toEqual(received.slice(0, late.length));
  });

  it('stops delivering once closed, also from within a delivery', async () => {
    const publisher = await transport.bind(TEXT_CODEC);
    const subscriber = await transport.connect(TEXT_CODEC);
    open.push(publisher);
    await transport.joined(1);
    let deliveries = 0;
    subscriber.start(() => {
      deliveries++;
      void subscriber.close();
    });
    publisher.publish('a');
    await until(() => deliveries === 1);
    publisher.publish('b');
    await sleep(20);
    await subscriber.close();
    await subscriber.close();
    expect(deliveries).toBe(1);
  });

  it('closes a subscriber that was never started', async () => {
    const subscriber = await transport.connect(TEXT_CODEC);
    await subscriber.close();
  });
});

describe('zmq transport', () => {
  it('unlinks its socket file and tells of subscribers that leave', async () => {
    const directory = await createSocketDirectory();
    const publisher = await bindPublisher(TEXT_CODEC, directory.freshAddress('file'));
    const path = socketPath(publisher.address)!;
    expect(existsSync(path)).toBe(true);
    const subscriber = await connectSubscriber(TEXT_CODEC, publisher.address);
    expect(await publisher.waitForSubscribers(1, 5000)).toBe(true);
    await subscriber.close();
    await until(() => publisher.subscribers === 0);
    expect(await publisher.waitForSubscribers(1, 10)).toBe(false);
    const neverJoined = publisher.waitForSubscribers(1, 60_000);
    await publisher.close();
    expect(await neverJoined).toBe(false);
    expect(existsSync(path)).toBe(false);
    await directory.remove();
    expect(existsSync(directory.path)).toBe(false);
  });

  it('speaks TCP on a free port', async () => {
    const publisher = await bindPublisher(TEXT_CODEC, 'tcp://127.0.0.1:0');
    expect(publisher.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
    const subscriber = await connectSubscriber(TEXT_CODEC, publisher.address);
    await publisher.waitForSubscribers(1, 5000);
    const received: string[] = [];
    subscriber.start((items) => received.push(...items));
    publisher.publish('over tcp');
    await until(() => received.length === 1);
    await subscriber.close();
    await publisher.close();
  });

  it('says which address is taken', async () => {
    const publisher = await bindPublisher(TEXT_CODEC, 'tcp://127.0.0.1:0');
    await expect(bindPublisher(TEXT_CODEC, publisher.address)).rejects.toMatchObject({
      code: 'INFEROMETER_TRANSPORT_BIND',
      message: expect.stringContaining(publisher.address) as string,
    });
    await publisher.close();
  });
});
