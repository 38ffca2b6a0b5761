import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../core/log.ts';
import { type Frame, FRAME_HEADER_BYTES, FrameKind, openFrame } from '../transport/frame.ts';
import { FRAME_CODEC } from '../transport/frame-codec.ts';
import { bindMemoryPublisher, connectMemorySubscriber, MemoryBus } from '../transport/memory.ts';
import type { MessageSubscriber } from '../transport/message.ts';
import { RunLogWriter } from './append.ts';
import { type FollowerOptions, type FrameHandler, RunLogFollower } from './follow.ts';

let directory: string;
let path: string;
let writer: RunLogWriter;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'follow-'));
  path = join(directory, 'run.log');
  writer = RunLogWriter.open(path);
});
afterEach(async () => {
  await writer.close();
  await rm(directory, { recursive: true });
});

function append(bodyBytes = 40): Frame {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + bodyBytes).fill(writer.nextSeq, FRAME_HEADER_BYTES);
  return writer.append(FrameKind.events, bytes);
}

/** A stream whose deliveries the test decides. */
class ManualStream implements MessageSubscriber<Frame> {
  deliver: (frames: readonly Frame[]) => void = () => undefined;
  start(process: (frames: readonly Frame[]) => void): void {
    this.deliver = process;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Following {
  readonly follower: RunLogFollower;
  readonly seqs: number[];
  readonly done: Promise<void>;
  /** From then on a frame that is not in the stream is healed, no longer caught up on. */
  readonly caughtUp: Promise<void>;
}

function follow(options: Partial<FollowerOptions> = {}, handle?: FrameHandler): Following {
  const { promise: caughtUp, resolve: onCaughtUp } = Promise.withResolvers<void>();
  const log = createLog((line) => line.includes('caught up') && onCaughtUp(), 'debug');
  const follower = new RunLogFollower({ path, pollMs: 5, log, ...options });
  const seqs: number[] = [];
  const done = follower.run((frame) => {
    expect([...new Set(frame.body)]).toEqual(frame.body.length === 0 ? [] : [frame.seq & 0xff]);
    seqs.push(frame.seq);
    return handle?.(frame);
  });
  return { follower, seqs, done, caughtUp };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 2) {
    if (waitedMs > 5000) throw new Error('waited 5 s in vain');
    await sleep(2);
  }
}

async function end({ follower, done }: Following): Promise<void> {
  follower.stop();
  await done;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('RunLogFollower', () => {
  it('tails a file that is not there yet', async () => {
    const log = join(directory, 'later.log');
    const following = follow({ path: log });
    await sleep(15);
    const later = RunLogWriter.open(log);
    for (let i = 0; i < 3; i++) {
      later.append(FrameKind.events, new Uint8Array(FRAME_HEADER_BYTES));
      await sleep(8);
    }
    await until(() => following.seqs.length === 3);
    await end(following);
    await later.close();
    expect(following.seqs).toEqual([0, 1, 2]);
    expect(following.follower.heals).toBe(0);
  });

  it('catches up from the log, then takes the stream, and counts no heal', async () => {
    for (let i = 0; i < 50; i++) append();
    const stream = new ManualStream();
    const following = follow({ subscriber: stream, pollMs: 60_000 });
    await until(() => following.seqs.length === 50);
    for (let i = 0; i < 50; i++) stream.deliver([append()]);
    await until(() => following.seqs.length === 100);
    await end(following);
    expect(following.seqs).toEqual(numbers(100));
    expect([following.follower.heals, following.follower.healedFrames]).toEqual([0, 0]);
  });

  it('heals a gap in the stream at the next frame, and counts it', async () => {
    const stream = new ManualStream();
    const following = follow({ subscriber: stream, pollMs: 60_000 });
    await following.caughtUp;
    stream.deliver([append()]);
    await until(() => following.seqs.length === 1);
    append();
    append();
    stream.deliver([append()]);
    await until(() => following.seqs.length === 4);
    await end(following);
    expect(following.seqs).toEqual(numbers(4));
    expect([following.follower.heals, following.follower.healedFrames]).toEqual([1, 2]);
  });

  it('heals the loss of the last frames when the stream stays silent', async () => {
    const stream = new ManualStream();
    const following = follow({ subscriber: stream });
    await following.caughtUp;
    stream.deliver([append()]);
    await until(() => following.seqs.length === 1);
    append();
    append();
    await until(() => following.seqs.length === 3);
    await end(following);
    expect([following.follower.heals, following.follower.healedFrames]).toEqual([1, 2]);
  });

  it('drops what a slow handler cannot take and reads it back from the log', async () => {
    const stream = new ManualStream();
    const following = follow({ subscriber: stream, windowFrames: 3 }, () => sleep(1));
    for (let i = 0; i < 60; i++) stream.deliver([append()]);
    await until(() => following.seqs.length === 60);
    await end(following);
    expect(following.seqs).toEqual(numbers(60));
  });

  it('hands over one frame at a time', async () => {
    for (let i = 0; i < 20; i++) append();
    let inside = 0;
    const following = follow({}, async () => {
      expect(++inside).toBe(1);
      await sleep(1);
      inside--;
    });
    await until(() => following.seqs.length === 20);
    await end(following);
  });

  it('stops from within its handler and delivers nothing more', async () => {
    for (let i = 0; i < 10; i++) append();
    const following: Following = follow({}, (frame) => {
      if (frame.seq === 4) following.follower.stop();
    });
    await following.done;
    expect(following.seqs).toEqual(numbers(5));
  });

  it('rejects with what its handler throws', async () => {
    append();
    const following = follow({}, () => {
      throw new Error('handler');
    });
    await expect(following.done).rejects.toThrow('handler');
  });

  describe('a log damaged where it is needed', () => {
    async function damage(change: (log: Buffer) => Buffer | void): Promise<void> {
      const log = await readFile(path);
      await writeFile(path, change(log) ?? log);
    }

    it.each<[string, number[], (log: Buffer) => Buffer | void]>([
      ['a byte of a body', [2], (log) => void (log[2 * 64 + 30]! ^= 1)],
      ['a length', [1], (log) => void log.writeUInt32LE(1_000_000, 64 + 16)],
      ['three frames of zeros', [1, 2, 3], (log) => log.fill(0, 64, 4 * 64)],
      ['a frame cut out', [3], (log) => Buffer.concat([log.subarray(0, 3 * 64), log.subarray(4 * 64)])],
      ['bytes put in', [], (log) => Buffer.concat([log.subarray(0, 140), log.subarray(120)])],
      ['frames doubled', [], (log) => Buffer.concat([log.subarray(0, 192), log.subarray(64)])],
    ])('loses but what is broken: %s', async (_what, lost, change) => {
      for (let i = 0; i < 8; i++) append();
      await damage(change);
      const following = follow();
      await until(() => following.seqs.includes(7));
      await end(following);
      const { follower, seqs } = following;
      expect(seqs).toEqual(numbers(8).filter((seq) => !lost.includes(seq)));
      expect([follower.lostFrames, follower.delivered]).toEqual([lost.length, 8 - lost.length]);
    });

    it('loses nothing that the stream brought', async () => {
      const stream = new ManualStream();
      const following = follow({ subscriber: stream, pollMs: 60_000 });
      await following.caughtUp;
      stream.deliver([append()]);
      await until(() => following.seqs.length === 1);
      const [, third] = [append(), append(), append()];
      const fifth = append();
      await damage((log) => log.fill(0, 64, 4 * 64));
      stream.deliver([third, fifth]);
      await until(() => following.seqs.includes(4));
      stream.deliver([append()]);
      await until(() => following.seqs.includes(5));
      await end(following);
      expect(following.seqs).toEqual([0, 2, 4, 5]);
      expect(following.follower.lostFrames).toBe(2);
    });

    it.each([
      ['cut off', (log: Buffer) => log.subarray(0, 2 * 64)],
      ['cut off inside a frame', (log: Buffer) => log.subarray(0, 2 * 64 + 30)],
      ['broken', (log: Buffer) => log.fill(0, 2 * 64)],
    ])('does not wait for its last frames once they must be there: %s', async (_what, change) => {
      const stream = new ManualStream();
      for (let i = 0; i < 5; i++) append();
      await damage(change);
      const following = follow({ subscriber: stream });
      await until(() => following.seqs.length === 2);
      following.follower.endAt(5);
      await following.done;
      expect(following.seqs).toEqual([0, 1]);
      expect(following.follower.lostFrames).toBe(3);
    });

    it('goes on behind the hole of a log that was cut off while it was written', async () => {
      // Often: the end may be told while the log is being read, and what was read then was not all.
      for (let time = 0; time < 150; time++) {
        await writer.close();
        await rm(path);
        writer = RunLogWriter.open(path);
        const following = follow({ subscriber: new ManualStream(), pollMs: 1 });
        for (let i = 0; i < 3; i++) append();
        await until(() => following.seqs.length === 3);
        for (let i = 0; i < 4; i++) append();
        if (time % 3 > 0) await sleep(1);
        await truncate(path, 100);
        append();
        following.follower.endAt(8);
        await following.done;
        expect(following.seqs.at(-1)).toBe(7);
        expect(following.seqs.length + following.follower.lostFrames).toBe(8);
      }
    });

    it('loses just what was both damaged in the log and left out of the stream', async () => {
      const frame = fc.record({ isDamaged: fc.boolean(), isSent: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 20 }), async (frames) => {
          await writer.close();
          await rm(path);
          writer = RunLogWriter.open(path);
          const written = frames.map(() => append());
          await damage((log) => {
            for (const [i, { isDamaged }] of frames.entries()) if (isDamaged) log[i * 64 + 40]! ^= 1;
          });
          const stream = new ManualStream();
          const following = follow({ subscriber: stream, pollMs: 1 });
          stream.deliver(written.filter((_, i) => frames[i]!.isSent));
          following.follower.endAt(frames.length);
          await following.done;
          const wanted = numbers(frames.length).filter((i) => !frames[i]!.isDamaged || frames[i]!.isSent);
          expect(following.seqs).toEqual(wanted);
          expect(following.follower.lostFrames).toBe(frames.length - wanted.length);
        }),
        { numRuns: 60 },
      );
    });

    it('ends without one that is not there', async () => {
      const following = follow({ path: join(directory, 'nowhere.log') });
      following.follower.endAt(3);
      await following.done;
      expect(following.seqs).toEqual([]);
    });
  });

  it('ends by itself behind the last frame', async () => {
    const stream = new ManualStream();
    const following = follow({ subscriber: stream, pollMs: 60_000 });
    stream.deliver([append()]);
    await until(() => following.seqs.length === 1);
    following.follower.endAt(2);
    stream.deliver([append()]);
    await following.done;
    expect(following.seqs).toEqual([0, 1]);
    expect(following.follower.lostFrames).toBe(0);
  });

  it('waits for a log that lags behind the stream', async () => {
    const lines: string[] = [];
    const stream = new ManualStream();
    const hidden = join(directory, 'lagging.log');
    await writeFile(hidden, '');
    const following = follow({
      path: hidden,
      subscriber: stream,
      log: createLog((line) => lines.push(line)),
    });
    await sleep(10);
    append();
    stream.deliver([append()]);
    await until(() => lines.length > 0);
    expect(following.seqs).toEqual([]);
    await writeFile(hidden, await readFile(path));
    await until(() => following.seqs.length === 2);
    await end(following);
    expect(lines[0]).toContain('frame 0 is neither in the stream (at 1)');
  });

  it('passes over a frame the wire corrupted, over a bus', async () => {
    const bus = new MemoryBus();
    let corruptNext = false;
    const publisher = await bindMemoryPublisher(
      bus,
      {
        ...FRAME_CODEC,
        encode(frame: Frame) {
          const payload = Buffer.from(frame.bytes);
          if (corruptNext) payload[30]! ^= 1;
          return { topic: FRAME_CODEC.encode(frame).topic, payload };
        },
      },
      'frames',
    );
    const subscriber = await connectMemorySubscriber(bus, FRAME_CODEC, 'frames');
    const following = follow({ subscriber, pollMs: 60_000 });
    await following.caughtUp;
    for (let i = 0; i < 30; i++) {
      corruptNext = i % 10 === 5;
      publisher.publish(append());
      await sleep(1);
    }
    await until(() => following.seqs.length === 30);
    await end(following);
    expect(following.seqs).toEqual(numbers(30));
    expect(following.follower.healedFrames).toBe(3);
  });

  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant('send' as const) },
    { weight: 3, arbitrary: fc.constant('lose' as const) },
    { weight: 1, arbitrary: fc.constant('twice' as const) },
    { weight: 1, arbitrary: fc.constant('pause' as const) },
  );

  it('delivers each frame once and in order under any loss, late start and restart', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.nat({ max: 60 }),
        fc.nat({ max: 60 }),
        fc.integer({ min: 1, max: 8 }),
        fc.boolean(),
        async (steps, startAt, restartAt, windowFrames, slow) => {
          await writer.close();
          await rm(path);
          writer = RunLogWriter.open(path);
          const followings: Following[] = [];
          let stream = new ManualStream();
          const start = () => {
            stream = new ManualStream();
            const options = { subscriber: stream, pollMs: 2, windowFrames, windowBytes: 2000 };
            followings.push(follow(options, () => (slow ? Promise.resolve() : undefined)));
          };
          for (const [i, action] of steps.entries()) {
            if (i === startAt || i === restartAt) start();
            if (action === 'pause') await sleep(1);
            else {
              const frame = append(i * 7);
              if (action !== 'lose') stream.deliver([frame]);
              if (action === 'twice') stream.deliver([frame, frame]);
            }
          }
          if (followings.length === 0) start();
          for (const following of followings) {
            await until(() => following.seqs.length >= writer.nextSeq);
            await end(following);
            expect(following.seqs).toEqual(numbers(writer.nextSeq));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('FRAME_CODEC', () => {
  it('passes frames through unread and drops corrupt ones', () => {
    const frame = append(5);
    const { payload } = FRAME_CODEC.encode(frame);
    expect(payload).toBe(frame.bytes);
    expect(FRAME_CODEC.decode(payload, new Uint8Array(40))).toEqual(openFrame(frame.bytes));
    const corrupt = Buffer.from(payload);
    corrupt[26]! ^= 1;
    let error: unknown;
    try {
      FRAME_CODEC.decode(corrupt, new Uint8Array(40));
    } catch (caught) {
      error = caught;
    }
    expect(FRAME_CODEC.onDecodeError(error, corrupt)).toBeUndefined();
    expect(() => FRAME_CODEC.onDecodeError(new TypeError('bug'), corrupt)).toThrow('bug');
  });
});
