import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { snapshotJsonText } from '../../metrics/snapshot-json.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { Report } from '../../report/report.ts';
import { exportEvents, isQuickExport } from '../reports/export-events.ts';
import { makeReport, writeReport } from '../reports/report-files.ts';
import { writeReportPage } from '../reports/report-page-file.ts';
import type { RunDirectory } from '../run-folder/run-directory.ts';
import type { RunHeader } from '../run-folder/run-header.ts';

export interface Concluded {
  readonly report: Report;
  /** Files that could not be written. */
  readonly failures: number;
}

export interface ConcludeOptions {
  readonly logBytes: number;
  /** The final snapshot was written elsewhere, for another program. */
  readonly isElsewhere: boolean;
  readonly log: Log;
}

/** Writes what a run leaves beside its log. A file that cannot be written is told, and costs its content only. */
export async function concludeAggregation(
  directory: RunDirectory,
  header: RunHeader,
  snapshot: MetricsSnapshot,
  { logBytes, isElsewhere, log }: ConcludeOptions,
): Promise<Concluded> {
  const report = makeReport({ source: 'final snapshot file', snapshot }, header, false);
  let failures = 0;
  const attempt = async (what: string, write: () => Promise<unknown>) => {
    try {
      await write();
    } catch (error) {
      failures += 1;
      log.error(`${what}: ${errorText(error)}`);
    }
  };
  if (isElsewhere)
    await attempt(directory.finalSnapshotPath, () =>
      writeFileAtomic(directory.finalSnapshotPath, snapshotJsonText(snapshot)),
    );
  await attempt('report', () => writeReport(directory, report));
  await attempt('report.html', () => writeReportPage(directory, report, snapshot, log));
  if (snapshot.state === 'complete' && isQuickExport(logBytes))
    await attempt(directory.eventsPath, () => exportEvents(directory, header, log));
  return { report, failures };
}
