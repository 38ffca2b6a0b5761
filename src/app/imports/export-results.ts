import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { type Log, SILENT_LOG } from '../../core/log.ts';
import { unwritableOutput } from '../../core/unwritable-output.ts';
import {
  RESULT_WRITERS,
  type ResultWriter,
  type ResultWriterName,
} from '../../other-tools/results/write-results.ts';
import { judgeRun, type JudgedRun, tellVerdict } from '../reports/judge-run.ts';
import { refuseRunLog, RunDirectory } from '../run-folder/run-directory.ts';
import { logReaderOf } from '../run-folder/run-log.ts';
import { REPORT_EXPORTS, type ReportExportName } from './report-exports.ts';
import { readRequests } from './read-requests.ts';

/** What a run can be written as, besides its samples and events. */
export const EXPORT_NAMES: readonly ExportName[] = [
  ...(Object.keys(RESULT_WRITERS) as ResultWriterName[]),
  ...(Object.keys(REPORT_EXPORTS) as ReportExportName[]),
];
export type ExportName = ResultWriterName | ReportExportName;

export interface ExportResultsOptions {
  readonly as: ExportName;
  /** Default: the name that the tool gives the file, in the run directory. */
  readonly outPath?: string | undefined;
  readonly log: Log;
}

/**
 * Writes the measured requests of a run as a result file of another tool, or its report in a format of others. Holds the requests in memory. Throws
 * `InferometerError` (input) when there is no run at `path`, it is too large, or the file can't be written.
 */
export async function exportResults(
  path: string,
  { as, outPath, log }: ExportResultsOptions,
): Promise<{ readonly path: string; readonly samples: number }> {
  const directory = RunDirectory.open(path);
  const writesReport = isReportExport(as);
  if (!writesReport) directory.requireEvents('export');
  const { fileName } = writesReport ? REPORT_EXPORTS[as] : RESULT_WRITERS[as];
  const target = outPath ?? join(dirname(directory.samplesPath('csv')), fileName);
  refuseRunLog(target);
  const run = await judgeRun(directory, 'export', log);
  tellVerdict(path, run.report, log);
  const { text, samples } = writesReport
    ? { text: await REPORT_EXPORTS[as].write(run), samples: Number(run.report.samples.issued) }
    : await requestsAs(RESULT_WRITERS[as], directory, run);
  try {
    if (outPath === undefined) await directory.makeOutputFolder();
    await writeFileAtomic(target, text);
  } catch (error) {
    throw unwritableOutput(target, 'file', error);
  }
  return { path: target, samples };
}

function isReportExport(name: ExportName): name is ReportExportName {
  return name in REPORT_EXPORTS;
}

async function requestsAs(
  writer: ResultWriter,
  directory: RunDirectory,
  { header }: JudgedRun,
): Promise<{ readonly text: string; readonly samples: number }> {
  const samples = await readRequests(logReaderOf(directory, SILENT_LOG));
  const { model } = header.config;
  const originNs = samples.reduce((first, { sentNs }) => Math.min(first, sentNs), Infinity);
  const text = writer.write({
    loadGenerator: 'inferometer',
    startedAt: header.started_at,
    ...(typeof model === 'string' ? { model } : {}),
    samples: samples.toSorted((a, b) => a.sentNs - b.sentNs),
    durationNs:
      samples.length === 0 ? 0 : samples.reduce((last, { endNs }) => Math.max(last, endNs), 0) - originNs,
    ...(header.requested_rate_per_second === null
      ? {}
      : { requestedRatePerSecond: header.requested_rate_per_second }),
    missing: [],
    notes: [],
  });
  return { text, samples: samples.length };
}
