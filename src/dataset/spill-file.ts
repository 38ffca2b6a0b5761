import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, InferometerError } from '../core/errors.ts';

const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW } = constants;

/**
 * A file without a name for what memory has no room for: nothing of it is left when the process ends, however that happens. All threads read it by its
 * number.
 */
export class SpillFile {
  readonly fd: number;
  readonly #folder: string;
  #bytes = 0;

  /** Throws `INFEROMETER_DATASET_SPILL` (input) for a folder in which no file can be made. */
  constructor(folder: string) {
    this.#folder = folder;
    const path = join(folder, `.requests-${randomBytes(8).toString('hex')}.tmp`);
    try {
      this.fd = openSync(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
      unlinkSync(path);
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  /** Adds bytes; returns where they begin. Throws as the constructor does when the disk is full. */
  append(bytes: Uint8Array): number {
    const start = this.#bytes;
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.fd, bytes, done, bytes.length - done, start + done);
      }
    } catch (error) {
      throw this.#unwritable(error);
    }
    this.#bytes += bytes.length;
    return start;
  }

  close(): void {
    closeSync(this.fd);
  }

  #unwritable(error: unknown): InferometerError {
    return new InferometerError(
      'INFEROMETER_DATASET_SPILL',
      'input',
      `${this.#folder}: the requests that --dataset-memory has no room for could not be written there: ${errorText(error)}`,
      { cause: error },
    );
  }
}
