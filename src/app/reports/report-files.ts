import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { snapshotJsonText, toJson } from '../../metrics/snapshot-json.ts';
import type { Json, MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { CalibratedCell } from '../../report/error-bound.ts';
import { resultSummaryText } from '../../report/json.ts';
import { reportFromSnapshot, type Report } from '../../report/report.ts';
import type { Slo } from '../../rules/slo.ts';
import type { SteadyState } from '../../report/steady-state.ts';
import { reportText } from '../../report/text.ts';
import type { SourcedSnapshot } from './report-source.ts';
import type { RunDirectory } from '../run-folder/run-directory.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { programGitSha, programVersion } from '../run-folder/version.ts';

/** What a report may tell beyond its snapshot. */
export interface ReportExtras {
  /** The report then tells of the client's own error. */
  readonly calibration?: readonly CalibratedCell[] | undefined;
  /** To judge the run by, in place of those it was started with. */
  readonly slos?: readonly Slo[] | undefined;
  readonly steadyState?: SteadyState | undefined;
  /** Of the servers; default: what the run was started with. */
  readonly pricePerHour?: number | undefined;
}

/** The report of a run from its snapshot and from what it was asked to do. */
export function makeReport(
  sourced: SourcedSnapshot,
  header: RunHeader,
  stoppedEarly: boolean,
  { calibration, slos, steadyState, pricePerHour = priceOf(header) }: ReportExtras = {},
): Report {
  const { requested_rate_per_second: rate, config } = header;
  return reportFromSnapshot(toJson(sourced.snapshot), {
    version: programVersion(),
    gitSha: programGitSha(),
    source: sourced.source,
    useLegacyLoadgenQpsMetrics: header.published_by?.legacy_qps ?? false,
    stoppedEarly,
    runConfig: configSections(config),
    outputLimit: header.output_limit ?? null,
    skippedRows: header.skipped_rows ?? 0,
    echoRows: header.echo_rows ?? 0,
    ...(calibration === undefined ? {} : { calibration, connectsOtherwise: connectsOtherwise(config) }),
    ...(slos === undefined ? {} : { slos }),
    ...(steadyState === undefined ? {} : { steadyState }),
    ...(pricePerHour === undefined ? {} : { pricePerHour }),
    ...(rate === null ? {} : { requestedRatePerSecond: rate }),
  });
}

function priceOf({ config }: RunHeader): number | undefined {
  const { price_per_hour: price } = config;
  return typeof price === 'number' && price > 0 ? price : undefined;
}

/** Otherwise than calibrate does, whose bounds then don't hold. */
function connectsOtherwise({ endpoints, client }: RunHeader['config']): boolean {
  const hasTls = Array.isArray(endpoints) && endpoints.some((url) => /^https:/i.test(String(url)));
  const { http, connections, requests_per_connection: limit, proxies } = (client ?? {}) as ConnectionConfig;
  return hasTls || http === 2 || connections === 'new' || limit !== undefined || proxies !== undefined;
}

interface ConnectionConfig {
  readonly http?: Json;
  readonly connections?: Json;
  readonly requests_per_connection?: Json;
  readonly proxies?: Json;
}

/** The run log says that its plan was cut short: for a run whose process did not live to tell. */
export function toldToStop({ extras }: MetricsSnapshot): boolean {
  return (extras?.run as { readonly stopped_early?: boolean } | undefined)?.stopped_early === true;
}

/** Puts the snapshot the report was drawn from in the place of the final one, when the aggregator left none. */
export async function keepFinalSnapshot(directory: RunDirectory, sourced: SourcedSnapshot): Promise<void> {
  if (existsSync(directory.finalSnapshotPath) || sourced.source === 'latest live snapshot') return;
  await directory.makeFolder(directory.metricsPath);
  await writeFileAtomic(directory.finalSnapshotPath, snapshotJsonText(sourced.snapshot));
}

/** Writes performance/result_summary.json and report.txt; makes the folder when only the log was copied here. */
export async function writeReport(directory: RunDirectory, report: Report): Promise<void> {
  await directory.makeFolder(directory.performancePath);
  await writeFileAtomic(directory.resultPath, resultSummaryText(report));
  await writeFileAtomic(directory.reportPath, reportText(report));
}

/** The settings as the report shows them, a section a line: what stands alone in the configuration makes the first one. */
function configSections(config: RunHeader['config']): { readonly [section: string]: Json } {
  const isSection = (value: Json) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = Object.entries(config);
  return {
    run: Object.fromEntries(entries.filter(([, value]) => !isSection(value))),
    ...Object.fromEntries(
      entries.filter(([, value]) => isSection(value) && Object.keys(value as object).length > 0),
    ),
  };
}
