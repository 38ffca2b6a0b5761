import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { errorText, InferometerError } from '../core/errors.ts';
import { numberText } from '../core/quantity-text.ts';
import { mapColumns } from './columns.ts';
import { toUtf8 } from './encoding.ts';
import { parseJsonFile, parseJsonLines } from './jsonl.ts';
import { datasetError, isRowValues, type RawRow, type RowValues, shown } from './row.ts';
import { textLines } from './text.ts';

/** What a run may ask, row by row. */
export interface Dataset {
  /** The file, or what stands in for it. */
  readonly name: string;
  /**
   * Reads the rows, once; none is kept. Throws `InferometerError` (input) for a file without a row that can be used and, unless such rows
   * are skipped, for a row that cannot be asked, with its line.
   */
  rows(): Iterable<DatasetRow>;
  /** What is wrong with the rows that were left out so far, each with its place. */
  readonly skipped: readonly string[];
}

/** Under the column names of `mapColumns`. */
export interface DatasetRow {
  readonly values: RowValues;
  /** Where it stands, for messages. */
  readonly place: () => string;
}

export interface DatasetOptions {
  /** Leave out rows that cannot be used instead of refusing the file. */
  readonly skipBadRows?: boolean;
}

type Rows = Iterable<RawRow>;
type Parse = (bytes: Uint8Array, path: string) => Rows | Promise<Rows>;

const FORMATS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['.jsonl', parseJsonLines],
  ['.ndjson', parseJsonLines],
  ['.json', parseJsonFile],
  // Its parser is loaded only for those who need it.
  ['.csv', async (bytes, path) => (await import('./csv.ts')).parseCsv(bytes, path)],
  ['.txt', parseTextLines],
]);

/**
 * Reads a dataset; the extension says what it is: `.jsonl` (or `.ndjson`), `.json`, `.csv`, or `.txt` with a prompt a line. A row is an
 * object of columns, a text (a prompt), or a list of messages.
 *
 * Takes the bytes of the file, and about 2 µs a short row. Throws `InferometerError` (input) for a file that cannot be read or is not of
 * its format.
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  const parse = FORMATS.get(extname(path).toLowerCase());
  if (parse === undefined) {
    const extensions = [...FORMATS.keys()].join(', ');
    throw datasetError(path, `the extension must be one of ${extensions} (got "${extname(path)}")`);
  }
  const raws = await parse(toUtf8(await readBytes(path), path), path);
  const skipped: string[] = [];
  function* rows(): Generator<DatasetRow> {
    let count = 0;
    for (const raw of raws) {
      const values = skippable(() => rowOf(raw));
      if (values === undefined) continue;
      count += 1;
      yield { values, place: raw.place };
    }
    if (count === 0) throw datasetError(path, noRows(skipped));
  }
  function skippable(read: () => RowValues): RowValues | undefined {
    try {
      return read();
    } catch (error) {
      if (options.skipBadRows !== true || !(error instanceof InferometerError)) throw error;
      skipped.push(error.message);
      return undefined;
    }
  }
  return { name: path, rows, skipped };
}

function noRows([first]: readonly string[]): string {
  return first === undefined ? 'has no rows' : `has no usable row; the first one: ${first}`;
}

function rowOf(raw: RawRow): RowValues {
  const value = raw.read();
  const values =
    typeof value === 'string' ? { prompt: value } : isMessageList(value) ? { messages: value } : value;
  if (isRowValues(values)) return mapColumns({ place: raw.place, values, isText: raw.isText ?? false });
  throw datasetError(raw.place(), `must be an object, a text or a list of messages (got ${shown(value)})`);
}

function isMessageList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRowValues);
}

function* parseTextLines(bytes: Uint8Array, path: string): Generator<RawRow> {
  for (const { place, text } of textLines(bytes, path)) yield { place, read: text };
}

/** What one read takes: a dataset is held in memory. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
const BYTES_PER_GIB = 2 ** 30;

function tooLarge(path: string, bytes: number): InferometerError {
  const size = numberText(bytes / BYTES_PER_GIB);
  return datasetError(
    path,
    `has ${size} GiB; a dataset is held in memory and has at most 2 GiB: give a part of its rows`,
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    // It may never end, as /dev/zero does not.
    const found = await stat(path);
    if (found.isCharacterDevice()) throw new Error('it is a device');
    if (found.size > MAX_FILE_BYTES) throw tooLarge(path, found.size);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof InferometerError) throw cause;
    throw new InferometerError(
      'INFEROMETER_DATASET_UNREADABLE',
      'input',
      `${path}: cannot be read: ${errorText(cause)}`,
      { cause },
    );
  }
}
