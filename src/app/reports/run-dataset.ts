import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Log, SILENT_LOG } from '../../core/log.ts';
import { RunDirectory } from '../run-folder/run-directory.ts';
import { holdsRunLog, RUN_LOG } from '../run-folder/run-log-place.ts';
import { exportRunEvents } from './export-events.ts';

/** A dataset that may be a run. */
export interface DatasetPath {
  /** What to read. */
  readonly path: string;
  /** The format of that, where it is the events of a run. */
  readonly format: string | undefined;
  /** To be called once it was read. */
  readonly discard: () => Promise<void>;
}

const NOTHING = () => Promise.resolve();

/**
 * The events of a run that is given as a dataset, by its folder or its run.log: its events.jsonl, or a temporary one. Anything else is what it was.
 *
 * Throws `InferometerError` (input) for a run that can't be read.
 */
export async function runAsDataset(path: string, log: Log = SILENT_LOG): Promise<DatasetPath> {
  const run = await runAt(path);
  if (run === undefined) return { path, format: undefined, discard: NOTHING };
  const known = run.eventsPath;
  if (await isFile(known)) return { path: known, format: 'events', discard: NOTHING };
  const folder = await mkdtemp(join(tmpdir(), 'inferometer-run-'));
  const discard = () => rm(folder, { recursive: true, force: true });
  try {
    const outPath = join(folder, 'events.jsonl');
    log.info(`reading the requests of ${run.path} from its log`);
    await exportRunEvents(run.path, { outPath, log });
    return { path: outPath, format: 'events', discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function runAt(path: string): Promise<RunDirectory | undefined> {
  if (!(await holdsRunLog(path))) return undefined;
  return RunDirectory.find(basename(path) === RUN_LOG ? dirname(path) : path);
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
