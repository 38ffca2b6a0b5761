import { errorText } from '../../core/errors.ts';
import { FILE_LIMITS } from '../../core/file-limits.ts';
import type { Log } from '../../core/log.ts';
import { parseSnapshotJson } from '../../metrics/snapshot-json.ts';
import type { SnapshotSubscriber } from '../../metrics/snapshot-subscriber.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { RunDirectory } from '../run-folder/run-directory.ts';

/** Where a report's numbers come from; named in the report. */
export type ReportSource =
  | 'final snapshot file'
  | 'final snapshot frame'
  | 'replay of the run log'
  | 'latest live snapshot'
  | 'events.jsonl'
  | 'events.jsonl, token counts from final_snapshot.json';

export interface SourcedSnapshot {
  readonly source: ReportSource;
  readonly snapshot: MetricsSnapshot;
}

const FRAME_WAIT_MS = 2000;

/** What is known of a run when its snapshot is looked for. */
export interface RunEnd {
  readonly directory: RunDirectory;
  readonly subscriber: SnapshotSubscriber | undefined;
  /** The session's end is in the log: a snapshot that was interrupted before tells only a part of it. */
  readonly sessionEnded: boolean;
  readonly aggregatorRestarts: number;
  /** Frames in the run log, and those that could not be written there. */
  readonly frames: number;
  /** Of the run, to count again what its aggregator counted. */
  readonly tokenizerPath: string | undefined;
  readonly unrecordedFrames: number;
  readonly log: Log;
}

/**
 * The best snapshot to be had of a run that is over: the file, else the terminal frame (waits up to 2 s for it), else a replay of
 * the log, else the latest live snapshot. A snapshot that was interrupted although the session went on to its end yields to the replay.
 * Never throws; what went wrong is logged.
 */
export async function sourceSnapshot(end: RunEnd): Promise<SourcedSnapshot | undefined> {
  const sourced = await bestSnapshot(end);
  return sourced && { ...sourced, snapshot: withLostFrames(sourced.snapshot, end.unrecordedFrames) };
}

async function bestSnapshot(end: RunEnd): Promise<SourcedSnapshot | undefined> {
  const published = await publishedSnapshot(end);
  const isWhole = published !== undefined && (published.snapshot.state === 'complete' || !end.sessionEnded);
  if (isWhole) return published;
  const replayed = await replayedSnapshot(end);
  if (replayed !== undefined) return replayed;
  const latest = end.subscriber?.latest;
  if (published !== undefined || latest === undefined) return published;
  return { source: 'latest live snapshot', snapshot: latest };
}

/** What the aggregator itself said last. */
async function publishedSnapshot({
  directory,
  subscriber,
  log,
}: RunEnd): Promise<SourcedSnapshot | undefined> {
  const file = await readFinalSnapshot(directory, log);
  if (file !== undefined) return { source: 'final snapshot file', snapshot: file };
  const terminal = await subscriber?.waitForTerminal(FRAME_WAIT_MS);
  return terminal === undefined ? undefined : { source: 'final snapshot frame', snapshot: terminal };
}

async function replayedSnapshot({
  directory,
  aggregatorRestarts,
  frames: writtenFrames,
  tokenizerPath,
  log,
}: RunEnd): Promise<SourcedSnapshot | undefined> {
  try {
    // The whole aggregator, which a run that ends well does without.
    const { replayRun } = await import('../fold/replay.ts');
    const replay = await replayRun(directory, { log, aggregatorRestarts, writtenFrames, tokenizerPath });
    return replay && { source: 'replay of the run log', snapshot: replay.snapshot };
  } catch (error) {
    log.warning(`the run log could not be replayed: ${errorText(error)}`);
    return undefined;
  }
}

/** The final snapshot that a run left, or `undefined`, with a warning unless it just is not there. */
export async function readFinalSnapshot(
  directory: RunDirectory,
  log: Log,
): Promise<MetricsSnapshot | undefined> {
  const path = directory.finalSnapshotPath;
  try {
    return parseSnapshotJson(await directory.read(path, FILE_LIMITS.finalSnapshotBytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log.warning(messageAt(path, error));
    return undefined;
  }
}

/** The snapshot with so many more frames counted as lost. */
function withLostFrames(snapshot: MetricsSnapshot, lostFrames: number): MetricsSnapshot {
  if (lostFrames === 0) return snapshot;
  const { extras } = snapshot;
  const stream = (extras?.event_stream ?? {}) as { readonly lost_frames?: number };
  const lost_frames = (stream.lost_frames ?? 0) + lostFrames;
  return { ...snapshot, extras: { ...extras, event_stream: { ...stream, lost_frames } } };
}

/** What is wrong with a file; errors of ours name it themselves. */
function messageAt(path: string, error: unknown): string {
  const text = errorText(error);
  return text.startsWith(`${path}:`) ? text : `${path}: ${text}`;
}
