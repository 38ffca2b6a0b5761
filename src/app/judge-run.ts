import type { Log } from '../core/log.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';
import type { Report } from '../report/report.ts';
import { emptyRunLog, readLogHeader } from './log-header.ts';
import { replayRun } from './replay.ts';
import { makeReport, toldToStop } from './report-files.ts';
import { readFinalSnapshot, type ReportSource, type SourcedSnapshot } from './report-source.ts';
import { readManifest, type RunDirectory } from './run-directory.ts';
import type { RunHeader } from './run-header.ts';
import { isWholeLog } from './run-log.ts';

export interface JudgedRun {
  readonly header: RunHeader;
  readonly snapshot: MetricsSnapshot;
  readonly source: ReportSource;
  readonly report: Report;
}

/**
 * What a run that is over comes to, for every command that shows or uses its numbers: the final snapshot where the log it was drawn from is
 * whole, else a replay of what is left of the log. So all say the same of the same log. Costs a pass over the log, or two. Throws
 * `InferometerError` (input) for a log that holds nothing.
 */
export async function judgeRun(directory: RunDirectory, what: string, log: Log): Promise<JudgedRun> {
  const kept = (await isWholeLog(directory)) ? await keptSnapshot(directory, log) : undefined;
  if (kept !== undefined) return judged(directory, kept.header, { source: 'final snapshot file', ...kept });
  const replay = await replayRun(directory, { log });
  if (replay === undefined) throw emptyRunLog(directory.logPath, what);
  return judged(directory, replay.header, { source: 'replay of the run log', snapshot: replay.snapshot });
}

/** Whether a run was stopped before its plan was done, by run.json, or by the log where the run could not tell any more. */
export function wasStoppedEarly(directory: RunDirectory, snapshot: MetricsSnapshot): boolean {
  const outcome = readManifest(directory)?.outcome.state;
  return outcome === 'stopped_early' || (outcome !== 'complete' && toldToStop(snapshot));
}

/** The final snapshot, when it is of this very run. */
async function keptSnapshot(
  directory: RunDirectory,
  log: Log,
): Promise<{ readonly header: RunHeader; readonly snapshot: MetricsSnapshot } | undefined> {
  const snapshot = await readFinalSnapshot(directory, log);
  if (snapshot?.state !== 'complete') return undefined;
  const header = await readLogHeader(directory.logPath);
  const { run_id: runId } = (snapshot.extras?.run ?? {}) as { readonly run_id?: unknown };
  return runId === header.run_id ? { header, snapshot } : undefined;
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
