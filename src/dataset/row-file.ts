import { closeSync, fstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { openRegularFileSync } from '../core/careful-read.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import { isWithin } from '../core/folder-guard.ts';
import { countedText } from '../core/quantity-text.ts';
import { datasetError, shown } from './row.ts';

/**
 * The bytes of a file that a row names, in the folder of the dataset or below it. A dataset may be a stranger's: it must not be able to send other files of
 * its reader to a server. Throws `INFEROMETER_DATASET_INVALID` (input) for one elsewhere, one that cannot be read, and one that is too large.
 */
export function fileBytes(path: string, datasetPath: string, at: () => string, maxBytes: number): Uint8Array {
  const folder = dirname(datasetPath);
  try {
    const real = realpathSync(isAbsolute(path) ? path : join(folder, path));
    if (!isWithin(realpathSync(folder), real)) {
      throw datasetError(at(), `${shown(path)} must be in the folder of the dataset, or below it`);
    }
    const file = openRegularFileSync(real);
    try {
      const { size } = fstatSync(file);
      if (size > maxBytes) {
        throw datasetError(
          at(),
          `${shown(path)} has ${countedText(size, 'byte')}; the limit is ${countedText(maxBytes, 'byte')}`,
        );
      }
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if (cause instanceof InferometerError) throw cause;
    throw datasetError(at(), `${shown(path)} cannot be read (${errorText(cause)})`, { cause });
  }
}
