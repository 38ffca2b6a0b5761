import { once } from 'node:events';
import { existsSync, linkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Subscriber } from 'zeromq';
import { EventKind } from '../../core/event-types.ts';
import { createLog, SILENT_LOG } from '../../core/log.ts';
import type { Nanoseconds } from '../../core/time.ts';
import { buildEventBatch } from '../../events/batch-builder.ts';
import { encodeBatchFrame } from '../../events/columnar-codec.ts';
import { RunLogWriter } from '../../runlog/append.ts';
import { FRAME_CODEC } from '../../transport/frame-codec.ts';
import { FRAME_HEADER_BYTES, FrameKind, openFrame, TOPIC_BYTES } from '../../transport/frame.ts';
import { bindPublisher } from '../../transport/zmq/publisher.ts';
import { claimEventPlace } from './event-place.ts';
import { EventBus } from './event-bus.ts';

/** More than the bus, two sockets and the kernel hold for a subscriber. */
const FRAMES = 300;
const FRAME_BYTES = 200_000;

let path: string;
let writer: RunLogWriter;
const subscribers: Subscriber[] = [];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'event-bus-'));
  writer = RunLogWriter.open(join(path, 'run.log'));
});
afterEach(async () => {
  for (const subscriber of subscribers.splice(0)) subscriber.close();
  await writer.close();
  rmSync(path, { recursive: true });
});

function openBus(log = SILENT_LOG, stalledMs?: number, address = `ipc://${path}/bus`): Promise<EventBus> {
  return EventBus.open(
    { logPath: writer.path, wire: 'ours', address, socketDirectory: path },
    log,
    stalledMs,
  );
}

function subscribe(address: string): Subscriber {
  const subscriber = new Subscriber({ receiveHighWaterMark: 1, linger: 0 });
  subscriber.subscribe();
  subscriber.connect(address);
  subscribers.push(subscriber);
  return subscriber;
}

/** The numbers of so many frames, taken one every `pauseMs`; then it leaves. */
async function receive(
  subscriber: Subscriber,
  count: number,
  pauseMs = 0,
): Promise<readonly (number | string)[]> {
  const seqs: (number | string)[] = [];
  while (seqs.length < count) {
    if (pauseMs > 0) await sleep(pauseMs);
    const [message] = await subscriber.receive();
    const frame = openFrame(message!.subarray(TOPIC_BYTES));
    seqs.push(typeof frame === 'string' ? frame : frame.seq);
  }
  subscriber.close();
  return seqs;
}

function writeFrames(count: number): void {
  for (let i = 0; i < count; i++) {
    writer.append(FrameKind.health, new Uint8Array(FRAME_HEADER_BYTES + FRAME_BYTES));
  }
}

function writeEnd(): void {
  const end = { kind: EventKind.sessionEnded, timestampNs: 1 as Nanoseconds };
  writer.append(FrameKind.events, encodeBatchFrame(buildEventBatch([end])));
}

const forever = new Promise<never>(() => undefined);
const RUNNING = { allFrames: forever, gone: forever };
const inOrder = Array.from({ length: FRAMES + 1 }, (_, i) => i);

it('a subscriber that comes late, or is slow, gets every frame of the run in order', async () => {
  const bus = await openBus();
  const publishing = bus.publish(RUNNING);
  writeFrames(FRAMES);
  writeEnd();
  const late = subscribe(bus.address);
  await sleep(300);
  expect(await receive(late, FRAMES + 1)).toEqual(inOrder);
  await publishing;
  expect(existsSync(`${path}/bus`)).toBe(false);
});

it('a subscriber that still is behind at the end of the run gets the rest', async () => {
  const bus = await openBus();
  const publishing = bus.publish(RUNNING);
  const behind = subscribe(bus.address);
  writeFrames(20);
  writeEnd();
  expect(await receive(behind, 21, 20)).toEqual(inOrder.slice(0, 21));
  await publishing;
});

it('a subscriber that takes nothing at all is disconnected, and keeps others from none of their events', async () => {
  const lines: string[] = [];
  const bus = await openBus(
    createLog((line) => lines.push(line)),
    500,
  );
  subscribe(bus.address);
  const reading = subscribe(bus.address);
  const publishing = bus.publish(RUNNING);
  const received = receive(reading, FRAMES + 1);
  await sleep(300); // both have subscribed by now
  writeFrames(FRAMES);
  writeEnd();
  expect(await received).toEqual(inOrder);
  await publishing;
  expect(lines.join()).toContain('took nothing for 0.5 s and was disconnected');
});

it('ends when nobody subscribed, and says so', async () => {
  const lines: string[] = [];
  const bus = await openBus(createLog((line) => lines.push(line)));
  writeEnd();
  await bus.publish({ allFrames: Promise.resolve(1), gone: forever });
  expect(lines).toEqual([`info: nobody subscribed to the events at ${bus.address}`]);
});

it('a subscriber comes over TCP too', async () => {
  const bus = await openBus(SILENT_LOG, undefined, 'tcp://127.0.0.1:0');
  expect(bus.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const publishing = bus.publish(RUNNING);
  writeFrames(3);
  writeEnd();
  expect(await receive(subscribe(bus.address), 4)).toEqual([0, 1, 2, 3]);
  await publishing;
});

it.each([
  ['tcp://0.0.0.0:5602', /ssh -L/],
  ['tcp://127.0.0.1:70000', /up to 65535/],
  ['tcp://127.0.0.1', /must be tcp:/],
  ['udp://127.0.0.1:1', /must be ipc:/],
  [`ipc:///tmp/${'x'.repeat(120)}`, /at most 107/],
])('refuses to publish events at %s', async (address, why) => {
  await expect(claimEventPlace(address)).rejects.toThrow(why);
});

it('takes the place of no file and of no socket in use, but of one that was left', async () => {
  writeFileSync(join(path, 'file'), 'mine');
  await expect(claimEventPlace(`ipc://${path}/file`)).rejects.toThrow('a file or folder of that name');
  const address = `ipc://${path}/bus`;
  const publisher = await bindPublisher(FRAME_CODEC, address);
  await expect(claimEventPlace(address)).rejects.toThrow('another process listens there');
  await publisher.close();
  const server = createServer().listen(`${path}/left`);
  await once(server, 'listening');
  linkSync(`${path}/left`, `${path}/bus`); // as of a process that was killed: nobody listens, the file is there
  server.close();
  expect(existsSync(`${path}/bus`)).toBe(true);
  await claimEventPlace(address);
  expect(existsSync(`${path}/bus`)).toBe(false);
});
