import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES, FRAME_VERSION, FrameKind, frameOf } from '../transport/frame.ts';
import { MAX_FRAME_BYTES, RunLogWriter } from './append.ts';
import { LogReader, readFrames } from './read.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'run-log-'));
  path = join(directory, 'run.log');
});
afterEach(() => rm(directory, { recursive: true }));

function withRoom(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  bytes.set(body, FRAME_HEADER_BYTES);
  return bytes;
}

/** Writes bodies and returns where each frame ends. */
async function writeLog(bodies: readonly Uint8Array[]): Promise<number[]> {
  await rm(path, { force: true });
  const writer = RunLogWriter.open(path);
  const ends = bodies.map((body) => {
    writer.append(FrameKind.events, withRoom(body));
    return writer.bytes;
  });
  await writer.close();
  return ends;
}

async function readLog(): Promise<{ bodies: string[]; tornBytes: number }> {
  const bodies: string[] = [];
  for await (const frame of readFrames(path)) bodies.push(Buffer.from(frame.body).toString('hex'));
  const reader = new LogReader(path);
  let frames = 0;
  for await (const _ of reader.frames()) frames += 1;
  expect(frames).toBe(bodies.length);
  return { bodies, tornBytes: reader.losses.tornBytes };
}

const hex = (body: Uint8Array) => Buffer.from(body).toString('hex');

