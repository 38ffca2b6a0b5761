import { errorText, InferometerError } from './errors.ts';

/** The error of an output that can't be written: which one, why, and what to give instead. */
export function unwritableOutput(path: string, kind: 'file' | 'directory', cause: unknown): InferometerError {
  return new InferometerError(
    'INFEROMETER_OUT_UNWRITABLE',
    'input',
    `--out ${path}: cannot be written (${errorText(cause)}); choose a writable ${kind}`,
    { cause },
  );
}
