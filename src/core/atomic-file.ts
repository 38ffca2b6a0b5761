import { randomBytes } from 'node:crypto';
import { constants, existsSync, openSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * The one way this program puts files into a folder that somebody else may have made.
 *
 * A temporary file has a name nobody can predict and is created by us or not at all (`O_EXCL`), so nothing that waits in the
 * folder, such as a link to a file of the user's, is ever written through. Only its owner can read it while it is written.
 */
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OWNER_ONLY = 0o600;
const NAME_BYTES = 16;

/** What a finished file gets, as any new file of this process would. Read once: reading it sets it for an instant. */
const USUAL_MODE = 0o666 & ~process.umask();

/**
 * Replaces a file so that a reader, or a crash at any moment, sees the old content or the new and never a part. The directory must
 * exist.
 *
 * Writes a temporary file beside it, fsyncs, renames, fsyncs the directory. On failure before the rename the temporary file is
 * removed and the error re-thrown. A link at `path` is replaced, not followed; what is no file, such as a directory or a device, is
 * refused. The file gets the mode of any new file (0666 less the umask), whatever the old one had.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await replaceFile(path, (file) => file.writeFile(content));
}

/** {@link writeFileAtomic} for content that is not in memory at once: `write` writes it and leaves the file open. */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  await refuseNoFile(path);
  const temporaryPath = temporaryPathIn(dirname(path));
  removeAtExit(temporaryPath);
  opening.add(temporaryPath);
  const file = await open(temporaryPath, constants.O_WRONLY | NEW_FILE, OWNER_ONLY).finally(() =>
    opening.delete(temporaryPath),
  );
  try {
    try {
      await write(file);
      await file.chmod(USUAL_MODE);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    unfinished.delete(temporaryPath);
  }
  await syncDirectory(dirname(path));
}

/**
 * Writes over a file of ours where it stands, for a disk that has no room for a second one: a few KiB need no new block there on most
 * file systems. Not atomic: a crash may leave a part. A link is refused. Throws the system's error.
 */
export async function overwriteFile(path: string, content: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    const bytes = Buffer.from(content);
    for (let done = 0; done < bytes.length;) {
      done += (await file.write(bytes, done, bytes.length - done, done)).bytesWritten;
    }
    await file.truncate(bytes.length);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Opens a file in `directory` for writing and reading that has no name: nothing is left behind when the process ends, however it
 * does. Throws the system's error.
 */
export function openScratchFile(directory: string): number {
  const path = temporaryPathIn(directory);
  const file = openSync(path, constants.O_RDWR | NEW_FILE, OWNER_ONLY);
  rmSync(path);
  return file;
}

/** Temporary files that are being written; a process that exits takes them along. */
const unfinished = new Set<string>();
let isWatchingExit = false;

function removeAtExit(path: string): void {
  if (!isWatchingExit) process.once('exit', removeUnfinished);
  isWatchingExit = true;
  unfinished.add(path);
}

function removeUnfinished(): void {
  for (const path of unfinished) {
    if (opening.has(path)) awaitCreation(path);
    rmSync(path, { force: true });
  }
}

/** Those of them that another thread may be creating just now: it goes on with that while the process exits. */
const opening = new Set<string>();
/** Creating a file takes no time that matters; one that fails never comes. */
const MAX_CREATION_MS = 100;

function awaitCreation(path: string): void {
  const clock = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  for (let ms = 0; ms < MAX_CREATION_MS && !existsSync(path); ms++) Atomics.wait(clock, 0, 0, 1);
}

function temporaryPathIn(directory: string): string {
  return join(directory, `.inferometer-${randomBytes(NAME_BYTES).toString('hex')}.tmp`);
}

const TEMPORARY_NAME = /^\.inferometer-[0-9a-f]{32}\.tmp$/;

/** Removes what a process that was killed left unfinished in these directories; those that are missing are passed over. */
export function removeTemporaryFilesIn(directories: readonly string[]): void {
  for (const directory of directories) {
    let names: readonly string[] = [];
    try {
      names = readdirSync(directory);
    } catch {
      // Then there is nothing to remove.
    }
    for (const name of names) if (TEMPORARY_NAME.test(name)) rmSync(join(directory, name), { force: true });
  }
}

/** A rename would take the place of a device or a pipe, as of `/dev/null`. */
async function refuseNoFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile()) throw new Error(`${path} is there and is no regular file`);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
