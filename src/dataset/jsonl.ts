import { errorText } from '../core/errors.ts';
import { datasetError, isRowValues, type LocatedRow, type RowValues, shown } from './row.ts';
import { decodeUtf8, textLines } from './text.ts';

/** The rows of a JSON lines file: one object a line. Throws `INFEROMETER_DATASET_INVALID` for the first line that is none. */
export function parseJsonLines(bytes: Uint8Array, path: string): LocatedRow[] {
  const rows: LocatedRow[] = [];
  for (const { number, text } of textLines(bytes, path)) {
    const place = `${path}:${number}`;
    rows.push({ place, values: parseObject(text, place) });
  }
  return rows;
}

/** The rows of a JSON file: an array of objects. Throws `INFEROMETER_DATASET_INVALID` for anything else. */
export function parseJsonArray(bytes: Uint8Array, path: string): LocatedRow[] {
  const items = parseJson(decodeUtf8(bytes, path), path, 'a JSON array of objects');
  if (!Array.isArray(items)) throw datasetError(path, shown(items), 'a JSON array of objects');
  return items.map((item: unknown, index) => {
    const place = `${path}: item ${index + 1}`;
    if (!isRowValues(item)) throw datasetError(place, shown(item), 'a JSON object');
    return { place, values: item };
  });
}

function parseObject(text: string, place: string): RowValues {
  const value = parseJson(text, place, 'a JSON object');
  if (!isRowValues(value)) throw datasetError(place, shown(value), 'a JSON object');
  return value;
}

function parseJson(text: string, place: string, wanted: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw datasetError(place, `${shown(text)} (${errorText(cause)})`, wanted, { cause });
  }
}
