import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { errorText } from '../core/errors.ts';
import { datasetError } from './row.ts';

const GZIP = [0x1f, 0x8b];
const ZSTANDARD = [0x28, 0xb5, 0x2f, 0xfd];
const EXTENSION = /\.(?:gz|zst|zstd)$/i;

/** The path without the extension of its compression. */
export function withoutCompression(path: string): string {
  return path.replace(EXTENSION, '');
}

/**
 * The bytes of a file without its compression by gzip or Zstandard, which its first bytes tell; others as they are. Throws
 * `INFEROMETER_DATASET_INVALID` (input) for damaged data and for more than `maxBytes`.
 */
export function decompressed(bytes: Uint8Array, path: string, maxBytes: number): Uint8Array {
  const isGzip = beginsWith(bytes, GZIP);
  if (!isGzip && !beginsWith(bytes, ZSTANDARD)) return bytes;
  const options = { maxOutputLength: maxBytes };
  try {
    return isGzip ? gunzipSync(bytes, options) : zstdDecompressSync(bytes, options);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw datasetError(path, 'has more than 2 GiB when decompressed: give a part of its rows', { cause });
    }
    const kind = isGzip ? 'gzip' : 'Zstandard';
    throw datasetError(path, `is damaged ${kind} data: ${errorText(cause)}`, { cause });
  }
}

export function beginsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
