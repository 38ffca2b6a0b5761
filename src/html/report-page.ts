import type { ChartRun } from '../charts/chart.ts';
import type { HistoryExtras } from '../core/run-history.ts';
import type { Fact } from '../report/own-text.ts';
import type { Report } from '../report/report.ts';
import { distributionSection, timeSection } from './drawings.ts';
import { markup, NOTHING } from './markup.ts';
import {
  configSection,
  errorSection,
  factsSection,
  headlineSection,
  methodSection,
  percentileSection,
  slowestSection,
  verdictSection,
} from './report-sections.ts';
import type { SvgPainter } from './svg-painter.ts';
import { wholePage } from './whole-page.ts';

export interface ReportPageInput {
  readonly report: Report;
  /** What the snapshot says beside the metrics; a run of an earlier version says less, and its page shows less. */
  readonly extras: HistoryExtras;
  /** Name of the run: that of its directory. */
  readonly name: string;
  /** The machine and the processes, where they are known. */
  readonly environment: readonly Fact[];
}

/** report.html: drawn from the final snapshot alone, so it is as large for a thousand samples as for a million. */
export function reportPage(
  { report, extras, name, environment }: ReportPageInput,
  paint: SvgPainter,
): string {
  const run: ChartRun = { name, ...extras, maxima: maximaOf(report) };
  const time = timeSection([run], paint);
  return wholePage({
    title: name,
    subtitle: subtitle(report),
    body: markup`${verdictSection(report.verdict)} ${headlineSection(report)} ${percentileSection(report)}
      ${distributionSection([run], paint)} ${time} ${slowestSection(extras)} ${errorSection(report)}
      ${methodSection(report)} ${configSection(report)}
      ${factsSection('environment', 'Environment', environment)}`,
    version: report.version,
    isInteractive: time !== NOTHING,
  });
}

function subtitle({ own, runConfig }: Report): string {
  const { model, endpoints } = (runConfig?.run ?? {}) as {
    readonly model?: unknown;
    readonly endpoints?: unknown;
  };
  const startedAt = own?.run.startedAt ?? null;
  const parts = [
    typeof model === 'string' ? model : '',
    Array.isArray(endpoints) ? endpoints.join(', ') : '',
    startedAt === null ? '' : `started ${startedAt}`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function maximaOf({ ttft, tpot, latency, own }: Report): { readonly [series: string]: number } {
  const series = {
    ttft_ns: ttft,
    tpot_ns: tpot,
    sample_latency_ns: latency,
    ...(own === null
      ? {}
      : {
          chunk_delta_ns: own.chunkGap,
          response_ttft_ns: own.responseTtft,
          response_latency_ns: own.responseLatency,
          issue_delay_ns: own.issueDelay,
        }),
  };
  return Object.fromEntries(
    Object.entries(series).flatMap(([name, one]) =>
      one.kind === 'values' && one.max !== null ? [[name, Number(one.max)] as const] : [],
    ),
  );
}
