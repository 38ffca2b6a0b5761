import type { Log } from '../../core/log.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { Report } from '../../report/report.ts';
import { emptyRunLog, readLogHeader } from '../run-folder/log-header.ts';
import { replayRun } from '../fold/replay.ts';
import { makeReport, toldToStop } from './report-files.ts';
import { reportDirectoryNumbers, withRun } from './report-directory-numbers.ts';
import { readFinalSnapshot, type ReportSource, type SourcedSnapshot } from './report-source.ts';
import { readManifest, type RunDirectory } from '../run-folder/run-directory.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { isWholeLog } from '../run-folder/run-log.ts';

export interface JudgedRun {
  readonly header: RunHeader;
  readonly snapshot: MetricsSnapshot;
  readonly source: ReportSource;
  readonly report: Report;
}

/**
 * What a run that is over comes to, for every command that shows or uses its numbers: the replay of its log, so that all say the same of the
 * same log. Where tokens were counted by a tokenizer, which is not opened unasked, it is the final snapshot, as long as the log it was drawn
 * from is whole. Of a report directory: see {@link reportDirectoryNumbers}. Costs a pass over the log. Throws `InferometerError` (input) for a log that holds nothing.
 */
export async function judgeRun(directory: RunDirectory, what: string, log: Log): Promise<JudgedRun> {
  const header = await readLogHeader(directory);
  if (directory.reportDirectory !== undefined)
    return judged(directory, header, await reportDirectoryNumbers(directory, header, log));
  const kept = header.tokenizer === null ? undefined : await keptSnapshot(directory, header, log);
  if (kept !== undefined) return judged(directory, header, { source: 'final snapshot file', snapshot: kept });
  const replay = await replayRun(directory, { log });
  if (replay === undefined) throw emptyRunLog(directory.logPath, what);
  return judged(directory, replay.header, { source: 'replay of the run log', snapshot: replay.snapshot });
}

/** Whether a run was stopped before its plan was done, by run.json, or by the log where the run could not tell any more. */
export function wasStoppedEarly(directory: RunDirectory, snapshot: MetricsSnapshot): boolean {
  const outcome = readManifest(directory)?.outcome.state;
  return outcome === 'stopped_early' || (outcome !== 'complete' && toldToStop(snapshot));
}

/** The snapshot to draw a run from: the final one of ours, else what {@link judgeRun} has. */
export async function drawnSnapshot(directory: RunDirectory, log: Log): Promise<MetricsSnapshot | undefined> {
  if (directory.reportDirectory === undefined) return readFinalSnapshot(directory, log);
  return (await judgeRun(directory, 'draw', log)).snapshot;
}

/** The final snapshot that was left beside a run, for who may not read its events: it tells who recorded the run. */
export async function leftSnapshot(directory: RunDirectory, log: Log): Promise<MetricsSnapshot | undefined> {
  const snapshot = await readFinalSnapshot(directory, log);
  if (snapshot === undefined || directory.reportDirectory === undefined) return snapshot;
  return withRun(snapshot, await readLogHeader(directory));
}

/** The final snapshot, when it is of this very run and its log is whole. */
async function keptSnapshot(
  directory: RunDirectory,
  header: RunHeader,
  log: Log,
): Promise<MetricsSnapshot | undefined> {
  if (!(await isWholeLog(directory))) return undefined;
  const snapshot = await readFinalSnapshot(directory, log);
  const { run_id: runId } = (snapshot?.extras?.run ?? {}) as { readonly run_id?: unknown };
  return snapshot?.state === 'complete' && runId === header.run_id ? snapshot : undefined;
}

function judged(directory: RunDirectory, header: RunHeader, sourced: SourcedSnapshot): JudgedRun {
  const { snapshot, source } = sourced;
  return {
    header,
    snapshot,
    source,
    report: makeReport(sourced, header, wasStoppedEarly(directory, snapshot)),
  };
}

/** What a reader of numbers has to know even where the run is no more than degraded: the log does not tell all of it. */
const FINDINGS_OF_THE_LOG: readonly string[] = ['run_log_torn', 'run_interrupted'];

/** Warns of a run that is invalid, or not told to its end, where its numbers are used. */
export function tellVerdict(path: string, { verdict }: Report, log: Log): void {
  const finding = verdict.findings.find(
    ({ level, check }) => level === 'invalid' || FINDINGS_OF_THE_LOG.includes(check),
  );
  if (finding !== undefined)
    log.warning(`${path}: the run is ${verdict.level.toUpperCase()}: ${finding.message}`);
}
