import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory and those above it that are missing. Throws the system's error (`EACCES`, `ENOTDIR`, …).
 *
 * Node's own `recursive` never comes back where the system says ENOENT below a directory that is there, as in `/proc`.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdirOrFind(path);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent);
    await mkdirOrFind(path);
  }
}

async function mkdirOrFind(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
