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
  const [first, ...others] = columns;
  if (first === undefined) return;
  let written = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.count; from += CSV_ROWS_A_WRITE) {
      const to = Math.min(piece.count, from + CSV_ROWS_A_WRITE);
      let lines = '';
      for (let row = from; row < to; row++) {
        lines += csvCell(first.at(piece, row));
        for (const { at } of others) lines += `,${csvCell(at(piece, row))}`;
        lines += '\n';
      }
      onRows(written + to);
      yield lines;
    }
    written += piece.count;
  }
}

const MAY_BE_ODD = /^[=+\-@]|[",\r\n\t]/;

function csvCell(value: CellValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  if (!MAY_BE_ODD.test(value)) return value;
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
      columnData: columns.map((column) => ({ name: column.name, data: columnData(column, piece) })),
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

/** The cells of a column as the writer wants them: integers in one array of 64 bits each, unless one of them is null. */
function columnData<Piece extends { readonly count: number }>(
  { kind, at }: ExportColumn<Piece>,
  piece: Piece,
): BigInt64Array | unknown[] {
  if (kind === 'integer') {
    const integers = new BigInt64Array(piece.count);
    let i = 0;
    for (; i < piece.count; i++) {
      const value = at(piece, i);
      if (typeof value !== 'number') break;
      integers[i] = BigInt(value);
    }
    if (i === piece.count) return integers;
  }
  const cells = new Array<unknown>(piece.count);
  for (let i = 0; i < piece.count; i++) {
    const value = at(piece, i);
    cells[i] = typeof value === 'number' ? BigInt(value) : value;
  }
  return cells;
}
