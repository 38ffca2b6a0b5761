import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { largeFileLines } from './large-lines.ts';
import { textLines } from './text.ts';

const folder = mkdtempSync(join(tmpdir(), 'inferometer-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the lines of a file in parts are those of the whole', () => {
  const path = join(folder, 'any.jsonl');
  const piece = fc.constantFrom('\n', '\r\n', '\r', 'a', 'ä', ' ', '{"prompt": "x"}', '\uFEFF');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (pieces, partBytes) => {
      const bytes = Buffer.from(pieces.join(''));
      writeFileSync(path, bytes);
      const seen = (lines: ReturnType<typeof textLines>) =>
        Array.from(lines, ({ number, place, text }) => [number, place(), text()]);
      expect(seen(largeFileLines(path, partBytes))).toEqual(seen(textLines(bytes, path)));
    }),
    { numRuns: 300 },
  );
});

test('names a file that cannot be read', () => {
  expect(() => [...largeFileLines(join(folder, 'missing.jsonl'))]).toThrow(
    /missing\.jsonl: cannot be read: ENOENT/,
  );
});
