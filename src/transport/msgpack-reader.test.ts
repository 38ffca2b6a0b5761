import { encode, ExtData } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MsgpackReader, type ReadFaults } from './msgpack-reader.ts';
import { MAX_DEPTH, MsgpackWriter } from './msgpack-writer.ts';

class Malformed extends Error {}
class Unexpected extends Error {}

const FAULTS: ReadFaults = {
  malformed: (message, cause) => new Malformed(message, { cause }),
  unexpected: (message) => new Unexpected(message),
};

function readerOf(bytes: Uint8Array): MsgpackReader {
  return new MsgpackReader(bytes, FAULTS);
}

const json = fc
  .jsonValue({ maxDepth: 3, stringUnit: 'binary' })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown); // without -0

/** Values of every kind, those of no JSON too. */
const anything = fc.oneof(
  json,
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.nat(127), fc.uint8Array({ maxLength: 20 })).map(([type, data]) => new ExtData(type, data)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.double(),
  fc.constantFrom(
    'x'.repeat(70_000),
    new Uint8Array(70_000),
    Array.from({ length: 70_000 }, () => 1),
  ),
);

describe('MsgpackReader', () => {
  it('reads any JSON value as the library does', () => {
    fc.assert(
      fc.property(json, (value) => {
        const reader = readerOf(encode(value));
        expect(reader.value()).toEqual(value);
        reader.end();
      }),
    );
  });

  it('passes over any value, and gives its bytes', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 4 }), (values) => {
        const parts = values.map((value) => Buffer.from(encode(value, { useBigInt64: true })));
        const reader = readerOf(Buffer.concat(parts));
        for (const part of parts) expect(part.equals(reader.skip())).toBe(true);
        reader.end();
      }),
    );
  });

  it('passes over nesting of any depth', () => {
    const deep = new Uint8Array(1_000_001).fill(0x91);
    deep[1_000_000] = 0xc0;
    expect(readerOf(deep).skip()).toHaveLength(deep.length);
  });

  it('reads what the writer nests, and refuses deeper nesting', () => {
    const nested = (depth: number) => Uint8Array.of(...new Uint8Array(depth).fill(0x91), 0x90);
    const writer = new MsgpackWriter();
    const deepest = readerOf(nested(MAX_DEPTH)).value();
    writer.value([deepest]);
    expect(readerOf(writer.finish()).value()).toBeDefined();
    for (const depth of [MAX_DEPTH + 1, 100_000]) {
      expect(() => readerOf(nested(depth)).value()).toThrow(
        new Malformed(`nesting deeper than ${MAX_DEPTH}`),
      );
    }
  });

  it('tells integers of any width from doubles', () => {
    const read = (...bytes: number[]) => readerOf(Uint8Array.from(bytes)).number();
    expect(read(0x05)).toEqual({ isDouble: false, value: 5 });
    expect(read(0xff)).toEqual({ isDouble: false, value: -1 });
    expect(read(0xcd, 0, 5)).toEqual({ isDouble: false, value: 5 });
    expect(read(0xd3, 0, 0, 0, 0, 0, 0, 0, 5)).toEqual({ isDouble: false, value: 5 });
    expect(read(0xcf, 0xff, 0, 0, 0, 0, 0, 0, 1)).toEqual({ isDouble: false, value: 0xff00_0000_0000_0001n });
    expect(read(0xca, 0x40, 0xa0, 0, 0)).toEqual({ isDouble: true, value: 5 });
    expect(read(0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0)).toEqual({ isDouble: true, value: 5 });
  });

  it('reads whole numbers of 64 bits, no doubles', () => {
    const int = (value: unknown) => readerOf(encode(value, { useBigInt64: true })).int();
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
        expect(int(value)).toBe(value);
      }),
    );
    expect(() => int(2 ** 60)).toThrow(Unexpected);
    expect(() => int(0.5)).toThrow('expected a whole number, got a value that begins with 0xcb (byte 0)');
    expect(() => int('5')).toThrow(Unexpected);
  });

  it.each([
    ['arrayHeader', {}],
    ['mapHeader', []],
    ['text', 5],
    ['number', 'x'],
    ['int', null],
  ] as const)('wants what it is asked for: %s', (method, value) => {
    expect(() => readerOf(encode(value))[method]()).toThrow(Unexpected);
  });

  it('refuses what is no MessagePack', () => {
    expect(() => readerOf(Uint8Array.of(0xc1)).text()).toThrow(
      new Malformed('no value begins with 0xc1 (byte 0)'),
    );
    expect(() => readerOf(Uint8Array.of(0xc1)).skip()).toThrow(Malformed);
    expect(() => readerOf(Uint8Array.of(0xa1, 0xff)).text()).toThrow(
      new Malformed('text is no UTF-8 (byte 1)'),
    );
    expect(() => readerOf(Uint8Array.of(0xc0)).end()).toThrow(new Malformed('1 bytes behind the value'));
    expect(() => readerOf(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)).value()).toThrow(Malformed);
  });

  it('throws nothing but its faults for bytes of any kind, and reads no further than they go', () => {
    const cut = fc
      .tuple(anything, fc.nat(), fc.option(fc.tuple(fc.nat(), fc.nat(0xff)), { nil: undefined }))
      .map(([value, length, change]) => {
        const bytes = encode(value, { useBigInt64: true }).slice(0, 300);
        if (change !== undefined && bytes.length > 0) bytes[change[0] % bytes.length] = change[1];
        return bytes.subarray(0, length % (bytes.length + 1));
      });
    fc.assert(
      fc.property(cut, fc.constantFrom('skip', 'value', 'int', 'text'), (bytes, method) => {
        try {
          readerOf(bytes)[method]();
        } catch (error) {
          if (!(error instanceof Malformed || error instanceof Unexpected)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
