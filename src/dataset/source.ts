import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { errorText, InferometerError } from '../core/errors.ts';
import { numberText } from '../core/quantity-text.ts';
import { beginsWith, decompressed, withoutCompression } from './compression.ts';
import { toUtf8 } from './encoding.ts';
import { hubDataset, isThere } from './hub-files.ts';
import { parseJsonFile, parseJsonLines, rowsOfLines } from './jsonl.ts';
import { LARGE_FILE_BYTES, largeFileLines } from './large-lines.ts';
import { datasetError, type RawRow } from './row.ts';
import { type TextLine, textLines } from './text.ts';

/** How a file is laid out: JSON values one a line, one JSON value, a table as text, a Parquet file, or lines of text. */
export type Layout = 'jsonl' | 'json' | 'csv' | 'parquet' | 'text';

/** One file of a dataset. */
export interface SourceFile {
  readonly path: string;
  /** Without folder and extensions. */
  readonly name: string;
  readonly layout: Layout;
  /** Of a table as text; the cells of its first line. */
  readonly columns: readonly string[];
  /** Reads the rows, as often as it is called: lines, items of an array, the one object of a file, records of a table. */
  rows(): Iterable<RawRow>;
  /** The rows of a table as text that has no header, under these names. */
  rowsNamed(columns: readonly string[]): Iterable<RawRow>;
}

/** What was given: a file, or a folder of files in the order of their names. */
export interface Source {
  readonly path: string;
  readonly isFolder: boolean;
  readonly files: readonly SourceFile[];
}

/** Bytes of a file, as it is and without its compression: what one buffer takes. */
const MAX_BYTES = 2 ** 31 - 1;
const BYTES_PER_GIB = 2 ** 30;
const LOOK_BYTES = 65_536;
/** `PAR1`. */
const PARQUET = [0x50, 0x41, 0x52, 0x31];

const LAYOUTS: ReadonlyMap<string, Layout> = new Map<string, Layout>([
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.json', 'json'],
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
  ['.txt', 'text'],
]);
/** Of files that can be read, before one for a compression. */
export const DATASET_EXTENSIONS: readonly string[] = [...LAYOUTS.keys()];

/**
 * Opens a file, plain or compressed by gzip or Zstandard, a folder of such files, or a dataset by its name on a hub (`hubDataset`). Takes the bytes of the files in
 * memory, but for large ones of JSON lines or text.
 *
 * Throws `INFEROMETER_DATASET_UNREADABLE` (input) for what cannot be read, and `INFEROMETER_DATASET_INVALID` for a damaged or oversized
 * file and an empty folder.
 */
