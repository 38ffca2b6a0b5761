import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RunLogWriter } from '../../src/runlog/append.ts';
import { FRAME_HEADER_BYTES, FrameKind } from '../../src/transport/frame.ts';
import { FRAME_CODEC } from '../../src/transport/frame-codec.ts';
import { createSocketDirectory, type SocketDirectory } from '../../src/transport/zmq/address.ts';
import { bindPublisher, type ZmqPublisher } from '../../src/transport/zmq/publisher.ts';
import type { Frame } from '../../src/transport/frame.ts';

const FRAME_BYTES = 100_000;
const FRAMES = 3000;

interface Report {
  readonly frames: number;
  readonly inOrder: boolean;
  readonly sha256: string;
  readonly heals: number;
  readonly healedFrames: number;
  readonly maxRssBytes: number;
}

let directory: string;
let sockets: SocketDirectory;
let writer: RunLogWriter;
let publisher: ZmqPublisher<Frame>;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stopped-'));
  sockets = await createSocketDirectory();
  writer = RunLogWriter.open(join(directory, 'run.log'));
  publisher = await bindPublisher(FRAME_CODEC, sockets.freshAddress('ev_pub'), {
    sendHighWaterMark: 16,
    lingerMs: 0,
  });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await publisher.close();
  await writer.close();
  await sockets.remove();
  await rm(directory, { recursive: true });
});

async function publish(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const bytes = new Uint8Array(FRAME_HEADER_BYTES + FRAME_BYTES).fill(writer.nextSeq, FRAME_HEADER_BYTES);
    publisher.publish(writer.append(FrameKind.events, bytes));
    await nextTurn();
  }
}

interface Follower {
  readonly child: ChildProcess;
  readonly report: Promise<Report>;
  /** From then on a frame that is not in the stream is healed, no longer caught up on. */
  readonly caughtUp: Promise<void>;
}

/** A follower in a process of its own, connected. */
async function startFollower(): Promise<Follower> {
  const fixture = fileURLToPath(new URL('./follow-frames.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [fixture, writer.path, publisher.address, String(FRAMES - 1)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const caughtUp = waitForLine(child.stderr, 'caught up');
  caughtUp.catch(() => undefined); // of a child that is killed
  const report = text(child.stdout).then((line) => JSON.parse(line) as Report);
  report.catch(() => undefined); // of a child that is killed
  expect(await publisher.waitForSubscribers(1, 10_000)).toBe(true);
  return { child, report, caughtUp };
}

/** Resolves at the first line with `words`; reads on to the end, so that the writer is never held up. */
function waitForLine(stream: Readable, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = createInterface(stream);
    lines.on('line', (line) => {
      if (line.includes(words)) resolve();
    });
    lines.on('close', () => reject(new Error(`no line with "${words}"`)));
  });
}

async function sha256OfLog(): Promise<string> {
  return createHash('sha256')
    .update(await readFile(writer.path))
    .digest('hex');
}

it('keeps the publisher small while a subscriber is stopped, and the follower whole', async () => {
  const { child, report, caughtUp } = await startFollower();
  await publish(100);
  await caughtUp;
  child.kill('SIGSTOP');
  await publish(1000); // queues and the garbage between collections are full from here on
  const before = process.memoryUsage().rss;
  await publish(FRAMES - 1200);
  const grownBytes = process.memoryUsage().rss - before;
  child.kill('SIGCONT');
  await publish(100);

  const { maxRssBytes, heals, healedFrames, ...seen } = await report;
  expect(seen).toEqual({ frames: FRAMES, inOrder: true, sha256: await sha256OfLog() });
  expect(heals).toBeGreaterThan(0);
  expect(healedFrames).toBeGreaterThan(FRAMES / 2);
  expect(grownBytes).toBeLessThan(((FRAMES - 1200) * FRAME_BYTES) / 2);
  expect(maxRssBytes).toBeLessThan(FRAMES * FRAME_BYTES);
});

it('lets a follower that was killed be replaced in mid-run', async () => {
  const first = await startFollower();
  await publish(FRAMES / 3);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  await publish(FRAMES / 3);
  const second = await startFollower();
  await publish(FRAMES / 3);
  expect(await second.report).toMatchObject({
    frames: FRAMES,
    inOrder: true,
    sha256: await sha256OfLog(),
  });
});
