import { CsvError, parse } from 'csv-parse/sync';
import { errorText } from '../core/errors.ts';
import { countedText } from '../core/quantity-text.ts';
import { datasetError, type RawRow } from './row.ts';
import { checkRowSize, decodeUtf8 } from './text.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The rows of a CSV file (RFC 4180: quotes, line breaks within them; lines end in CRLF, LF or CR) whose first line names the columns,
 * unless they are given.
 * All values are texts.
 *
 * Throws `INFEROMETER_DATASET_INVALID` for a file that is not CSV; a row with more or fewer cells than there are columns throws when
 * it is read.
 */
export function parseCsv(bytes: Uint8Array, path: string, given?: readonly string[]): readonly RawRow[] {
  decodeUtf8(bytes, path);
  const records = parseRecords(bytes, path);
  if (given !== undefined) return rowsOf(records, given, path);
  const [header, ...others] = records;
  if (header === undefined) return [];
  const columns = header.cells.map((name) => name.trim());
  const repeated = columns.find((name, index) => columns.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw datasetError(`${path}:${header.line}`, `column "${repeated}" appears twice; rename one of them`);
  }
  return rowsOf(others, columns, path);
}

function rowsOf(records: readonly CsvRecord[], columns: readonly string[], path: string): readonly RawRow[] {
  return records.map(({ cells, line, byteLength }) => {
    const place = () => `${path}:${line}`;
    const read = () => {
      checkRowSize(byteLength, place());
      if (cells.length !== columns.length) {
        throw datasetError(
          place(),
          `the row has ${countedText(cells.length, 'cell')}, but the header names ${countedText(columns.length, 'column')}`,
        );
      }
      const named = cells.map((cell, index) => [columns[index]!, cell] as const);
      return Object.fromEntries(named);
    };
    return { place, read, isText: true };
  });
}

interface CsvRecord {
  readonly cells: readonly string[];
  /** The line it begins on, from 1. */
  readonly line: number;
  readonly byteLength: number;
}

function parseRecords(bytes: Uint8Array, path: string): CsvRecord[] {
  const place = new LineCounter(bytes);
  try {
    const parsed = parse(bytes, {
      bom: true,
      info: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      relax_column_count: true,
    }) as unknown as { info: { bytes: number }; record: string[] }[];
    return parsed.map(({ info, record }) => ({ cells: record, ...place.recordUpTo(info.bytes) }));
  } catch (cause) {
    throw datasetError(placeOfError(cause, path), errorText(cause), { cause });
  }
}

function placeOfError(error: unknown, path: string): string {
  const line = error instanceof CsvError ? (error as { readonly lines?: unknown }).lines : undefined;
  return typeof line === 'number' ? `${path}:${line}` : path;
}

/** Finds the line on which each record begins from where it ends; the parser's own count takes CRLF for two lines. */
class LineCounter {
  readonly #bytes: Uint8Array;
  #position = 0;
  #line = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Records must be asked for in order. */
  recordUpTo(endPosition: number): { readonly line: number; readonly byteLength: number } {
    while (this.#bytes[this.#position] === LINE_FEED || this.#bytes[this.#position] === CARRIAGE_RETURN) {
      this.#advanceTo(this.#position + 1);
    }
    const line = this.#line;
    const byteLength = endPosition - this.#position;
    this.#advanceTo(endPosition);
    return { line, byteLength };
  }

  #advanceTo(position: number): void {
    for (; this.#position < position; this.#position++) {
      const byte = this.#bytes[this.#position];
      const endsLine =
        byte === LINE_FEED || (byte === CARRIAGE_RETURN && this.#bytes[this.#position + 1] !== LINE_FEED);
      if (endsLine) this.#line += 1;
    }
  }
}
