import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, test } from 'vitest';
import type { CellValue, ExportColumn } from './sample-columns.ts';
import { type TableWriter, writeCsv, writeParquet } from './sample-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'inferometer-table-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function write(
  writer: TableWriter,
  path: string,
  columns: readonly ExportColumn<Piece>[],
  pieces: readonly Piece[],
  onRows: (count: number) => void = () => undefined,
): Promise<void> {
  const file = await open(path, 'w');
  await writer(file, columns, pieces, onRows);
  await file.close();
}

const TEXTS = ['plain', 'a,b', 'say "hi"', 'two\nlines', '=1+1', '-2', '@x', '\ttab', null, 'µs'];

/** Rows of a table, of which so many came before. */
interface Piece {
  readonly first: number;
  readonly count: number;
}

function piecesOf(rowCount: number, rowsAPiece = rowCount): readonly Piece[] {
  const count = Math.ceil(rowCount / Math.max(1, rowsAPiece));
  return Array.from({ length: count }, (_, i) => ({
    first: i * rowsAPiece,
    count: Math.min(rowsAPiece, rowCount - i * rowsAPiece),
  }));
}

function column(
  name: string,
  kind: ExportColumn<Piece>['kind'],
  at: (row: number) => CellValue,
): ExportColumn<Piece> {
  return { name, kind, at: ({ first }, i) => at(first + i) };
}

const COLUMNS = [
  column('seq', 'integer', (i) => i),
  column('delay_ns', 'integer', (i) => (i % 3 === 0 ? null : -i)),
  column('late_ns', 'integer', (i) => Number.MAX_SAFE_INTEGER - i),
  column('measured', 'boolean', (i) => i % 2 === 0),
  column('text', 'text', (i) => TEXTS[i % TEXTS.length]!),
];

describe('CSV', () => {
  test('quotes what has to be, and lets no text be taken for a formula', async () => {
    const path = join(directory, 'few.csv');
    await write(writeCsv, path, COLUMNS.slice(4), piecesOf(TEXTS.length));
    expect(readFileSync(path, 'utf8')).toBe(
      `text\nplain\n"a,b"\n"say ""hi"""\n"two\nlines"\n'=1+1\n'-2\n'@x\n'\ttab\n\nµs\n`,
    );
  });

  test('leaves numbers below 0 alone, and tells of its progress', async () => {
    const path = join(directory, 'many.csv');
    const told: number[] = [];
    await write(writeCsv, path, COLUMNS.slice(0, 4), piecesOf(2500, 1200), (count) => told.push(count));
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'seq,delay_ns,late_ns,measured',
      '0,,9007199254740991,true',
      '1,-1,9007199254740990,false',
    ]);
    expect(lines).toHaveLength(2502);
    expect(told).toEqual([1000, 1200, 2200, 2400, 2500]);
  });
});

test.each([0, 3, 25_001])('Parquet of %i rows is read back as it was written', async (rowCount) => {
  const path = join(directory, `${rowCount}.parquet`);
  const pieces = piecesOf(rowCount, 10_000);
  await write(writeParquet, path, COLUMNS, pieces);
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
  const expected = pieces.flatMap((piece) =>
    Array.from({ length: piece.count }, (_, i) =>
      Object.fromEntries(
        COLUMNS.map(({ name, at }) => {
          const value = at(piece, i);
          return [name, typeof value === 'number' ? BigInt(value) : value];
        }),
      ),
    ),
  );
  expect(rows.length).toBe(rowCount);
  expect(rows.every((row, i) => COLUMNS.every(({ name }) => row[name] === expected[i]![name]))).toBe(true);
});
