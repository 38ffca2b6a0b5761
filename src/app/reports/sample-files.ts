import type { FileHandle } from 'node:fs/promises';
import type { CellValue, ExportColumn } from './sample-columns.ts';

/**
 * Writes a table, whose rows come in pieces, to a file that is open and empty, and leaves it open; `onRows` hears of rows written so far.
 */
export type TableWriter = <Piece extends { readonly count: number }>(
  file: FileHandle,
  columns: readonly ExportColumn<Piece>[],
  pieces: Iterable<Piece>,
  onRows: (count: number) => void,
) => Promise<void>;

const CSV_ROWS_A_WRITE = 1000;

/**
 * Comma-separated values: a head with the names, lines ending in LF, quotes as in RFC 4180, nothing between the commas for null. A text
 * that a spreadsheet would take for a formula (it begins with = + - @, a tab or a return) gets an apostrophe in front. Streams.
 */
export const writeCsv: TableWriter = async (file, columns, rowCount, onRows) => {
  await file.writeFile(csvParts(columns, rowCount, onRows));
};

function* csvParts<Piece extends { readonly count: number }>(
  columns: readonly ExportColumn<Piece>[],
  pieces: Iterable<Piece>,
  onRows: (count: number) => void,
) {
  yield `${columns.map(({ name }) => name).join(',')}\n`;
  let written = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.count; from += CSV_ROWS_A_WRITE) {
      const to = Math.min(piece.count, from + CSV_ROWS_A_WRITE);
      let lines = '';
      for (let row = from; row < to; row++) {
        lines += `${columns.map(({ at }) => csvCell(at(piece, row))).join(',')}\n`;
      }
      onRows(written + to);
      yield lines;
    }
    written += piece.count;
  }
}

function csvCell(value: CellValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Parquet, compressed with Snappy: integers as INT64, texts as UTF-8 strings, each piece a group of rows. */
export const writeParquet: TableWriter = async (file, columns, pieces, onRows) => {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const bytes = new ByteWriter();
  const flush = async () => {
    await file.appendFile(bytes.getBytes());
    bytes.index = 0;
  };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'sample', num_children: columns.length }, ...columns.map(schemaOf)],
    createdBy: 'inferometer',
  });
  let written = 0;
  for (const piece of pieces) {
    await writer.write({
      columnData: columns.map(({ name, at }) => ({ name, data: columnData(at, piece) })),
      rowGroupSize: piece.count,
    });
    await flush();
    onRows((written += piece.count));
  }
  await writer.finish();
  await flush();
};

function schemaOf({ name, kind }: Pick<ExportColumn<never>, 'name' | 'kind'>) {
  const repetition = { name, repetition_type: 'OPTIONAL' } as const;
  switch (kind) {
    case 'integer':
      return { ...repetition, type: 'INT64' } as const;
    case 'boolean':
      return { ...repetition, type: 'BOOLEAN' } as const;
    case 'text':
      return { ...repetition, type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  }
}

function columnData<Piece extends { readonly count: number }>(
  at: ExportColumn<Piece>['at'],
  piece: Piece,
): unknown[] {
  return Array.from({ length: piece.count }, (_, i) => {
    const value = at(piece, i);
    return typeof value === 'number' ? BigInt(value) : value;
  });
}
