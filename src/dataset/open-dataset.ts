import { InferometerError } from '../core/errors.ts';
import { COLUMN_MISSING, type ColumnMap, mappedSource } from './column-map.ts';
import { mapColumns } from './columns.ts';
import { datasetError, isRowValues, type RawRow, type RowValues, shown } from './row.ts';
import { withAudio } from './row-audio.ts';
import { withImages } from './row-images.ts';
import { DATASET_EXTENSIONS, extensionOf, openSource, type Source, type SourceFile } from './source.ts';

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
  /** What in it is a salt already. */
  readonly salt?: string | undefined;
}

export interface DatasetOptions {
  /** Leave out rows that cannot be used instead of refusing the file. */
  readonly skipBadRows?: boolean;
  /** Which columns stand for which names. The first row must have them. */
  readonly map?: ColumnMap | undefined;
  /** Rows name audio files, which are read; default: they ask with text. */
  readonly isAudio?: boolean | undefined;
}

/**
 * Reads a dataset, a file or a folder of files; the extension says what it is: `.jsonl` (or `.ndjson`), `.json`, `.csv`, `.parquet`, or `.txt` with a
 * prompt a line, behind which `.gz` or `.zst` may stand. A row is an object of columns, a text (a prompt), or a list of messages.
 *
 * Takes the bytes of the file, and about 2 µs a short row. Throws `InferometerError` (input) for a file that cannot be read or is not of
 * its format.
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  return datasetOf(await openSource(path), options);
}

/** Whether the first row of files is one that {@link datasetOf} can use. */
export function holdsRows({ files }: Source): boolean {
  try {
    for (const raw of files[0]?.rows() ?? []) return rowOf(raw) !== undefined;
  } catch {
    return false;
  }
  return false;
}

/** The same of files that are open. Throws `InferometerError` (input) for a file that is not of its format. */
export function datasetOf(source: Source, options: DatasetOptions = {}): Dataset {
  const { map, isAudio = false } = options;
  const { path, files } = map === undefined ? source : mappedSource(source, map);
  const parsed = files.map((file) => ({ file, raws: rowsOf(file) }));
  const skipped: string[] = [];
  function* rows(): Generator<DatasetRow> {
    let count = 0;
    for (const { file, raws } of parsed) {
      for (const raw of raws) {
        const values = skippable(() => {
          const row = rowOf(raw, isAudio);
          return isAudio ? withAudio(row, file.path, raw.place) : withImages(row, file.path, raw.place);
        });
        if (values === undefined) continue;
        count += 1;
        yield { values, place: raw.place };
      }
    }
    if (count === 0) throw datasetError(path, noRows(skipped));
  }
  function skippable(read: () => RowValues): RowValues | undefined {
    try {
      return read();
    } catch (error) {
      if (options.skipBadRows !== true || !(error instanceof InferometerError)) throw error;
      // Not the row is bad, but what was said of all of them.
      if (error.code === COLUMN_MISSING) throw error;
      skipped.push(error.message);
      return undefined;
    }
  }
  return { name: path, rows, skipped };
}

function noRows([first]: readonly string[]): string {
  return first === undefined ? 'has no rows' : `has no usable row; the first one: ${first}`;
}

function rowOf(raw: RawRow, isAudio = false): RowValues {
  const value = raw.read();
  const values =
    typeof value === 'string'
      ? { [isAudio ? 'file' : 'prompt']: value }
      : isMessageList(value)
        ? { messages: value }
        : value;
  if (isRowValues(values)) {
    const located = { place: raw.place, values, isText: raw.isText ?? false };
    return mapColumns(located, isAudio);
  }
  throw datasetError(raw.place(), `must be an object, a text or a list of messages (got ${shown(value)})`);
}

function isMessageList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRowValues);
}

/** Parsed now, as far as a file is read as a whole: its faults are told when it is opened. */
function rowsOf(file: SourceFile): Iterable<RawRow> {
  const { path, layout } = file;
  const extension = extensionOf(path);
  if (layout !== 'parquet' && !DATASET_EXTENSIONS.includes(extension)) {
    const extensions = DATASET_EXTENSIONS.join(', ');
    throw datasetError(path, `the extension must be one of ${extensions} (got "${extension}")`);
  }
  return file.rows();
}
