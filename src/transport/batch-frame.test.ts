import { isDeepStrictEqual } from 'node:util';
import { decode, encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBatchFrame, packBatch, packSingle, unpackBatch } from './batch-frame.ts';
import { FrameBatcher } from './frame-batcher.ts';
import { BATCH_TOPIC, TOPIC_BYTES, topicBytes } from './frame.ts';

const payloads = fc.array(
  fc.oneof(
    fc.uint8Array(),
    fc.nat({ max: 70_000 }).map((length) => new Uint8Array(length)),
  ),
);

function naivelyUnpacked(frame: Uint8Array): Buffer[] | undefined {
  try {
    const items = decode(frame.subarray(TOPIC_BYTES));
    const areBinaries = Array.isArray(items) && items.every((item) => item instanceof Uint8Array);
    return areBinaries ? items.map((item) => Buffer.from(item)) : undefined;
  } catch {
    return undefined;
  }
}

describe('batch frames', () => {
  it('are the batch topic and what MessagePack makes of the payloads', () => {
    fc.assert(
      fc.property(payloads, (items) => {
        const frame = packBatch(items);
        expect(isBatchFrame(frame)).toBe(true);
        expect(Buffer.from(frame).equals(Buffer.concat([BATCH_TOPIC, encode(items)]))).toBe(true);
        expect(unpackBatch(frame)?.map((item) => Buffer.from(item))).toEqual(
          items.map((item) => Buffer.from(item)),
        );
      }),
    );
  });

  it.each([0, 1, 15, 16, 65_535, 65_536])('hold %d payloads', (count) => {
    const items = Array.from({ length: count }, (_, i) => Uint8Array.of(i & 0xff));
    const frame = packBatch(items);
    expect(decode(frame.subarray(TOPIC_BYTES))).toHaveLength(count);
    expect(unpackBatch(frame)).toHaveLength(count);
  });

  it('are refused whole when cut anywhere or followed by anything', () => {
    const frame = packBatch([Uint8Array.of(1, 2), new Uint8Array(300)]);
    for (let length = TOPIC_BYTES; length < frame.length; length++) {
      expect(unpackBatch(frame.subarray(0, length))).toBeUndefined();
    }
    expect(unpackBatch(Buffer.concat([frame, Buffer.alloc(1)]))).toBeUndefined();
  });

  it('are read as MessagePack reads them, whichever byte is another', () => {
    const frame = packBatch([
      Uint8Array.of(1, 2),
      new Uint8Array(0),
      Uint8Array.of(0xc4, 1, 5),
      new Uint8Array(9),
    ]);
    const differing: string[] = [];
    for (let at = TOPIC_BYTES; at < frame.length; at++) {
      for (let byte = 0; byte <= 0xff; byte++) {
        const damaged = frame.with(at, byte);
        const found = unpackBatch(damaged)?.map((item) => Buffer.from(item));
        if (!isDeepStrictEqual(found, naivelyUnpacked(damaged))) differing.push(`byte ${at} as ${byte}`);
      }
    }
    expect(differing).toEqual([]);
  });

  it.each([
    ['a map', encode({})],
    ['an array of texts', encode(['text'])],
    ['nothing', new Uint8Array(0)],
  ])('are refused when they hold %s', (_what, content) => {
    expect(unpackBatch(Buffer.concat([BATCH_TOPIC, content]))).toBeUndefined();
  });

  it('are told from single ones', () => {
    const single = packSingle({ topic: topicBytes('batches'), payload: Uint8Array.of(7) });
    expect(isBatchFrame(single)).toBe(false);
    expect([...single.subarray(TOPIC_BYTES)]).toEqual([7]);
  });
});

describe('FrameBatcher', () => {
  it('keeps nothing of an item its codec cannot encode', () => {
    const frames: Uint8Array[] = [];
    const codec = {
      encode(item: number) {
        if (item < 0) throw new Error('negative');
        return { topic: topicBytes(`t${item}`), payload: Uint8Array.of(item) };
      },
      decode: () => 0,
      onDecodeError: () => undefined,
    };
    const batcher = new FrameBatcher(codec, 3, (frame) => frames.push(frame));
    batcher.publish(1);
    expect(() => batcher.publish(-1)).toThrow('negative');
    expect(batcher.buffered).toBe(1);
    batcher.flush();
    expect(Buffer.from(frames[0]!)).toEqual(Buffer.concat([topicBytes('t1'), Uint8Array.of(1)]));
  });
});
