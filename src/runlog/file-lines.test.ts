import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { type FileLine, FileLines, MAX_LINE_BYTES } from './file-lines.ts';

const directory = mkdtempSync(join(tmpdir(), 'file-lines-'));
const path = join(directory, 'lines');
afterAll(() => rmSync(directory, { recursive: true }));

async function linesOf(): Promise<readonly FileLine[]> {
  const file = await open(path);
  try {
    const lines: FileLine[] = [];
    for await (const line of new FileLines(file).read()) lines.push(line);
    return lines;
  } finally {
    await file.close();
  }
}

it('gives the lines of any text, also those longer than a read', async () => {
  const line = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, '')),
    fc.constantFrom('x'.repeat(300_000), 'ä'.repeat(131_072)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.constantFrom('\n', '\r\n'), async (texts, end) => {
      writeFileSync(path, texts.map((text) => text + end).join(''));
      const lines = await linesOf();
      expect(lines.map(({ text }) => text)).toEqual(texts);
      expect(lines.map(({ number }) => number)).toEqual(texts.map((_, i) => i + 1));
      let offset = 0;
      for (const [i, text] of texts.entries()) {
        expect(lines[i]).toMatchObject({ offset, isWhole: true });
        offset += Buffer.byteLength(text + end);
      }
    }),
    { numRuns: 50 },
  );
});

it('tells a last line that was never finished', async () => {
  writeFileSync(path, 'one\ntw');
  expect((await linesOf()).at(-1)).toEqual({ number: 2, offset: 4, text: 'tw', isWhole: false });
});

it('reads no further than the longest line there may be', async () => {
  writeFileSync(path, 'one\n');
  truncateSync(path, 2 ** 40);
  const [one, endless, ...more] = await linesOf();
  expect(one?.text).toBe('one');
  expect(endless).toEqual({ number: 2, offset: 4, text: undefined, isWhole: false });
  expect(more).toEqual([]);
  expect(MAX_LINE_BYTES).toBeLessThan(2 ** 30);
});
