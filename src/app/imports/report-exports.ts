import { benchmarkReport } from '../../report/benchmark-report.ts';
import { junitXml } from '../../report/junit.ts';
import { MetricsExport } from '../../web/exported-metrics.ts';
import { otlpMetricsJson } from '../../web/otlp-json.ts';
import type { JudgedRun } from '../reports/judge-run.ts';
import { programVersion } from '../run-folder/version.ts';

/** Writes what a run comes to, without its requests, in a format of others. A new one is one entry of `REPORT_EXPORTS`. */
export interface ReportExport {
  readonly fileName: string;
  readonly write: (run: JudgedRun) => string | Promise<string>;
}

export const REPORT_EXPORTS = {
  'benchmark-report': { fileName: 'benchmark_report_v0.2.yaml', write: benchmarkReportYaml },
  otlp: { fileName: 'otlp-metrics.json', write: otlpJson },
  junit: { fileName: 'junit.xml', write: ({ report }) => junitXml(report, false) },
} as const satisfies Readonly<Record<string, ReportExport>>;
export type ReportExportName = keyof typeof REPORT_EXPORTS;

async function benchmarkReportYaml({ header, report }: JudgedRun): Promise<string> {
  const { stringify } = await import('yaml');
  const { run_id: runId, started_at: startedAt, config, version } = header;
  return stringify(benchmarkReport(report, { runId, startedAt, config, version }), {
    aliasDuplicateObjects: false,
  });
}

/** One `ExportMetricsServiceRequest`, as the file exporter of the OpenTelemetry Collector writes them: a line of JSON. */
function otlpJson({ header, snapshot, report }: JudgedRun): string {
  const metrics = new MetricsExport();
  metrics.update(snapshot, report.verdict);
  // Some files that are imported don't tell when they were made.
  const startedMs = Date.parse(header.started_at);
  const startUnixNs = Number.isNaN(startedMs) ? 0n : BigInt(startedMs) * 1_000_000n;
  const document = otlpMetricsJson(metrics.families(programVersion()), {
    ...{ version: programVersion(), startUnixNs },
    nowUnixNs: startUnixNs + BigInt(Math.round(Number(report.durationNs ?? 0))),
  });
  return `${JSON.stringify(document)}\n`;
}
