import { decode, encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, MsgpackWriter } from './msgpack-writer.ts';

const json = fc
  .jsonValue({ maxDepth: 3 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown); // without -0

describe('MsgpackWriter', () => {
  it('writes any JSON value as the library does, integers in their smallest form', () => {
    const writer = new MsgpackWriter();
    fc.assert(
      fc.property(json, (value) => {
        writer.value(value);
        const bytes = writer.finish();
        expect(Buffer.from(bytes)).toEqual(Buffer.from(encode(value)));
        expect(decode(bytes)).toEqual(value);
      }),
    );
  });

  it('writes 64-bit integers that numbers cannot hold', () => {
    const writer = new MsgpackWriter();
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
        writer.int(value);
        const bytes = writer.finish();
        const smallest = Number.isSafeInteger(Number(value)) ? encode(Number(value)) : bytes;
        expect(Buffer.from(bytes)).toEqual(Buffer.from(smallest));
        expect(BigInt(decode(bytes, { useBigInt64: true }) as number | bigint)).toBe(value);
      }),
    );
  });

  it('writes a text from the UTF-8 of another array as it writes the text', () => {
    const writer = new MsgpackWriter();
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(0, 31, 32, 255, 256, 257, 65_535, 65_536).map((length) => 'x'.repeat(length)),
    );
    fc.assert(
      fc.property(text, (value) => {
        const bytes = Buffer.from(`..${value}..`);
        writer.utf8(bytes, 2, bytes.length - 2);
        expect(Buffer.from(writer.finish())).toEqual(Buffer.from(encode(value)));
      }),
    );
  });

  it('lends what was written until it begins anew', () => {
    const writer = new MsgpackWriter();
    writer.text('first');
    expect(decode(writer.written())).toBe('first');
    expect(writer.length).toBe(6);
    writer.clear();
    writer.text('second');
    expect(decode(writer.written())).toBe('second');
  });

  it('copes with what an endpoint may send to hurt', () => {
    const writer = new MsgpackWriter();
    const depth = 100_000;
    writer.value(JSON.parse(`{"__proto__":1,"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`));
    const value = decode(writer.finish()) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['deep']);
    let found = 0;
    for (let inner = value.deep; Array.isArray(inner); inner = inner[0] as unknown) found++;
    expect(found).toBe(MAX_DEPTH - 1);
  });

  it('turns lone surrogates into U+FFFD and leaves out undefined', () => {
    const writer = new MsgpackWriter();
    writer.value({ a: '\ud800', b: undefined, c: [undefined] });
    expect(decode(writer.finish())).toEqual({ a: '\ufffd', c: [null] });
  });

  it('has lengths of every size', () => {
    const writer = new MsgpackWriter();
    for (const length of [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      const value = [
        'x'.repeat(length),
        new Array<number>(length).fill(1),
        Object.fromEntries(Array.from({ length }, (_, i) => [`${i}`, i])),
      ];
      writer.value(value);
      expect(Buffer.from(writer.finish()).equals(encode(value))).toBe(true);
    }
  });
});
