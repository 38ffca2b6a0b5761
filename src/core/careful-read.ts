import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InferometerError } from './errors.ts';
import { requireInside } from './folder-guard.ts';
import { countedText } from './quantity-text.ts';

/**
 * Reading what somebody else may have put there. A link is not followed, a pipe is not waited for, and only a regular file is read, up to
 * a limit. What is refused is an `INFEROMETER_FILE_REFUSED` (input) that names the file and what it is; other errors are the system's.
 */
const CAREFULLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a regular file for reading. `mayBeLink`: the user named it. */
export async function openRegularFile(path: string, mayBeLink = false): Promise<FileHandle> {
  const flags = mayBeLink ? CAREFULLY & ~constants.O_NOFOLLOW : CAREFULLY;
  const file = await open(path, flags).catch((error: unknown) => {
    throw refusalOf(path, error);
  });
  try {
    requireRegular(path, await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** {@link openRegularFile} for readers that wait: a file descriptor. */
export function openRegularFileSync(path: string): number {
  let file: number;
  try {
    file = openSync(path, CAREFULLY);
  } catch (error) {
    throw refusalOf(path, error);
  }
  try {
    requireRegular(path, fstatSync(file));
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** The text of a regular file of at most `maxBytes` in `folder`, or below it: no folder on the way leads out of it. */
export async function readTextInside(folder: string, path: string, maxBytes: number): Promise<string> {
  await requireInside(folder, dirname(path));
  const file = await openRegularFile(path);
  try {
    return await textOf(path, file, maxBytes);
  } finally {
    await file.close();
  }
}

/** The text of an open file of at most `maxBytes`. One that grows meanwhile is cut off where it ended. */
export async function textOf(path: string, file: FileHandle, maxBytes: number): Promise<string> {
  const { size } = await file.stat();
  requireSize(path, size, maxBytes);
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.toString('utf8', 0, length);
}

/** The text of a regular file of at most `maxBytes`; blocks for the reading of as many. */
export function readTextSync(path: string, maxBytes: number): string {
  const file = openRegularFileSync(path);
  try {
    const { size } = fstatSync(file);
    requireSize(path, size, maxBytes);
    const bytes = Buffer.allocUnsafe(size);
    let length = 0;
    while (length < size) {
      const bytesRead = readSync(file, bytes, length, size - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

/** What stands in the place of a file, for a message; undefined for a regular file. */
export function oddKindOf(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

function requireRegular(path: string, stats: Stats): void {
  const kind = oddKindOf(stats);
  if (kind !== undefined) throw refused(path, `must be a regular file (it is ${kind})`);
}

function requireSize(path: string, size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw refused(
    path,
    `is too large: ${countedText(size, 'byte')}; the limit is ${countedText(maxBytes, 'byte')}`,
  );
}

/** The system's own words for two of the refusals explain nothing. */
function refusalOf(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ELOOP') return refused(path, 'must be a regular file (it is a symbolic link)');
  return code === 'ENXIO' ? refused(path, 'must be a regular file (it is a socket)') : error;
}

function refused(path: string, why: string): InferometerError {
  return new InferometerError('INFEROMETER_FILE_REFUSED', 'input', `${path}: ${why}`);
}
