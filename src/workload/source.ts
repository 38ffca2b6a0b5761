import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { errorText, InferometerError } from '../core/errors.ts';
import { numberText } from '../core/quantity-text.ts';
import { parseCsv } from '../dataset/csv.ts';
import { toUtf8 } from '../dataset/encoding.ts';
import { parseJsonFile, parseJsonLines } from '../dataset/jsonl.ts';
import { datasetError, type RawRow } from '../dataset/row.ts';
import { textLines } from '../dataset/text.ts';

/** How a file is laid out, by its content: JSON values one a line, one JSON value, a table, or lines of text. */
export type Layout = 'jsonl' | 'json' | 'csv' | 'text';

/** One file of a workload. */
export interface SourceFile {
  readonly path: string;
  /** Without folder and extensions. */
  readonly name: string;
  readonly layout: Layout;
  /** Of a table; the cells of its first line. */
  readonly columns: readonly string[];
  /** Reads the rows, as often as it is called: lines, items of an array, the one object of a file, records of a table. */
  rows(): Iterable<RawRow>;
  /** The rows of a table without a header, under these names. */
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
const LOOK_BYTES = 65_536;
const GZIP = [0x1f, 0x8b];
const ZSTANDARD = [0x28, 0xb5, 0x2f, 0xfd];
const COMPRESSED = /\.(?:gz|zst|zstd)$/i;

/**
 * Opens a file, plain or compressed by gzip or Zstandard, or a folder of such files. Takes the bytes of the files in memory.
 *
 * Throws `INFEROMETER_DATASET_UNREADABLE` (input) for what cannot be read, and `INFEROMETER_DATASET_INVALID` for a damaged or oversized
 * file and an empty folder.
 */
export async function openSource(path: string): Promise<Source> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return { path, isFolder: false, files: [await openFile(path)] };
    const names = (await readdir(path, { withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
    if (names.length === 0) throw datasetError(path, 'is a folder without files');
    const files: SourceFile[] = [];
    for (const name of names) files.push(await openFile(join(path, name)));
    return { path, isFolder: true, files };
  } catch (cause) {
    if (cause instanceof InferometerError) throw cause;
    const message = `${path}: cannot be read: ${errorText(cause)}`;
    throw new InferometerError('INFEROMETER_DATASET_UNREADABLE', 'input', message, { cause });
  }
}

async function openFile(path: string): Promise<SourceFile> {
  const found = await stat(path);
  if (found.isCharacterDevice()) throw new Error('it is a device');
  if (found.size > MAX_BYTES) {
    throw datasetError(
      path,
      `has ${numberText(found.size / 2 ** 30)} GiB; the limit is 2 GiB: give a part of its rows`,
    );
  }
  const bytes = toUtf8(decompressed(await readFile(path), path), path);
  const plainPath = path.replace(COMPRESSED, '');
  const layout = layoutOf(bytes, plainPath);
  const name = basename(plainPath, extname(plainPath));
  const columns = layout === 'csv' ? firstCells(bytes) : [];
  // A look at the first row must not parse all of them twice.
  let whole: Iterable<RawRow> | undefined;
  const rows = () =>
    layout === 'jsonl' || layout === 'text'
      ? rowsOf(layout, bytes, path)
      : (whole ??= wholeRows(layout, bytes, path));
  return { path, name, layout, columns, rows, rowsNamed: (given) => parseCsv(bytes, path, given) };
}

function wholeRows(layout: Layout, bytes: Uint8Array, path: string): readonly RawRow[] {
  return [...rowsOf(layout, bytes, path)];
}

function decompressed(bytes: Uint8Array, path: string): Uint8Array {
  const isGzip = beginsWith(bytes, GZIP);
  if (!isGzip && !beginsWith(bytes, ZSTANDARD)) return bytes;
  const options = { maxOutputLength: MAX_BYTES };
  try {
    return isGzip ? gunzipSync(bytes, options) : zstdDecompressSync(bytes, options);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw datasetError(path, 'has more than 2 GiB when decompressed: give a part of its rows', { cause });
    }
    throw datasetError(path, `is damaged ${isGzip ? 'gzip' : 'Zstandard'} data: ${errorText(cause)}`, {
      cause,
    });
  }
}

function beginsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

/** By what the file holds; the extension decides only between a table and lines of text. */
function layoutOf(bytes: Uint8Array, path: string): Layout {
  const extension = extname(path).toLowerCase();
  const [first = ''] = /[^\s\uFEFF]/.exec(new TextDecoder().decode(bytes.subarray(0, LOOK_BYTES))) ?? [];
  if (extension === '.jsonl' || extension === '.ndjson') return 'jsonl';
  if (extension === '.csv') return 'csv';
  if (extension === '.txt') return 'text';
  if (extension === '.json' || first === '[' || first === '{') return 'json';
  return 'text';
}

function rowsOf(layout: Layout, bytes: Uint8Array, path: string): Iterable<RawRow> {
  switch (layout) {
    case 'jsonl':
      return parseJsonLines(bytes, path);
    case 'json':
      return parseJsonFile(bytes, path);
    case 'csv':
      return parseCsv(bytes, path);
    case 'text':
      return linesOf(bytes, path);
  }
}

function* linesOf(bytes: Uint8Array, path: string): Generator<RawRow> {
  for (const { place, text } of textLines(bytes, path)) yield { place, read: text };
}

/** The first line of a table, roughly: enough to tell its columns. */
function firstCells(bytes: Uint8Array): readonly string[] {
  const [line = ''] = new TextDecoder().decode(bytes.subarray(0, LOOK_BYTES)).split(/\r\n|\n|\r/, 1);
  return line.split(',').map((cell) => cell.trim().replace(/^\uFEFF?"(.*)"$/, '$1'));
}
