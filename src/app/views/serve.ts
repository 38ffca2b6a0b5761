import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { RunLibrary } from '../../web/run-library.ts';
import { RunDirectory } from '../run-folder/run-directory.ts';
import { followAddress, followNewest, followRun } from './serve-follow.ts';
import { ServedViews } from './serve-views.ts';
import { checkSnapshotAddress, isSnapshotAddress } from './watch-run.ts';

export interface ServeOptions {
  /** Run directory, address of snapshots, or undefined for whichever run is under way. */
  readonly target: string | undefined;
  /** Of an address that asks for one. */
  readonly key: string | undefined;
  readonly listen: string | undefined;
  readonly token: string | undefined;
  /** Folder of runs; by default that of the run directory, else `runs`. */
  readonly runsPath: string | undefined;
  /** The studies to list. */
  readonly studies: RunLibrary['studies'];
  readonly otlpUrl: string | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Serves the page until the signal. Throws `InferometerError` for what cannot be served. */
export async function serveViews(options: ServeOptions): Promise<void> {
  const { target, key, listen, token, studies, otlpUrl, log, signal } = options;
  const isDirectory = target !== undefined && !isSnapshotAddress(target);
  // A wrong path is told before anything is opened.
  if (isDirectory) RunDirectory.open(target);
  else if (target !== undefined) checkSnapshotAddress(target);
  const runsPath = options.runsPath ?? (isDirectory ? dirname(resolve(target)) : 'runs');
  if (existsSync(runsPath) && !statSync(runsPath).isDirectory()) {
    throw new InferometerError(
      'INFEROMETER_RUNS_FOLDER',
      'input',
      `--runs must be a folder of runs (got "${runsPath}", which is a file)`,
    );
  }
  const views = await ServedViews.open({
    web: { listen, listenFlag: '--listen', token, runsPath, mayReplay: true, mayWriteNotes: true, studies },
    desk: undefined,
    otlpUrl,
    log,
  });
  const follow = { onSnapshot: views.snapshot.bind(views), log, key, signal };
  try {
    if (target === undefined) await followNewest(runsPath, follow);
    else if (isDirectory) await followRun(target, follow);
    else await followAddress(target, follow);
  } finally {
    await views.close();
  }
}
