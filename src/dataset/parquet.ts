import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Compressors, parquetReadObjects } from 'hyparquet';
import { errorText } from '../core/errors.ts';
import { datasetError, type RawRow, type RowValues } from './row.ts';

/** Those that the library leaves out; it has Snappy itself. */
const COMPRESSORS: Compressors = {
  ZSTD: (bytes) => zstdDecompressSync(bytes),
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
};

/**
 * The rows of a Parquet file, as JSON would have them: whole numbers that a double can't hold are text, times are ISO text, and columns without a
 * value are left out. Throws `INFEROMETER_DATASET_INVALID` (input) for a damaged file.
 */
export async function parquetRows(bytes: Uint8Array, path: string): Promise<readonly RawRow[]> {
  const buffer = new Uint8Array(bytes).buffer;
  try {
    const rows = await parquetReadObjects({ file: buffer, compressors: COMPRESSORS });
    return rows.map((row, index) => ({
      place: () => `${path}: row ${index + 1}`,
      read: () => plainRow(row),
    }));
  } catch (cause) {
    throw datasetError(path, `cannot be read as Parquet: ${errorText(cause)}`, { cause });
  }
}

function plainRow(row: RowValues): RowValues {
  return plainValue(row) as RowValues;
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return [...(value as Uint8Array)].map(plainValue);
  const present = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(present.map(([name, item]) => [name, plainValue(item)]));
}
