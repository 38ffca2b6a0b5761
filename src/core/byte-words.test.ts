import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPlainAscii, sameBytes, skipPlainText, skipPrintable } from './byte-words.ts';

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bytes that are much alike: zeros and ones of numbers, ASCII, what must be found. */
const byte = fc.oneof(
  fc.constantFrom(0, 0x0a, 0x1f, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xf0, 0xff),
  fc.nat({ max: 255 }),
);
const bytes = fc.array(byte, { maxLength: 40 }).map((values) => Uint8Array.from(values));
const offset = fc.nat({ max: 9 });

test('the same bytes are told from others, wherever they lie and whatever number they make', () => {
  const change = fc.option(fc.tuple(fc.nat(), byte), { nil: undefined });
  fc.assert(
    fc.property(bytes, change, offset, offset, (content, changed, aStart, bStart) => {
      const a = Buffer.concat([Buffer.alloc(aStart, 1), content]);
      const b = Buffer.concat([Buffer.alloc(bStart, 2), content]);
      if (changed !== undefined && content.length > 0) b[bStart + (changed[0] % content.length)] = changed[1];
      const wanted = Buffer.from(content).equals(b.subarray(bStart));
      expect(sameBytes(viewOf(a), aStart, viewOf(b), bStart, content.length)).toBe(wanted);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['0 and −0', [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0x80], false],
  ['not a number', [1, 0, 0, 0, 0, 0, 0xf8, 0x7f], [1, 0, 0, 0, 0, 0, 0xf8, 0x7f], true],
  ['another that is none', [1, 0, 0, 0, 0, 0, 0xf8, 0x7f], [2, 0, 0, 0, 0, 0, 0xf8, 0x7f], false],
])('eight bytes that are, as a number, %s', (_what, a, b, wanted) => {
  expect(sameBytes(viewOf(Uint8Array.from(a)), 0, viewOf(Uint8Array.from(b)), 0, 8)).toBe(wanted);
});

test('nothing that is looked for is passed over, and less than a word is left', () => {
  const isControl = (value: number) => value < 0x20;
  const isSpecial = (value: number) => isControl(value) || value === 0x22 || value === 0x5c;
  for (const [skip, isFound] of [
    [skipPrintable, isControl],
    [skipPlainText, isSpecial],
  ] as const) {
    fc.assert(
      fc.property(bytes, offset, (content, start) => {
        const all = Buffer.concat([Buffer.alloc(start), content]);
        const position = skip(viewOf(all), start, all.length);
        const found = content.findIndex(isFound);
        const wanted = found === -1 ? all.length : start + found;
        expect(position).toBeLessThanOrEqual(wanted);
        expect(position).toBeGreaterThan(wanted - 4);
      }),
    );
  }
});

test('any two neighbouring bytes are found or not, wherever in their words they lie', () => {
  const [start, end] = [3, 12];
  const all = new Uint8Array(end).fill(0x41);
  const view = viewOf(all);
  const isSpecial = (value: number) => value < 0x20 || value === 0x22 || value === 0x5c;
  const isWrong = (position: number, found: number) =>
    position > (found < 0 ? end : found) || position <= (found < 0 ? end : found) - 4;
  const wrong: string[] = [];
  for (let at = start; at < start + 5; at++) {
    for (let pair = 0; pair <= 0xffff; pair++) {
      view.setUint16(at, pair);
      const content = all.subarray(start);
      const found = content.findIndex(isSpecial);
      const control = content.findIndex((value) => value < 0x20);
      const isPlain = content.every((value) => value < 0x80 && value !== 0x5c);
      if (
        isWrong(skipPlainText(view, start, end), found < 0 ? found : start + found) ||
        isWrong(skipPrintable(view, start, end), control < 0 ? control : start + control) ||
        isPlainAscii(view, start, end) !== isPlain
      )
        wrong.push(`${pair.toString(16)} at ${at}`);
    }
    view.setUint16(at, 0x4141);
  }
  expect(wrong).toEqual([]);
});

test('plain ASCII is what holds neither a backslash nor a byte above 0x7f', () => {
  fc.assert(
    fc.property(bytes, offset, (content, start) => {
      const all = Buffer.concat([Buffer.alloc(start, 0xff), content]);
      const wanted = content.every((value) => value < 0x80 && value !== 0x5c);
      expect(isPlainAscii(viewOf(all), start, all.length)).toBe(wanted);
    }),
  );
});
