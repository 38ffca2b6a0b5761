import type { Log } from '../core/log.ts';
import type { Report } from '../report/report.ts';
import { loadCalibration, machineClass } from './calibration/calibration-file.ts';
import { emptyRunLog } from './log-header.ts';
import { isRunning as isProcessRunning } from './process-identity.ts';
import { replayRun } from './replay.ts';
import { makeReport, toldToStop, writeReport } from './report-files.ts';
import { writeReportPage } from './report-page-file.ts';
import { readManifest, RunDirectory } from './run-directory.ts';

export interface RebuiltReport {
  readonly report: Report;
  readonly directory: RunDirectory;
  /** The run is still going on. */
  readonly isRunning: boolean;
  /** Puts the report in the place of the one in the directory. */
  readonly write: () => Promise<void>;
  /** The same for report.html alone. */
  readonly writePage: () => Promise<void>;
}

/**
 * The report of a run from its run log alone, without what is corrupt in it. Throws `InferometerError` (input) when there is no run at `path`, or nothing
 * in its log. With a file of what calibrate measured it tells of the client's own error, on the machine of the run.
 */
export async function rebuildReport(
  path: string,
  log: Log,
  calibrationPath?: string,
): Promise<RebuiltReport> {
  const directory = RunDirectory.open(path);
  const manifest = readManifest(directory);
  const replay = await replayRun(directory.logPath, { log });
  if (replay === undefined) {
    throw emptyRunLog(directory.logPath, 'report');
  }
  const outcome = manifest?.outcome.state;
  const stoppedEarly = outcome === 'stopped_early' || (outcome !== 'complete' && toldToStop(replay.snapshot));
  const calibration =
    calibrationPath === undefined || manifest === undefined
      ? undefined
      : await loadCalibration(calibrationPath, machineClass(manifest), log);
  const report = makeReport(
    { source: 'replay of the run log', snapshot: replay.snapshot },
    replay.header,
    stoppedEarly,
    calibration,
  );
  const isRunning = manifest?.outcome.state === 'running' && isProcessRunning(manifest.main_process);
  const writePage = () => writeReportPage(directory, report, replay.snapshot, log);
  const write = async () => {
    await writeReport(directory, report);
    await writePage();
  };
  return { report, directory, isRunning, write, writePage };
}
