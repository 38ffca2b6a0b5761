import type { FileHandle } from 'node:fs/promises';
import type { CellValue, ExportColumn } from './sample-columns.ts';

/** Writes a table to a file that is open and empty, and leaves it open; `onRows` hears of rows written so far. */
export type TableWriter = (
  file: FileHandle,
  columns: readonly ExportColumn[],
  rowCount: number,
  onRows: (count: number) => void,
) => Promise<void>;

const CSV_ROWS_A_WRITE = 1000;
/** Rows a group: what Parquet holds in memory at once. */
const PARQUET_ROWS_A_GROUP = 50_000;

/**
 * Comma-separated values: a head with the names, lines ending in LF, quotes as in RFC 4180, nothing between the commas for null. A text
 * that a spreadsheet would take for a formula (it begins with = + - @, a tab or a return) gets an apostrophe in front. Streams.
 */
export const writeCsv: TableWriter = async (file, columns, rowCount, onRows) => {
  await file.writeFile(csvParts(columns, rowCount, onRows));
};

function* csvParts(columns: readonly ExportColumn[], rowCount: number, onRows: (count: number) => void) {
  yield `${columns.map(({ name }) => name).join(',')}\n`;
  for (let from = 0; from < rowCount; from += CSV_ROWS_A_WRITE) {
    const to = Math.min(rowCount, from + CSV_ROWS_A_WRITE);
    let lines = '';
    for (let row = from; row < to; row++) {
      lines += `${columns.map(({ at }) => csvCell(at(row))).join(',')}\n`;
    }
    onRows(to);
    yield lines;
  }
}

function csvCell(value: CellValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Parquet, compressed with Snappy: integers as INT64, texts as UTF-8 strings, groups of 50,000 rows of which one is in memory. */
export const writeParquet: TableWriter = async (file, columns, rowCount, onRows) => {
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
  for (let from = 0; from < rowCount; from += PARQUET_ROWS_A_GROUP) {
    const to = Math.min(rowCount, from + PARQUET_ROWS_A_GROUP);
    await writer.write({
      columnData: columns.map(({ name, at }) => ({ name, data: columnData(at, from, to) })),
      rowGroupSize: PARQUET_ROWS_A_GROUP,
    });
    await flush();
    onRows(to);
  }
  await writer.finish();
  await flush();
};

function schemaOf({ name, kind }: ExportColumn) {
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

function columnData(at: ExportColumn['at'], from: number, to: number): unknown[] {
  return Array.from({ length: to - from }, (_, i) => {
    const value = at(from + i);
    return typeof value === 'number' ? BigInt(value) : value;
  });
}
