import type { Log } from '../../core/log.ts';
import type { Report } from '../../report/report.ts';
import { loadCalibration, machineClass } from '../machine/calibration-file.ts';
import { emptyRunLog, readLogHeader } from '../run-folder/log-header.ts';
import { isRunning as isProcessRunning } from '../run-folder/process-identity.ts';
import { replayRun } from '../fold/replay.ts';
import { judgeRun, type JudgedRun, wasStoppedEarly } from './judge-run.ts';
import { reportDirectoryNumbers } from './report-directory-numbers.ts';
import { makeReport, writeReport } from './report-files.ts';
import { writeReportPage } from './report-page-file.ts';
import { readManifest, RunDirectory } from '../run-folder/run-directory.ts';

export interface RebuiltReport {
  readonly report: Report;
  readonly directory: RunDirectory;
  /** The run is still going on. */
  readonly isRunning: boolean;
  /** Puts the report in the place of the one in the directory, and removes what a killed run left unfinished there. */
  readonly write: () => Promise<void>;
  /** The same for report.html alone. */
  readonly writePage: () => Promise<void>;
}

export interface RebuildOptions {
  /** File of what calibrate measured: the report then tells of the client's own error, on the machine of the run. */
  readonly calibrationPath?: string | undefined;
  /** Counts the tokens that no server counted; the one that the log names is not opened unasked. */
  readonly tokenizerPath?: string | undefined;
}

/**
 * The report of a run from its run log alone, without what is damaged in it. Throws `InferometerError` (input) when there is no run at `path`, or nothing
 * in its log.
 */
export async function rebuildReport(
  path: string,
  log: Log,
  { calibrationPath, tokenizerPath }: RebuildOptions = {},
): Promise<RebuiltReport> {
  const directory = RunDirectory.open(path);
  const manifest = readManifest(directory);
  const { header, snapshot, source } = await numbersOf(directory, log, tokenizerPath);
  const calibration =
    calibrationPath === undefined || manifest === undefined
      ? undefined
      : await loadCalibration(calibrationPath, machineClass(manifest), log);
  const report = makeReport({ source, snapshot }, header, wasStoppedEarly(directory, snapshot), calibration);
  const isRunning = manifest?.outcome.state === 'running' && isProcessRunning(manifest.main_process);
  const writePage = () => writeReportPage(directory, report, snapshot, log);
  const write = async () => {
    await writeReport(directory, report);
    await writePage();
    // Last: by now no folder of the run leads out of it.
    if (!isRunning) directory.removeUnfinished();
  };
  return { report, directory, isRunning, write, writePage };
}

/** As of every other command, unless there is a tokenizer to count anew by. */
async function numbersOf(
  directory: RunDirectory,
  log: Log,
  tokenizerPath: string | undefined,
): Promise<Pick<JudgedRun, 'header' | 'snapshot' | 'source'>> {
  if (tokenizerPath === undefined) return judgeRun(directory, 'report', log);
  if (directory.reportDirectory !== undefined) {
    const header = await readLogHeader(directory);
    return { header, ...(await reportDirectoryNumbers(directory, header, log, tokenizerPath)) };
  }
  const replay = await replayRun(directory, { log, tokenizerPath });
  if (replay === undefined) throw emptyRunLog(directory.recordPath, 'report');
  return { ...replay, source: 'replay of the run log' };
}
