import { basename } from 'node:path';
import { AudioFile } from '../core/audio-file.ts';
import { fileBytes } from './row-file.ts';
import { datasetError, isPresent, isRowValues, type RowValues, shown } from './row.ts';

/** Columns that name an audio file, best first. */
export const AUDIO_COLUMNS = ['file', 'audio', 'audio_file'] as const;
const MAX_AUDIO_BYTES = 2 ** 26;

/**
 * The row with its audio file, read, as `file`. Throws `INFEROMETER_DATASET_INVALID` (input) for a row without one, and for a file that is not in the
 * folder of the dataset or below it.
 */
export function withAudio(row: RowValues, datasetPath: string, place: () => string): RowValues {
  const column = AUDIO_COLUMNS.find((name) => isPresent(row[name]));
  if (column === undefined) {
    const columns = Object.keys(row).map((name) => `"${name}"`);
    throw datasetError(
      place(),
      `the row needs a column file with an audio file (got only ${columns.join(', ')})`,
    );
  }
  const { [column]: value, ...others } = row;
  const at = () => `${place()}: ${column}`;
  // As Hugging Face has them in JSON.
  const path = isRowValues(value) ? value.path : value;
  if (typeof path !== 'string')
    throw datasetError(at(), `must be the path of an audio file (got ${shown(value)})`);
  return {
    ...others,
    file: new AudioFile(basename(path), fileBytes(path, datasetPath, at, MAX_AUDIO_BYTES)),
  };
}
