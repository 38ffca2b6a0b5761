import type { Log } from '../../core/log.ts';
import type { Report } from '../../report/report.ts';
import type { GoodRule } from '../../rules/good-rule.ts';
import type { SteadyChoice } from '../../rules/steady-choice.ts';
import type { Slo } from '../../rules/slo.ts';
import { loadCalibration, machineClass } from '../machine/calibration-file.ts';
import { emptyRunLog, readLogHeader } from '../run-folder/log-header.ts';
import { isRunning as isProcessRunning } from '../run-folder/process-identity.ts';
import { replayRun } from '../fold/replay.ts';
import { judgeRun, type JudgedRun, wasStoppedEarly } from './judge-run.ts';
import { type FoldedAnew, reportDirectoryNumbers } from './report-directory-numbers.ts';
import { makeReport, writeReport } from './report-files.ts';
import { steadyChoiceOf, steadyStateOf } from './steady-run.ts';
import { writeReportPage } from './report-page-file.ts';
import { readManifest, RunDirectory } from '../run-folder/run-directory.ts';
import type { RunHeader } from '../run-folder/run-header.ts';

export interface RebuiltReport {
  readonly header: RunHeader;
  readonly report: Report;
  readonly directory: RunDirectory;
  /** The run is still going on. */
  readonly isRunning: boolean;
  /** Replaces the report in the directory, with or without report.html, and removes what a killed run left unfinished there. */
  readonly write: (withPage: boolean) => Promise<void>;
  /** The same for report.html alone. */
  readonly writePage: () => Promise<void>;
  /** The run was started to have a report.html. */
  readonly hasPage: boolean;
}

export interface RebuildOptions {
  /** File of what calibrate measured: the report then tells of the client's own error, on the machine of the run. */
  readonly calibrationPath?: string | undefined;
  /** Counts the tokens that no server counted; the one that the log names is not opened unasked. */
  readonly tokenizerPath?: string | undefined;
  /** When a sample is good, likewise. */
  readonly good?: GoodRule | undefined;
  /** Tail latencies with MLPerf's early-stopping estimates; default: as the log says. */
  readonly earlyStopping?: boolean | undefined;
  /** Which part of the run is its steady state; default: what the run was started with. */
  readonly steady?: SteadyChoice | undefined;
  /** What the servers cost an hour; default: what the run was started with. */
  readonly pricePerHour?: number | undefined;
  /** To judge the run by, in place of those it was started with. */
  readonly slos?: readonly Slo[] | undefined;
}

/**
 * The report of a run from its run log alone, without what is damaged in it. Throws `InferometerError` (input) when there is no run at `path`, or nothing
 * in its log.
 */
export async function rebuildReport(
  path: string,
  log: Log,
  { calibrationPath, tokenizerPath, slos, good, earlyStopping, steady, pricePerHour }: RebuildOptions = {},
): Promise<RebuiltReport> {
  const directory = RunDirectory.open(path);
  const manifest = readManifest(directory);
  const { header, snapshot, source } = await numbersOf(directory, log, {
    tokenizerPath,
    good,
    earlyStopping,
  });
  const calibration =
    calibrationPath === undefined || manifest === undefined
      ? undefined
      : await loadCalibration(calibrationPath, machineClass(manifest), log);
  const report = makeReport({ source, snapshot }, header, wasStoppedEarly(directory, snapshot), {
    ...{ calibration, slos, pricePerHour },
    steadyState: await steadyStateOf(directory, snapshot, steady ?? steadyChoiceOf(header)),
  });
  const isRunning = manifest?.outcome.state === 'running' && isProcessRunning(manifest.main_process);
  const writePage = () => writeReportPage(directory, report, snapshot, log);
  const write = async (withPage: boolean) => {
    await writeReport(directory, report);
    if (withPage) await writePage();
    // Last: by now no folder of the run leads out of it.
    if (!isRunning) directory.removeUnfinished();
  };
  return {
    header,
    report,
    directory,
    isRunning,
    write,
    writePage,
    hasPage: header.config.report_html !== false,
  };
}

/** As of every other command, unless there is a tokenizer to count anew by, or a rule. */
async function numbersOf(
  directory: RunDirectory,
  log: Log,
  anew: FoldedAnew,
): Promise<Pick<JudgedRun, 'header' | 'snapshot' | 'source'>> {
  if (Object.values(anew).every((one) => one === undefined)) return judgeRun(directory, 'report', log);
  if (directory.reportDirectory !== undefined) {
    const header = await readLogHeader(directory);
    return { header, ...(await reportDirectoryNumbers(directory, header, log, anew)) };
  }
  const replay = await replayRun(directory, { log, ...anew });
  if (replay === undefined) throw emptyRunLog(directory.recordPath, 'report');
  return { ...replay, source: 'replay of the run log' };
}
