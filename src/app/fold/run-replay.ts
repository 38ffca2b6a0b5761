import type { ExactInteger, MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { Log } from '../../core/log.ts';
import type { GoodRule } from '../../rules/good-rule.ts';
import type { FrameSource } from '../../runlog/frame-source.ts';
import type { Frame } from '../../transport/frame.ts';
import { requireHeader } from '../run-folder/log-header.ts';
import { readManifest, type RunDirectory } from '../run-folder/run-directory.ts';
import { RunFold } from './run-fold.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { logReaderOf } from '../run-folder/run-log.ts';
import { SnapshotTap } from './snapshot-tap.ts';

export interface RunReplayOptions {
  readonly onSnapshot: (snapshot: MetricsSnapshot) => void;
  /** 0 = the last one only. */
  readonly publishIntervalMs: number;
  /** Time of a snapshot; default CLOCK_MONOTONIC. */
  readonly nowNs?: () => ExactInteger;
  /** Counts the tokens that no server counted. The log names one too, which is not opened unasked: it may name any file. */
  readonly tokenizerPath?: string | undefined;
  /** When a sample is good, in place of what the run was started with. */
  readonly good?: GoodRule | undefined;
  /** Tail latencies with MLPerf's early-stopping estimates; default: as the header of the log says. */
  readonly earlyStopping?: boolean | undefined;
  readonly aggregatorRestarts?: number | undefined;
  /** Frames that were written, for a run whose run.json does not tell yet. */
  readonly writtenFrames?: number | undefined;
  readonly log: Log;
}

/** A run folded again from its log, or from the events of a report directory: the one code behind every report, replay and verdict of a run that is over. */
export class RunReplay {
  readonly #directory: RunDirectory;
  readonly #reader: FrameSource;
  readonly #fold: RunFold;

  constructor(directory: RunDirectory, options: RunReplayOptions) {
    const { aggregatorRestarts = 0, tokenizerPath = null, log } = options;
    this.#directory = directory;
    this.#reader = logReaderOf(directory, log, options.writtenFrames);
    const outcome = readManifest(directory)?.outcome.state;
    this.#fold = new RunFold({
      publisher: new SnapshotTap(options.onSnapshot),
      finalPath: undefined,
      publishIntervalMs: options.publishIntervalMs,
      drainTimeoutMs: 0,
      spillDirectory: directory.path,
      tokenizerOf: () => tokenizerPath,
      good: options.good,
      earlyStopping: options.earlyStopping,
      // The run itself knows better than its log, which may have been told to stop when there was nothing left to do.
      ...(outcome === 'complete' || outcome === 'stopped_early'
        ? { stoppedEarly: outcome === 'stopped_early' }
        : {}),
      eventStream: () => {
        const { frames, lostFrames, tornBytes, corruptBytes, malformedFrames } = this.#reader.losses;
        return {
          ...{ frames, heals: 0, healed_frames: 0, lost_frames: lostFrames },
          aggregator_restarts: aggregatorRestarts,
          ...{ torn_bytes: tornBytes, corrupt_bytes: corruptBytes, malformed_frames: malformedFrames },
          replayed: true,
        };
      },
      ...(options.nowNs === undefined ? {} : { nowNs: options.nowNs }),
      log,
    });
  }

  /** Present once the header was folded. */
  get header(): RunHeader | undefined {
    return this.#fold.header;
  }

  /** The frames up to the run's end, each to be given to {@link take}. Throws `INFEROMETER_RUNLOG_CONTENT` (input) for a log without a header. */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    for await (const frame of this.#reader.frames()) {
      if (this.#fold.header === undefined) requireHeader(frame, this.#directory.recordPath);
      yield frame;
      if (this.#fold.ended) return;
    }
  }

  /** Folds a frame, or leaves it out when it cannot be. */
  async take(frame: Frame): Promise<void> {
    try {
      await this.#fold.handle(frame);
    } catch (error) {
      if (this.#fold.header === undefined) throw error;
      this.#reader.leaveOut(frame, error);
    }
  }

  /** Makes the last snapshot: the final one, or one marked interrupted of all there is. */
  async finish(): Promise<void> {
    await (this.#fold.ended ? this.#fold.finished() : this.#fold.interrupt());
  }
}
