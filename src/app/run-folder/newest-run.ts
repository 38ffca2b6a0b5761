import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, InferometerError } from '../../core/errors.ts';
import { isRunning } from './process-identity.ts';
import { readManifest, RunDirectory } from './run-directory.ts';

export interface FoundRun {
  readonly path: string;
  /** Wall clock, ISO 8601; empty when its manifest is missing. */
  readonly startedAt: string;
  readonly isUnderWay: boolean;
}

/** The runs of a folder, oldest first; none when there is no folder. Throws `INFEROMETER_RUNS_FOLDER` (input) for one that can't be read. */
export async function runsIn(runsPath: string): Promise<readonly FoundRun[]> {
  const runs = (await namesIn(runsPath)).flatMap((name): FoundRun[] => {
    const path = join(runsPath, name);
    const directory = RunDirectory.find(path);
    if (directory === undefined) return [];
    const manifest = readManifest(directory);
    const isUnderWay = manifest?.outcome.state === 'running' && isRunning(manifest.main_process);
    return [{ path, startedAt: manifest?.started_at ?? '', isUnderWay }];
  });
  return runs.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt) || a.path.localeCompare(b.path));
}

async function namesIn(runsPath: string): Promise<readonly string[]> {
  try {
    const found = await readdir(runsPath, { withFileTypes: true });
    return found.filter((item) => item.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new InferometerError(
      'INFEROMETER_RUNS_FOLDER',
      'input',
      `${runsPath}: cannot be read (${errorText(error)}); give a folder of runs`,
      { cause: error },
    );
  }
}

/** The newest run that is under way, else the newest of all; undefined when there is none. */
export async function newestRun(runsPath: string): Promise<FoundRun | undefined> {
  const runs = await runsIn(runsPath);
  return runs.findLast(({ isUnderWay }) => isUnderWay) ?? runs.at(-1);
}
