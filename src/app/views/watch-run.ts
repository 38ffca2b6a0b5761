import { setTimeout as sleep } from 'node:timers/promises';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { SnapshotCodec } from '../../metrics/snapshot-codec.ts';
import { SnapshotSubscriber } from '../../metrics/snapshot-subscriber.ts';
import { isTerminal, type MetricsSnapshot } from '../../metrics/snapshot.ts';
import { MAX_SNAPSHOT_MESSAGE_BYTES } from '../../transport/zmq/socket-limits.ts';
import { connectSubscriber } from '../../transport/zmq/subscriber.ts';
import { isRunning } from '../run-folder/process-identity.ts';
import { drawnSnapshot } from '../reports/judge-run.ts';
import { readManifest, RunDirectory } from '../run-folder/run-directory.ts';
import { viewerLagMs } from '../machine/stand-back.ts';

export interface WatchOptions {
  readonly onSnapshot: (snapshot: MetricsSnapshot) => void;
  readonly log: Log;
  /** Ends the watching, not the run. */
  readonly signal: AbortSignal;
  /** For an address beyond the run's own machine. */
  readonly key?: string | undefined;
  /** For an address: how long to wait for the first snapshot, and for a publisher that has gone. Default 10 s. */
  readonly patienceMs?: number;
}

/** How a watch ended: with the run's last snapshot, with a run that is gone without one, or by the watcher. */
export type WatchEnd = 'final' | 'gone' | 'detached';

/** Between two looks at what the stream does not tell: that a run has died, a publisher is silent. */
const LOOK_INTERVAL_MS = 1000;
const DEFAULT_PATIENCE_MS = 10_000;
/** Who is refused is not kept waiting: nothing will change. Time enough for a publisher that was just closing. */
const REFUSED_PATIENCE_MS = 2000;

/** Whether a target is an address of snapshots rather than a run directory. */
export function isSnapshotAddress(target: string): boolean {
  return /^(tcp|ipc):\/\//.test(target);
}

/** Throws `INFEROMETER_WATCH_ADDRESS` (input) for an address at which nobody can publish. */
export function checkSnapshotAddress(address: string): void {
  const port = /^tcp:\/\/.+:(\d{1,5})$/.exec(address)?.[1];
  if (/^ipc:\/\/./.test(address) || (Number(port) > 0 && Number(port) <= 65_535)) return;
  throw new InferometerError(
    'INFEROMETER_WATCH_ADDRESS',
    'input',
    `the address must be tcp://<host>:<port> with a port from 1 to 65535, or ipc://<path> (got "${address}")`,
  );
}

/**
 * Follows a run from any other process, from now until its end; the run neither waits for it nor notices. `target`: a run
 * directory, or the address where a run publishes its snapshots (`--view-address`).
 *
 * A directory's run that is over shows its final snapshot at once. Throws `InferometerError`: (input) when there is no run in the
 * directory, `INFEROMETER_WATCH_REFUSED` for an address that does not let us in, `INFEROMETER_WATCH_SILENT` when it says nothing.
 */
export function watchRun(target: string, options: WatchOptions): Promise<WatchEnd> {
  return isSnapshotAddress(target) ? watchAddress(target, options) : watchDirectory(target, options);
}

async function watchDirectory(path: string, { onSnapshot, log, signal }: WatchOptions): Promise<WatchEnd> {
  const directory = RunDirectory.open(path);
  const address = localAddressOf(directory);
  const detached = untilAborted(signal);
  let subscriber: SnapshotSubscriber | undefined;
  try {
    for (;;) {
      if (signal.aborted) return 'detached';
      // The file is the authority; the frame of the same content may come, be late, or be lost.
      const final = subscriber?.terminal ?? (await drawnSnapshot(directory, log));
      if (final !== undefined && isTerminal(final.state)) {
        if (subscriber?.terminal === undefined) onSnapshot(final);
        return 'final';
      }
      const main = readManifest(directory)?.main_process;
      if (main === undefined || !isRunning(main)) return 'gone';
      if (subscriber === undefined && address !== undefined) {
        subscriber = new SnapshotSubscriber({
          subscriber: await connectSubscriber(new SnapshotCodec(), address, {
            conflate: true,
            maxMessageBytes: MAX_SNAPSHOT_MESSAGE_BYTES,
            lagMs: viewerLagMs(),
          }),
          onSnapshot,
        });
      }
      const more = subscriber?.waitForTerminal(LOOK_INTERVAL_MS) ?? sleep(LOOK_INTERVAL_MS);
      await Promise.race([more, detached]);
    }
  } finally {
    await subscriber?.close();
  }
}

/** Where the run publishes on this machine. A run.json of somebody else's that names another machine sends nobody there. */
function localAddressOf(directory: RunDirectory): string | undefined {
  const address = readManifest(directory)?.addresses.snapshots;
  return address?.startsWith('ipc://') === true ? address : undefined;
}

async function watchAddress(
  address: string,
  { onSnapshot, signal, key, patienceMs = DEFAULT_PATIENCE_MS }: WatchOptions,
): Promise<WatchEnd> {
  checkSnapshotAddress(address);
  const startedMs = performance.now();
  let hasSeen = false;
  let [refusedMs, goneMs] = [Infinity, Infinity];
  const subscriber = new SnapshotSubscriber({
    subscriber: await connectSubscriber(new SnapshotCodec(), address, {
      conflate: true,
      maxMessageBytes: MAX_SNAPSHOT_MESSAGE_BYTES,
      lagMs: viewerLagMs(),
      key,
      onConnection: (state) => {
        if (state === 'connected') [refusedMs, goneMs] = [Infinity, Infinity];
        else if (state === 'refused') refusedMs = Math.min(refusedMs, performance.now());
        else goneMs = Math.min(goneMs, performance.now());
      },
    }),
    onSnapshot: (snapshot) => {
      hasSeen = true;
      onSnapshot(snapshot);
    },
  });
  const detached = untilAborted(signal);
  try {
    for (;;) {
      if (signal.aborted) return 'detached';
      if (subscriber.terminal !== undefined) return 'final';
      const nowMs = performance.now();
      if (!hasSeen && nowMs - refusedMs >= REFUSED_PATIENCE_MS) throw refused(address, key);
      if (!hasSeen && nowMs - startedMs >= patienceMs) throw silent(address, patienceMs);
      // A publisher that comes back, as a restarted aggregator does, is the same run again.
      if (hasSeen && nowMs - goneMs >= patienceMs) return 'gone';
      await Promise.race([subscriber.waitForTerminal(LOOK_INTERVAL_MS), detached]);
    }
  } finally {
    await subscriber.close();
  }
}

/** Resolves once the signal is given. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function refused(address: string, key: string | undefined): InferometerError {
  const why =
    key === undefined
      ? 'it asks for a key (--key or INFEROMETER_VIEW_KEY)'
      : 'the key is wrong, or the run asks for none';
  return new InferometerError(
    'INFEROMETER_WATCH_REFUSED',
    'setup',
    `${address}: refused us: ${why}; or what listens there is no run`,
  );
}

function silent(address: string, patienceMs: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_WATCH_SILENT',
    'setup',
    `${address}: no snapshot within ${patienceMs / 1000} s: nobody publishes there, or the run shows none (--publish-interval 0)`,
  );
}