export async function openSource(path: string): Promise<Source> {
  const named = (await isThere(path)) ? undefined : await hubDataset(path, isDataFile);
  try {
    if (named !== undefined) return { path, isFolder: true, files: await filesAt(named.files) };
    const found = await stat(path);
    if (!found.isDirectory()) return { path, isFolder: false, files: [await openFile(path)] };
    const names = (await readdir(path, { withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
    if (names.length === 0) throw datasetError(path, 'is a folder without files');
    return { path, isFolder: true, files: await filesAt(names.map((name) => join(path, name))) };
  } catch (cause) {
    if (cause instanceof InferometerError) throw cause;
    const message = `${path}: cannot be read: ${errorText(cause)}`;
    throw new InferometerError('INFEROMETER_DATASET_UNREADABLE', 'input', message, { cause });
  }
}

async function filesAt(paths: readonly string[]): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const path of paths) files.push(await openFile(path));
  return files;
}

function isDataFile(path: string): boolean {
  return LAYOUTS.has(extensionOf(path));
}

/** Of the path, without that of a compression. */
export function extensionOf(path: string): string {
  return extname(withoutCompression(path)).toLowerCase();
}

async function openFile(path: string): Promise<SourceFile> {
  const large = await openLargeFile(path);
  if (large !== undefined) return large;
  const bytes = decompressed(await readBytes(path), path, MAX_BYTES);
  const name = basename(withoutCompression(path), extname(withoutCompression(path)));
  const layout = layoutOf(bytes, path);
  const none = () => [];
  if (layout === 'parquet') {
    const rows = await (await import('./parquet.ts')).parquetRows(bytes, path);
    return { path, name, layout, columns: [], rows: () => rows, rowsNamed: none };
  }
  const text = toUtf8(bytes, path);
  switch (layout) {
    case 'jsonl':
      return { path, name, layout, columns: [], rows: () => parseJsonLines(text, path), rowsNamed: none };
    case 'json': {
      // A look at the first row must not parse all of them twice.
      let rows: readonly RawRow[] | undefined;
      const whole = () => (rows ??= [...parseJsonFile(text, path)]);
      return { path, name, layout, columns: [], rows: whole, rowsNamed: none };
    }
    case 'csv': {
      const { parseCsv } = await import('./csv.ts');
      let rows: readonly RawRow[] | undefined;
      const whole = () => (rows ??= parseCsv(text, path));
      const named = (columns: readonly string[]) => parseCsv(text, path, columns);
      return { path, name, layout, columns: firstCells(text), rows: whole, rowsNamed: named };
    }
    case 'text':
      return {
        path,
        name,
        layout,
        columns: [],
        rows: () => rowsOfText(textLines(text, path)),
        rowsNamed: none,
      };
  }
}

/** A file of lines that is not held in memory; undefined for all others. */
async function openLargeFile(path: string): Promise<SourceFile | undefined> {
  const found = await stat(path);
  const layout = LAYOUTS.get(extname(path).toLowerCase());
  const hasLines = layout === 'jsonl' || layout === 'text';
  if (!found.isFile() || found.size < LARGE_FILE_BYTES || !hasLines) return undefined;
  const file = await open(path);
  try {
    const { buffer } = await file.read({ buffer: Buffer.alloc(LOOK_BYTES) });
    // The text of another encoding has to be read as a whole, and what is compressed, too.
    if (decompressed(buffer, path, 0) !== buffer || toUtf8(buffer, path) !== buffer) return undefined;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
  const rows =
    layout === 'jsonl'
      ? () => rowsOfLines(largeFileLines(path), path)
      : () => rowsOfText(largeFileLines(path));
  return { path, name: basename(path, extname(path)), layout, columns: [], rows, rowsNamed: () => [] };
}

async function readBytes(path: string): Promise<Uint8Array> {
  // It may never end, as /dev/zero does not.
  const found = await stat(path);
  if (found.isCharacterDevice()) throw new Error('it is a device');
  if (found.size > MAX_BYTES) {
    const size = numberText(found.size / BYTES_PER_GIB);
    throw datasetError(
      path,
      `has ${size} GiB; only files of JSON lines or text, not compressed, may have more than 2 GiB: convert it, or give a part of its rows`,
    );
  }
  return readFile(path);
}

/** By the extension, or else by what the file holds. */
function layoutOf(bytes: Uint8Array, path: string): Layout {
  if (beginsWith(bytes, PARQUET)) return 'parquet';
  const layout = LAYOUTS.get(extensionOf(path));
  if (layout !== undefined) return layout;
  const [first = ''] = /[^\s\uFEFF]/.exec(new TextDecoder().decode(bytes.subarray(0, LOOK_BYTES))) ?? [];
  return first === '[' || first === '{' ? 'json' : 'text';
}

function* rowsOfText(lines: Iterable<TextLine>): Generator<RawRow> {
  for (const { place, text } of lines) yield { place, read: text };
}

/** The first line of a table, roughly: enough to tell its columns. */
function firstCells(bytes: Uint8Array): readonly string[] {
  const [line = ''] = new TextDecoder().decode(bytes.subarray(0, LOOK_BYTES)).split(/\r\n|\n|\r/, 1);
  return line.split(',').map((cell) => cell.trim().replace(/^\uFEFF?"(.*)"$/, '$1'));
}
