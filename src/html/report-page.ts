import type { ChartRun } from '../charts/chart.ts';
import type { ConversationLane } from '../core/conversation-lanes.ts';
import type { SlowSample } from '../core/run-history.ts';
import type { Fact } from '../report/own-text.ts';
import type { Report } from '../report/report.ts';
import { distributionSection, timeSection } from './drawings.ts';
import { laneSection } from './conversation-lanes.ts';
import { markup, NOTHING } from './markup.ts';
import {
  configSection,
  errorSection,
  factsSection,
  groupSections,
  headlineSection,
  methodSection,
  percentileSection,
  turnSection,
  sloSection,
  slowestSection,
  steadySection,
  verdictSection,
} from './report-sections.ts';
import type { SvgPainter } from './svg-painter.ts';
import { wholePage } from './whole-page.ts';

export interface ReportPageInput {
  readonly report: Report;
  /** What is drawn, named by the directory of the run; a run of an earlier version has less, and its page shows less. */
  readonly run: ChartRun;
  readonly slowestSamples: readonly SlowSample[];
  /** None for single requests. */
  readonly conversationLanes: readonly ConversationLane[];
  /** The machine and the processes, where they are known. */
  readonly environment: readonly Fact[];
}

/** report.html: drawn from the final snapshot alone, so it is as large for a thousand samples as for a million. */
export function reportPage(
  { report, run, slowestSamples, conversationLanes, environment }: ReportPageInput,
  paint: SvgPainter,
): string {
  const { steadyState: steady } = report;
  const time = timeSection([steady?.isFound === true ? { ...run, steady } : run], paint);
  return wholePage({
    title: run.name,
    subtitle: subtitle(report),
    body: markup`${verdictSection(report.verdict)}${sloSection(report)} ${headlineSection(report)} ${percentileSection(report)}${turnSection(report)}${groupSections(report)}${steadySection(report)} ${laneSection(conversationLanes, run.history?.start_ns)} ${errorSection(report)}
      ${time} ${distributionSection([run], paint)} ${slowestSection(slowestSamples, run.history)}
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
