import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../core/log.ts';
import { monotonicNs, NS_PER_MS } from '../../core/time.ts';
import { isTerminal, type MetricsSnapshot } from '../../metrics/snapshot.ts';
import { EventFrames } from '../../runlog/event-frames.ts';
import type { Frame } from '../../transport/frame.ts';
import { emptyRunLog } from '../run-folder/log-header.ts';
import type { RunDirectory } from '../run-folder/run-directory.ts';
import { markOfFrame } from '../run-folder/run-marks.ts';
import { RunReplay } from '../fold/run-replay.ts';
import type { WatchEnd } from './watch-run.ts';

export interface LiveReplayOptions {
  /** How many times faster than the run was; above 0. */
  readonly speed: number;
  readonly onSnapshot: (snapshot: MetricsSnapshot) => void;
  readonly log: Log;
  /** Ends the replay. */
  readonly signal: AbortSignal;
}

/** Between two snapshots, of the viewer's time. */
const PUBLISH_INTERVAL_MS = 250;
/** Waits shorter than this are not worth one. */
const SHORTEST_WAIT_MS = 5;

/**
 * Plays a run from its log at its own pace or a multiple of it, through the code that folds a live run: a viewer sees the snapshots
 * it would have seen then, the final one exact; what is damaged is left out and counted. Throws `INFEROMETER_RUNLOG_EMPTY` (input) when
 * the log does not even hold its header.
 */
export async function replayLive(directory: RunDirectory, options: LiveReplayOptions): Promise<WatchEnd> {
  const { speed, onSnapshot, log, signal } = options;
  const clock = new ReplayClock(speed);
  let last: MetricsSnapshot | undefined;
  const replay = new RunReplay(directory, {
    onSnapshot: (snapshot) => {
      last = snapshot;
      if (!signal.aborted) onSnapshot(snapshot);
    },
    publishIntervalMs: PUBLISH_INTERVAL_MS,
    nowNs: () => Math.round(clock.nowNs),
    log,
  });
  const events = new EventFrames();
  for await (const frame of replay.frames()) {
    const dueNs = momentOf(frame, events);
    if (dueNs !== undefined) await clock.waitFor(dueNs, signal);
    if (signal.aborted) break;
    await replay.take(frame);
  }
  await replay.finish();
  if (signal.aborted) return 'detached';
  if (replay.header === undefined) throw emptyRunLog(directory.recordPath, 'play');
  return last !== undefined && isTerminal(last.state) ? 'final' : 'gone';
}

/** When the latest event of a frame happened, ns since the run's origin; undefined for a frame without a time. */
function momentOf(frame: Frame, events: EventFrames): number | undefined {
  return events.batchOf(frame)?.timestampsNs.at(-1) ?? markOfFrame(frame)?.at_ns;
}

/** Time of the run while it is played: it goes with the wall clock, times the speed, and never past what was folded. */
class ReplayClock {
  readonly #speed: number;
  #began: { readonly runNs: number; readonly wallNs: number } | undefined;
  #limitNs = 0;

  constructor(speed: number) {
    this.#speed = speed;
  }

  get nowNs(): number {
    return Math.min(this.#limitNs, this.#playedNs);
  }

  async waitFor(dueNs: number, signal: AbortSignal): Promise<void> {
    this.#began ??= { runNs: dueNs, wallNs: Number(monotonicNs()) };
    this.#limitNs = Math.max(this.#limitNs, dueNs);
    const waitMs = (dueNs - this.#playedNs) / this.#speed / NS_PER_MS;
    if (waitMs >= SHORTEST_WAIT_MS) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }

  get #playedNs(): number {
    if (this.#began === undefined) return 0;
    const { runNs, wallNs } = this.#began;
    return runNs + (Number(monotonicNs()) - wallNs) * this.#speed;
  }
}
