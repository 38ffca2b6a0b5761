import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file so that a reader, or a crash at any moment, sees the old content or the new and never a part.
 *
 * Writes `<path>.tmp` beside it, fsyncs, renames, fsyncs the directory. On failure before the rename the `.tmp` is removed
 * and the error re-thrown. The directory must exist.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporaryPath = `${path}.tmp`;
  try {
    const file = await open(temporaryPath, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true }).catch(() => undefined);
    throw error;
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
