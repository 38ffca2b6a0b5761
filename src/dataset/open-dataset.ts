import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { errorText, InferometerError } from '../core/errors.ts';
import { mapColumns } from './columns.ts';
import { parseJsonArray, parseJsonLines } from './jsonl.ts';
import { datasetError, type LocatedRow, type RowValues } from './row.ts';
import { textLines } from './text.ts';

/** What a run may ask: at least one row, each under the column names of `mapColumns`. */
export interface Dataset {
  /** The file, or what stands in for it. */
  readonly name: string;
  readonly rows: readonly RowValues[];
}

type Parse = (bytes: Uint8Array, path: string) => LocatedRow[] | Promise<LocatedRow[]>;

const FORMATS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['.jsonl', parseJsonLines],
  ['.json', parseJsonArray],
  // Its parser is loaded only for those who need it.
  ['.csv', async (bytes, path) => (await import('./csv.ts')).parseCsv(bytes, path)],
  ['.txt', parseTextLines],
]);

/**
 * Reads a dataset whole; the extension says what it is: `.jsonl`, `.json`, `.csv`, or `.txt` with a prompt a line.
 *
 * Takes about 2 µs a short row. Throws `InferometerError` (input) for a file that can't be read, is empty, or holds a row that can't
 * be asked, with its line.
 */
export async function openDataset(path: string): Promise<Dataset> {
  const parse = FORMATS.get(extname(path).toLowerCase());
  if (parse === undefined) {
    const extensions = [...FORMATS.keys()].join(', ');
    throw datasetError(path, `the extension "${extname(path)}"`, `one of ${extensions}`);
  }
  const rows = (await parse(await readBytes(path), path)).map(mapColumns);
  if (rows.length === 0) throw datasetError(path, 'no rows', 'at least one');
  return { name: path, rows };
}

function parseTextLines(bytes: Uint8Array, path: string): LocatedRow[] {
  return Array.from(textLines(bytes, path), ({ number, text }) => ({
    place: `${path}:${number}`,
    values: { prompt: text },
  }));
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    // It may never end, as /dev/zero does not.
    if ((await stat(path)).isCharacterDevice()) throw new Error('it is a device');
    return await readFile(path);
  } catch (cause) {
    throw new InferometerError(
      'INFEROMETER_DATASET_UNREADABLE',
      'input',
      `${path}: can't be read: ${errorText(cause)}`,
      { cause },
    );
  }
}
