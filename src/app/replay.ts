import { dirname } from 'node:path';
import type { Log } from '../core/log.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';
import { readFrames } from '../runlog/read.ts';
import { requireHeader } from './log-header.ts';
import { RunFold } from './run-fold.ts';
import type { RunHeader } from './run-header.ts';
import { SnapshotTap } from './snapshot-tap.ts';

export interface Replay {
  readonly header: RunHeader;
  readonly snapshot: MetricsSnapshot;
  /** Bytes behind the last whole frame, of one that was being written when the run died. */
  readonly tornBytes: number;
}

export interface ReplayOptions {
  readonly log: Log;
  readonly aggregatorRestarts?: number;
  /** How many frames were written, where that is known: those not found are lost. */
  readonly frames?: number;
}

/**
 * Rebuilds the final snapshot from a run log, through the same code as the live aggregator. A log without the
 * session's end gives an interrupted snapshot of all there is; corrupt places are left out and counted. `undefined` when the log does not even
 * hold its header.
 */
export async function replayRun(
  logPath: string,
  { log, aggregatorRestarts = 0, frames: writtenFrames = 0 }: ReplayOptions,
): Promise<Replay | undefined> {
  let last: MetricsSnapshot | undefined;
  let frames = 0;
  let nextSeq = 0;
  let lostFrames = 0;
  let tornBytes = 0;
  let corruptBytes = 0;
  const fold = new RunFold({
    publisher: new SnapshotTap((snapshot) => (last = snapshot)),
    finalPath: undefined,
    publishIntervalMs: 0,
    drainTimeoutMs: 0,
    spillDirectory: dirname(logPath),
    eventStream: () => ({
      frames,
      heals: 0,
      healed_frames: 0,
      lost_frames: lostFrames,
      aggregator_restarts: aggregatorRestarts,
      torn_bytes: tornBytes,
      corrupt_bytes: corruptBytes,
      replayed: true,
    }),
    log,
  });
  const logged = readFrames(logPath, {
    onTornTail: (bytes) => (tornBytes = bytes),
    onCorrupt: (error, skippedBytes) => {
      log.error(`${error.message}; going on behind it`);
      corruptBytes += skippedBytes;
    },
  });
  for await (const frame of logged) {
    if (frames === 0) requireHeader(frame, logPath);
    frames += 1;
    lostFrames += frame.seq - nextSeq;
    nextSeq = frame.seq + 1;
    await fold.handle(frame);
    if (fold.ended) break;
  }
  if (!fold.ended) lostFrames += Math.max(0, writtenFrames - nextSeq);
  await (fold.ended ? fold.finished() : fold.interrupt());
  return fold.header === undefined || last === undefined
    ? undefined
    : { header: fold.header, snapshot: last, tornBytes };
}
