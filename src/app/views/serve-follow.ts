import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../core/log.ts';
import { SnapshotCodec } from '../../metrics/snapshot-codec.ts';
import { SnapshotSubscriber } from '../../metrics/snapshot-subscriber.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import { checkAddress } from '../../transport/zmq/address.ts';
import { MAX_SNAPSHOT_MESSAGE_BYTES } from '../../transport/zmq/socket-limits.ts';
import { connectSubscriber } from '../../transport/zmq/subscriber.ts';
import { runsIn } from '../run-folder/newest-run.ts';
import { replayRun } from '../fold/replay.ts';
import { RunDirectory } from '../run-folder/run-directory.ts';
import { viewerLagMs } from '../machine/stand-back.ts';
import { untilAborted, watchRun } from './watch-run.ts';

export interface FollowOptions {
  readonly onSnapshot: (snapshot: MetricsSnapshot) => void;
  readonly log: Log;
  /** Of an address that asks for one. */
  readonly key?: string | undefined;
  /** Ends the following; resolves then. */
  readonly signal: AbortSignal;
}

const LOOK_INTERVAL_MS = 1000;

/** Follows the snapshots that are published at an address; whoever publishes there may come and go. */
export async function followAddress(
  address: string,
  { onSnapshot, key, signal }: FollowOptions,
): Promise<void> {
  const subscriber = new SnapshotSubscriber({
    subscriber: await connectSubscriber(new SnapshotCodec(), checkAddress(address), {
      conflate: true,
      maxMessageBytes: MAX_SNAPSHOT_MESSAGE_BYTES,
      lagMs: viewerLagMs(),
      key,
    }),
    onSnapshot,
  });
  await untilAborted(signal);
  await subscriber.close();
}

/** Follows one run to its end and keeps its last snapshot in view. */
export async function followRun(path: string, options: FollowOptions): Promise<void> {
  await followToEnd(path, options);
  await untilAborted(options.signal);
}

/** Follows whichever run of a folder is under way, the newest when there are several, one after another. */
export async function followNewest(runsPath: string, options: FollowOptions): Promise<void> {
  const { signal } = options;
  const seen = new Set<string>();
  while (!signal.aborted) {
    const path = await newestRunning(runsPath, seen);
    if (path === undefined) {
      await sleep(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      continue;
    }
    seen.add(path);
    await followToEnd(path, options);
  }
}

/** Follows one run until its last snapshot was handed on. A run that is gone without one is told from its log. */
export async function followToEnd(path: string, options: FollowOptions): Promise<void> {
  const { log, onSnapshot } = options;
  const end = await watchRun(path, options);
  if (end !== 'gone') return;
  const replay = await replayRun(RunDirectory.open(path), { log });
  if (replay !== undefined) onSnapshot(replay.snapshot);
}

async function newestRunning(runsPath: string, seen: ReadonlySet<string>): Promise<string | undefined> {
  const runs = await runsIn(runsPath);
  return runs.findLast(({ path, isUnderWay }) => isUnderWay && !seen.has(path))?.path;
}
