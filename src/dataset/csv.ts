import { parse } from 'csv-parse/sync';
import { errorText } from '../core/errors.ts';
import { datasetError, type LocatedRow, shown } from './row.ts';
import { decodeUtf8, LINE_FEED } from './text.ts';

const CARRIAGE_RETURN = 0x0d;

/** Columns whose cells hold JSON, since a cell is text: what a JSON file would hold directly. */
const JSON_COLUMNS: ReadonlySet<string> = new Set([
  'messages',
  'input_tokens',
  'token_ids',
  'tools',
  'tool_choice',
  'chat_template_kwargs',
]);

/**
 * The rows of a CSV file (RFC 4180: quotes, line breaks within them) whose first line names the columns. All cells are texts,
 * but for columns like `messages`, whose cells hold JSON and are left out when empty.
 *
 * Throws `INFEROMETER_DATASET_INVALID` with the line for a row that has more or fewer cells than there are columns.
 */
export function parseCsv(bytes: Uint8Array, path: string): LocatedRow[] {
  decodeUtf8(bytes, path);
  const [header, ...records] = parseRecords(bytes, path);
  if (header === undefined) return [];
  const columns = header.cells.map((name) => name.trim());
  const repeated = columns.find((name, index) => columns.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw datasetError(`${path}:${header.line}`, `column "${repeated}" twice`, 'a name once');
  }
  return records.map(({ cells, line }) => {
    const place = `${path}:${line}`;
    if (cells.length !== columns.length) {
      throw datasetError(place, `${cells.length} cells`, `${columns.length}, one for each column`);
    }
    const named = cells.map((cell, index) => [columns[index]!, cell] as const);
    return {
      place,
      values: Object.fromEntries(named.flatMap(([name, cell]) => cellValue(name, cell, place))),
    };
  });
}

interface CsvRecord {
  readonly cells: readonly string[];
  /** The line it begins on, from 1. */
  readonly line: number;
}

function parseRecords(bytes: Uint8Array, path: string): CsvRecord[] {
  try {
    const parsed = parse(bytes, {
      bom: true,
      info: true,
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
      relax_column_count: true,
    }) as unknown as { info: { bytes: number }; record: string[] }[];
    const place = new LineCounter(bytes);
    return parsed.map(({ info, record }) => ({ cells: record, line: place.lineOfRecord(info.bytes) }));
  } catch (cause) {
    throw datasetError(path, errorText(cause), 'comma-separated values', { cause });
  }
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
  lineOfRecord(endPosition: number): number {
    while (this.#bytes[this.#position] === LINE_FEED || this.#bytes[this.#position] === CARRIAGE_RETURN) {
      this.#advanceTo(this.#position + 1);
    }
    const line = this.#line;
    this.#advanceTo(endPosition);
    return line;
  }

  #advanceTo(position: number): void {
    for (; this.#position < position; this.#position++) {
      if (this.#bytes[this.#position] === LINE_FEED) this.#line += 1;
    }
  }
}

function cellValue(name: string, cell: string, place: string): [string, unknown][] {
  if (!JSON_COLUMNS.has(name)) return [[name, cell]];
  if (cell.trim() === '') return [];
  try {
    return [[name, JSON.parse(cell)]];
  } catch (cause) {
    throw datasetError(`${place}: ${name}`, shown(cell), 'JSON', { cause });
  }
}
