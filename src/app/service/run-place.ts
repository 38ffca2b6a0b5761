import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { InferometerError } from '../../core/errors.ts';
import { createRunId, type RunId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { isRunning } from '../run-folder/process-identity.ts';
import { defaultRunPath, readManifest, RunDirectory } from '../run-folder/run-directory.ts';
import { readLogHeader } from '../run-folder/log-header.ts';
import { isAggregated, type RunHeader } from '../run-folder/run-header.ts';

/** Where an aggregation is kept. */
export interface RunPlace {
  readonly directory: RunDirectory;
  readonly runId: RunId;
  /** Of an earlier process's log, which is gone on with. */
  readonly resumed: RunHeader | undefined;
}

/**
 * Makes the directory of a new run, or takes up the one of an aggregation that did not come to its end. Throws `InferometerError` (input) for any other
 * directory that is not empty, and for one that another process works in.
 */
export async function openRunPlace(outPath: string | undefined, log: Log): Promise<RunPlace> {
  const runId = createRunId();
  const path = outPath ?? defaultRunPath(runId, new Date());
  if (!isEarlierRun(path)) return { directory: await RunDirectory.create(path), runId, resumed: undefined };
  const directory = RunDirectory.at(path);
  const manifest = readManifest(directory);
  if (manifest?.outcome.state === 'running' && isRunning(manifest.main_process))
    throw taken(path, `process ${manifest.main_process.pid} is at work there`);
  if (!hasBytes(directory.logPath)) {
    // It died before the first event came.
    await rm(directory.logPath, { force: true });
    return { directory, runId: (manifest?.run_id as RunId | undefined) ?? runId, resumed: undefined };
  }
  const header = await readLogHeader(directory);
  if (!isAggregated(header)) throw taken(path, 'it holds a run that was not aggregated');
  if (manifest?.outcome.state === 'complete') throw taken(path, 'the run there has come to its end');
  log.info(`${path}: going on with the run of ${header.started_at}`);
  return { directory, runId: header.run_id, resumed: header };
}

function isEarlierRun(path: string): boolean {
  if (path === '') return false;
  const directory = RunDirectory.at(path);
  return existsSync(directory.logPath) || readManifest(directory) !== undefined;
}

function hasBytes(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0;
}

function taken(path: string, why: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_RUN_EXISTS',
    'input',
    `--out ${path}: ${why}; choose a new directory`,
  );
}