describe('run log', () => {
  it('goes on behind its last whole frame, whatever a writer that died left there', async () => {
    const ends = await writeLog([Buffer.from('one'), Buffer.from('two')]);
    await appendFile(path, Buffer.from('INFR torn'));
    const writer = RunLogWriter.resume(path, { nextSeq: 2, bytes: ends[1]! });
    expect(writer.append(FrameKind.events, withRoom(Buffer.from('three'))).seq).toBe(2);
    await writer.close();
    const bodies = ['one', 'two', 'three'].map((text) => hex(Buffer.from(text)));
    expect(await readLog()).toEqual({ bodies, tornBytes: 0 });
    expect(() => RunLogWriter.resume(join(directory, 'none'), { nextSeq: 0, bytes: 0 })).toThrow(
      'cannot write on in the run log',
    );
  });

  it('gives back what was appended, numbered and of its kind', async () => {
    const writer = RunLogWriter.open(path);
    const header = writer.append(FrameKind.runHeader, withRoom(Buffer.from('{}')));
    const empty = writer.append(FrameKind.health, withRoom(new Uint8Array(0)));
    expect([header.seq, header.kind, empty.seq, writer.nextSeq]).toEqual([0, FrameKind.runHeader, 1, 2]);
    const read = [];
    for await (const frame of readFrames(path)) read.push([frame.seq, frame.kind, frame.body.length]);
    expect(read).toEqual([
      [0, FrameKind.runHeader, 2],
      [1, FrameKind.health, 0],
    ]);
    expect(await readFile(path)).toEqual(Buffer.concat([header.bytes, empty.bytes]));
    await writer.close();
    await writer.close();
  });

  it('reads frames larger than its buffer', async () => {
    const bodies = [3, 700_000, 0, 262_144 - 24, 262_144, 5].map((size) => Buffer.alloc(size, size % 251));
    await writeLog(bodies);
    expect((await readLog()).bodies).toEqual(bodies.map(hex));
  });

  it('reads up to the last whole frame when torn at any byte', async () => {
    const bodies = [Buffer.from('first'), Buffer.from('INFR second'), Buffer.from('')];
    const ends = await writeLog(bodies);
    const whole = await readFile(path);
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const survivors = ends.filter((end) => end <= length).length;
      const lastEnd = ends[survivors - 1] ?? 0;
      expect(await readLog()).toEqual({
        bodies: bodies.slice(0, survivors).map(hex),
        tornBytes: length - lastEnd,
      });
    }
  });

  it('takes a tail of zeros, as a crashed machine leaves, for torn', async () => {
    await writeLog([Buffer.from('whole')]);
    await appendFile(path, Buffer.alloc(5000));
    expect(await readLog()).toEqual({ bodies: [hex(Buffer.from('whole'))], tornBytes: 5000 });
  });

  it('refuses a whole frame of a later version, and does not take it for torn', async () => {
    const { bytes } = frameOf(FrameKind.events, 0, Buffer.from('from the future'));
    bytes[4] = FRAME_VERSION + 1;
    new DataView(bytes.buffer).setUint32(
      20,
      crc32(bytes.subarray(FRAME_HEADER_BYTES), crc32(bytes.subarray(4, 20))),
      true,
    );
    await writeFile(path, bytes);
    await expect(readLog()).rejects.toMatchObject({
      code: 'INFEROMETER_RUNLOG_VERSION',
      message: `${path}: this version of the program reads frames of version 1 only; the frame at byte 0 is from a newer one`,
    });
  });

  it('finds any corruption in the middle and says where', async () => {
    const bodies = [Buffer.from('first'), Buffer.from('second'), Buffer.from('third')];
    const ends = await writeLog(bodies);
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: ends[1]! - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, mask) => {
          const broken = Buffer.from(whole);
          broken[at]! ^= mask;
          const start = at < ends[0]! ? 0 : ends[0]!;
          await writeFile(path, broken);
          await expect(readLog()).rejects.toThrow(`${path} is corrupt at byte ${start}: `);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('finds a frame out of sequence', async () => {
    await writeFile(
      path,
      Buffer.concat([
        frameOf(FrameKind.events, 0, Buffer.from('a')).bytes,
        frameOf(FrameKind.events, 2, Buffer.from('c')).bytes,
      ]),
    );
    await expect(readLog()).rejects.toMatchObject({
      code: 'INFEROMETER_RUNLOG_CORRUPT',
      message: expect.stringContaining('corrupt at byte 25: frame 2 where 1 was due') as string,
    });
  });

  it('spends no memory on the length of a frame that is not there', async () => {
    await writeLog([Buffer.from('whole')]);
    const absurd = Buffer.from(frameOf(FrameKind.events, 1, Buffer.alloc(4)).bytes);
    absurd.writeUInt32LE(0xffff_ffff, 16);
    await appendFile(path, absurd);
    const before = process.memoryUsage().arrayBuffers;
    expect((await readLog()).tornBytes).toBe(28);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_FRAME_BYTES / 2);
  });

  it('reads a large log in the memory of its largest frame', async () => {
    const body = Buffer.alloc(100_000, 7);
    await writeLog(Array.from({ length: 600 }, () => body));
    const peaks: number[] = [];
    const before = process.memoryUsage().arrayBuffers;
    let frames = 0;
    for await (const _ of readFrames(path)) {
      if (frames++ % 50 === 0) peaks.push(process.memoryUsage().arrayBuffers - before);
    }
    expect(frames).toBe(600);
    expect(Math.max(...peaks)).toBeLessThan(2 ** 20);
  });

  it('refuses to overwrite a log, to append when closed, and frames without room', async () => {
    const writer = RunLogWriter.open(path);
    expect(() => RunLogWriter.open(path)).toThrow(/cannot create the run log: EEXIST/);
    expect(() => writer.append(FrameKind.events, new Uint8Array(23))).toThrow(/24 to \d+ bytes \(got 23\)/);
    await writer.close();
    expect(() => writer.append(FrameKind.events, new Uint8Array(24))).toThrow(/is closed/);
  });

  it('ends with the last whole frame when the disk refuses', () => {
    const source = `import { RunLogWriter } from ${JSON.stringify(new URL('./append.ts', import.meta.url).href)};
      const writer = RunLogWriter.open(process.argv[1]);
      try {
        for (;;) writer.append(3, new Uint8Array(30_000));
      } catch (error) {
        console.log(error.code, error.kind, writer.nextSeq, writer.bytes);
      }`;
    const { stdout } = spawnSync(
      'bash',
      ['-c', 'ulimit -f 100; exec "$@"', 'bash', process.execPath, '--input-type=module', '-e', source, path],
      { encoding: 'utf8' },
    );
    expect(stdout).toBe('INFEROMETER_RUNLOG_WRITE execution 3 90000\n');
    expect(statSync(path).size).toBe(90_000);
  });
});
