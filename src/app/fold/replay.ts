import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { RunDirectory } from '../run-folder/run-directory.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { RunReplay, type RunReplayOptions } from './run-replay.ts';

export interface Replay {
  readonly header: RunHeader;
  readonly snapshot: MetricsSnapshot;
}

export type ReplayOptions = Omit<RunReplayOptions, 'onSnapshot' | 'publishIntervalMs' | 'nowNs'>;

/**
 * Rebuilds the final snapshot from a run log, through the same code as the live aggregator. A log without the
 * session's end gives an interrupted snapshot of all there is; what is damaged is left out and counted. `undefined` when the log does not even
 * hold its header.
 */
export async function replayRun(
  directory: RunDirectory,
  options: ReplayOptions,
): Promise<Replay | undefined> {
  let last: MetricsSnapshot | undefined;
  const replay = new RunReplay(directory, {
    ...options,
    onSnapshot: (snapshot) => (last = snapshot),
    publishIntervalMs: 0,
  });
  for await (const frame of replay.frames()) await replay.take(frame);
  await replay.finish();
  return replay.header === undefined || last === undefined
    ? undefined
    : { header: replay.header, snapshot: last };
}
