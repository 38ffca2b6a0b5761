import { datasetError } from './row.ts';

/** Bytes of a UTF-16 file that can be turned into one string. */
const MAX_UTF_16_BYTES = 2 ** 29;
/** Looked at to tell text without a byte order mark from UTF-8. */
const SAMPLE_BYTES = 256;

/**
 * The bytes of a text file as UTF-8. A byte order mark tells UTF-16, which is converted; UTF-8 is returned as it is.
 *
 * Throws `INFEROMETER_DATASET_INVALID` for UTF-32, and for UTF-16 that is damaged or has no mark.
 */
export function toUtf8(bytes: Uint8Array, path: string): Uint8Array {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) {
    if (third === 0 && fourth === 0 && bytes.length > 4)
      throw datasetError(path, 'is UTF-32 text; save it as UTF-8');
    return fromUtf16(bytes, 'utf-16le', path);
  }
  if (first === 0xfe && second === 0xff) return fromUtf16(bytes, 'utf-16be', path);
  if (looksLikeUtf16(bytes)) {
    throw datasetError(path, 'looks like UTF-16 text without a byte order mark; save it as UTF-8');
  }
  return bytes;
}

function fromUtf16(bytes: Uint8Array, encoding: 'utf-16le' | 'utf-16be', path: string): Uint8Array {
  if (bytes.length > MAX_UTF_16_BYTES)
    throw datasetError(path, 'is UTF-16 text above 512 MiB; save it as UTF-8');
  try {
    return Buffer.from(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch (cause) {
    throw datasetError(path, 'is damaged UTF-16 text; save it as UTF-8', { cause });
  }
}

/** Every second byte of Latin text is zero in UTF-16, and none is in UTF-8. */
function looksLikeUtf16(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, Math.min(bytes.length & ~1, SAMPLE_BYTES));
  const zeros = [0, 0];
  for (const [index, byte] of sample.entries()) if (byte === 0) zeros[index % 2]! += 1;
  const many = sample.length / 4;
  return sample.length >= 4 && zeros.some((count, index) => count > many && zeros[1 - index] === 0);
}
