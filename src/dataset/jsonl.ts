import { itemLines, parseJson } from './json-value.ts';
import { datasetError, type RawRow, shown } from './row.ts';
import { decodeUtf8, type TextLine, textLines } from './text.ts';

/** The rows of a JSON lines file: one value a line. */
export function parseJsonLines(bytes: Uint8Array, path: string): Generator<RawRow> {
  return rowsOfLines(textLines(bytes, path), path);
}

/** The rows of such lines, wherever they come from. */
export function* rowsOfLines(lines: Iterable<TextLine>, path: string): Generator<RawRow> {
  for (const line of lines) {
    yield { place: line.place, read: () => parseJson(line.text(), path, line.number - 1) };
  }
}

/**
 * The rows of a JSON file: the items of an array; or what a file of JSON lines holds that is called so. Throws
 * `INFEROMETER_DATASET_INVALID` for anything else.
 */
export function parseJsonFile(bytes: Uint8Array, path: string): Iterable<RawRow> {
  if (beginsWithObject(bytes)) {
    const [first] = parseJsonLines(bytes, path);
    // An object on one line is a row; one over several lines is not read line by line.
    if (first !== undefined && isReadable(first)) return parseJsonLines(bytes, path);
    const text = decodeUtf8(bytes, path);
    return [{ place: () => `${path}:1`, read: () => parseJson(text, path, 0) }];
  }
  const text = decodeUtf8(bytes, path);
  const items = parseJson(text, path, 0);
  if (!Array.isArray(items)) {
    throw datasetError(path, `must be a JSON array with one item per request (got ${shown(items)})`);
  }
  return rowsOfItems(items, text, path);
}

function rowsOfItems(items: readonly unknown[], text: string, path: string): readonly RawRow[] {
  // Counted for the first message that needs them.
  let lines: readonly number[] | undefined;
  return items.map((item, index) => ({
    place: () => {
      lines ??= itemLines(text);
      return `${path}:${lines[index]} (item ${index + 1})`;
    },
    read: () => item,
  }));
}

/** Looked at without the rest, which may be longer than a text can be. */
function beginsWithObject(bytes: Uint8Array): boolean {
  const SPACES_AT_MOST = 4096;
  return /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, SPACES_AT_MOST)));
}

function isReadable(row: RawRow): boolean {
  try {
    row.read();
    return true;
  } catch {
    return false;
  }
}
