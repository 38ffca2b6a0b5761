import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { MetricSnapshot, MetricsSnapshot, SeriesSnapshot } from '../../metrics/snapshot.ts';
import type { GoodRule } from '../../rules/good-rule.ts';
import { replayRun } from '../fold/replay.ts';
import type { RunDirectory } from '../run-folder/run-directory.ts';
import { publishedByJson, type RunHeader } from '../run-folder/run-header.ts';
import { readFinalSnapshot, type SourcedSnapshot } from './report-source.ts';

/** Counted by a tokenizer that we don't have, so that our replay of the events lacks them. */
const TOKEN_SERIES: readonly string[] = ['isl', 'osl', 'tpot_ns'];
/** Where they differ, events and snapshot are not of the same run, or one of them is not whole. */
const COMPARED_COUNTERS = ['tracked_samples_issued', 'tracked_samples_completed', 'tracked_samples_failed'];

/** What a run is folded anew for. */
export interface FoldedAnew {
  /** Counts the tokens that no server counted. */
  readonly tokenizerPath?: string | undefined;
  /** When a sample is good. */
  readonly good?: GoodRule | undefined;
  /** Tail latencies with MLPerf's early-stopping estimates. */
  readonly earlyStopping?: boolean | undefined;
}

/**
 * The numbers of a report directory: a replay of its events, with the token counts of its final snapshot, else the final snapshot alone. Throws
 * `INFEROMETER_RUN_NO_SNAPSHOT` (input) when that cannot be read either.
 */
export async function reportDirectoryNumbers(
  directory: RunDirectory,
  header: RunHeader,
  log: Log,
  { tokenizerPath, good, earlyStopping }: FoldedAnew = {},
): Promise<SourcedSnapshot> {
  const kept = await readFinalSnapshot(directory, log);
  if (directory.reportDirectory?.events === undefined) {
    if (tokenizerPath !== undefined) directory.requireEvents('count the tokens of');
    if (good !== undefined) directory.requireEvents('count the good samples of');
    if (earlyStopping === true) directory.requireEvents('estimate the percentiles of');
    if (kept === undefined) throw noSnapshot(directory);
    return { source: 'final snapshot file', snapshot: withRun(kept, header) };
  }
  const replay = await replayRun(directory, { log, tokenizerPath, good, earlyStopping });
  // Its header was made for it, so there is one.
  const { snapshot } = replay!;
  if (kept?.state !== 'complete') return { source: 'events.jsonl', snapshot };
  const [differing] = COMPARED_COUNTERS.filter((name) => counterOf(kept, name) !== counterOf(snapshot, name));
  if (differing !== undefined) {
    const [theirs, ours] = [counterOf(kept, differing), counterOf(snapshot, differing)];
    log.warning(
      `${directory.finalSnapshotPath}: ${differing} is ${theirs}, and events.jsonl has ${ours}; only events.jsonl is used`,
    );
    return { source: 'events.jsonl', snapshot };
  }
  const merged = withTokenSeries(snapshot, kept);
  return merged === snapshot
    ? { source: 'events.jsonl', snapshot }
    : { source: 'events.jsonl, token counts from final_snapshot.json', snapshot: merged };
}

/** A snapshot of theirs with what a replay tells of the run beside the metrics. */
export function withRun(snapshot: MetricsSnapshot, header: RunHeader): MetricsSnapshot {
  const { run_id, version, requested_rate_per_second, planned_samples, published_by } = header;
  const run = {
    run_id,
    version,
    requested_rate_per_second,
    planned_samples,
    published_by: publishedByJson(published_by!),
  };
  return { ...snapshot, extras: { ...snapshot.extras, run } };
}

/** Each series of tokens that holds more there than here, in its place. */
function withTokenSeries(snapshot: MetricsSnapshot, kept: MetricsSnapshot): MetricsSnapshot {
  const better = new Map<string, SeriesSnapshot>();
  for (const name of TOKEN_SERIES) {
    const series = seriesOf(kept, name);
    if (series !== undefined && series.count > (seriesOf(snapshot, name)?.count ?? 0))
      better.set(name, series);
  }
  if (better.size === 0) return snapshot;
  return {
    ...snapshot,
    metrics: snapshot.metrics.map((metric): MetricSnapshot => better.get(metric.name) ?? metric),
  };
}

function seriesOf({ metrics }: MetricsSnapshot, name: string): SeriesSnapshot | undefined {
  return metrics.find((metric) => metric.type === 'series' && metric.name === name) as
    SeriesSnapshot | undefined;
}

function counterOf({ metrics }: MetricsSnapshot, name: string): number | undefined {
  const counter = metrics.find((metric) => metric.type === 'counter' && metric.name === name);
  return counter?.type === 'counter' ? Number(counter.value) : undefined;
}

function noSnapshot({ finalSnapshotPath }: RunDirectory): InferometerError {
  return new InferometerError(
    'INFEROMETER_RUN_NO_SNAPSHOT',
    'input',
    `${finalSnapshotPath}: cannot be read, and there is no events.jsonl; give a report directory that has one of them whole`,
  );
}
