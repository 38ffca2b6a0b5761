import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import { SnapshotCodec } from '../metrics/snapshot-codec.ts';
import { SnapshotSubscriber } from '../metrics/snapshot-subscriber.ts';
import { isTerminal, type MetricsSnapshot } from '../metrics/snapshot.ts';
import { connectSubscriber } from '../transport/zmq/subscriber.ts';
import { isRunning } from './process-identity.ts';
import { readFinalSnapshot } from './report-source.ts';
import { readManifest, RunDirectory } from './run-directory.ts';

export interface WatchOptions {
  readonly onSnapshot: (snapshot: MetricsSnapshot) => void;
  readonly log: Log;
  /** Ends the watching, not the run. */
  readonly signal: AbortSignal;
}

/** How a watch ended: with the run's last snapshot, with a run that is gone without one, or by the watcher. */
export type WatchEnd = 'final' | 'gone' | 'detached';

const LOOK_INTERVAL_MS = 250;

/**
 * Follows a run from any other process, from now until its end; the run neither waits for it nor notices. A run that is over shows
 * its final snapshot at once. Throws `InferometerError` (input) when there is no run at `path`.
 */
export async function watchRun(path: string, { onSnapshot, log, signal }: WatchOptions): Promise<WatchEnd> {
  const directory = RunDirectory.open(path);
  const address = readManifest(directory)?.addresses.snapshots;
  let subscriber: SnapshotSubscriber | undefined;
  try {
    for (;;) {
      if (signal.aborted) return 'detached';
      // The file is the authority; the frame of the same content may come, be late, or be lost.
      const final = subscriber?.terminal ?? (await readFinalSnapshot(directory.finalSnapshotPath, log));
      if (final !== undefined && isTerminal(final.state)) {
        if (subscriber?.terminal === undefined) onSnapshot(final);
        return 'final';
      }
      const main = readManifest(directory)?.main_process;
      if (main === undefined || !isRunning(main)) return 'gone';
      if (subscriber === undefined && address !== undefined) {
        subscriber = new SnapshotSubscriber({
          subscriber: await connectSubscriber(new SnapshotCodec(), address, { conflate: true }),
          onSnapshot,
        });
      }
      await sleep(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await subscriber?.close();
  }
}
