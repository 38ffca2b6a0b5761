import { defaultCalibrationPath } from '../app/machine/calibration-file.ts';
import { rebuildReport } from '../app/reports/rebuild-report.ts';
import { exportColumns } from '../app/reports/sample-columns.ts';
import { readLogHeader } from '../app/run-folder/log-header.ts';
import { RunDirectory } from '../app/run-folder/run-directory.ts';
import { logReaderOf } from '../app/run-folder/run-log.ts';
import { resultSummaryText } from '../report/json.ts';
import { readSamples } from '../runlog/samples.ts';
import type { MessageListener } from './messages.ts';
import { logFor } from './parts/log-for.ts';
import type { RunReport, RunSample } from './results.ts';
import type { RunSettings } from './run-settings.ts';

export interface ReadOptions {
  /** Hears of what is damaged in the log. */
  readonly onMessage?: MessageListener;
}

/** A run folder, read. */
export interface RecordedRun {
  readonly path: string;
  readonly runId: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Secrets redacted. */
  readonly settings: RunSettings;
  readonly report: RunReport;
}

/**
 * Reads a run folder, also of a run that was killed, or a report directory of MLCommons endpoints. The report is made anew from the run log, as
 * `inferometer report` does: a pass over the log, and a second one for a run with a steady state. Writes nothing.
 * Throws `InferometerError` when there is no run at `path`.
 */
export async function readRun(path: string, { onMessage }: ReadOptions = {}): Promise<RecordedRun> {
  const { header, report } = await rebuildReport(path, logFor(onMessage), {
    calibrationPath: defaultCalibrationPath(process.env),
  });
  return {
    path,
    runId: header.run_id,
    startedAt: header.started_at,
    settings: header.config,
    report: JSON.parse(resultSummaryText(report)) as RunReport,
  };
}

/** The samples of a run; close it when done. */
export interface RunLog {
  readonly count: number;
  /** Every sample in the order of issue; may be called again. */
  samples(): IterableIterator<RunSample>;
  close(): void;
}

/**
 * Opens a run folder to read its samples one by one, in bounded memory: beyond two million samples a file without a name takes 150 bytes a sample
 * meanwhile. What is damaged in the log is left out. Throws `InferometerError` when there is no run at `path`.
 */
export async function openRunLog(path: string, { onMessage }: ReadOptions = {}): Promise<RunLog> {
  const directory = RunDirectory.open(path);
  directory.requireEvents('read');
  const header = await readLogHeader(directory);
  const stored = await readSamples(logReaderOf(directory, logFor(onMessage)));
  const columns = exportColumns(stored, header);
  function* samples(): Generator<RunSample, void, undefined> {
    for (const piece of stored.chunks()) {
      for (let i = 0; i < piece.count; i++)
        yield Object.fromEntries(columns.map(({ name, at }) => [name, finite(at(piece, i))])) as RunSample;
    }
  }
  return { count: stored.count, samples, close: () => stored.close() };
}

/** What never came is NaN in the columns. */
function finite<T>(value: T): T | null {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}
