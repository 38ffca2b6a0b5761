import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning } from './process-identity.ts';
import { readManifest, RunDirectory } from './run-directory.ts';

export interface FoundRun {
  readonly path: string;
  /** Wall clock, ISO 8601; empty when its manifest is missing. */
  readonly startedAt: string;
  readonly isUnderWay: boolean;
}

/** The runs of a folder, oldest first; none when there is no folder. */
export async function runsIn(runsPath: string): Promise<readonly FoundRun[]> {
  if (!existsSync(runsPath)) return [];
  const runs = (await readdir(runsPath)).flatMap((name): FoundRun[] => {
    const path = join(runsPath, name);
    if (!existsSync(join(path, 'run.log'))) return [];
    const manifest = readManifest(RunDirectory.open(path));
    const isUnderWay = manifest?.outcome.state === 'running' && isRunning(manifest.main_process);
    return [{ path, startedAt: manifest?.started_at ?? '', isUnderWay }];
  });
  return runs.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt) || a.path.localeCompare(b.path));
}

/** The newest run that is under way, else the newest of all; undefined when there is none. */
export async function newestRun(runsPath: string): Promise<FoundRun | undefined> {
  const runs = await runsIn(runsPath);
  return runs.findLast(({ isUnderWay }) => isUnderWay) ?? runs.at(-1);
}
