import { createHash } from 'node:crypto';
import type { ChartRun } from '../charts/chart.ts';
import type { HistoryExtras } from '../core/run-history.ts';
import type { Fact } from '../report/own-text.ts';
import type { Report } from '../report/report.ts';
import { distributionSection, timeSection } from './drawings.ts';
import { markup, NOTHING, trusted } from './markup.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_CSS } from './page-style.ts';
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

export interface ReportPageInput {
  readonly report: Report;
  /** What the snapshot says beside the metrics; a run of an earlier version says less, and its page shows less. */
  readonly extras: HistoryExtras;
  /** Name of the run: that of its directory. */
  readonly name: string;
  /** The machine and the processes, where they are known. */
  readonly environment: readonly Fact[];
}

/**
 * report.html: one file that needs nothing else and asks nobody for anything; its content security policy forbids it to. Drawn from the
 * final snapshot alone, so it is as large for a thousand samples as for a million. Every text that is not ours is escaped.
 */
export function reportPage(
  { report, extras, name, environment }: ReportPageInput,
  paint: SvgPainter,
): string {
  const run: ChartRun = { name, ...extras, maxima: maximaOf(report) };
  const time = timeSection(run, paint);
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy(PAGE_SCRIPT)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${name} – Inferometer report</title>
        <style>${trusted(PAGE_CSS)}</style>
      </head>
      <body>
        <header>
          <h1>${name}</h1>
          <p class="muted">${subtitle(report)}</p>
        </header>
        <main>
          ${verdictSection(report.verdict)} ${headlineSection(report)} ${percentileSection(report)}
          ${distributionSection(run, paint)} ${time} ${slowestSection(extras)} ${errorSection(report)}
          ${methodSection(report)} ${configSection(report)}
          ${factsSection('environment', 'Environment', environment)}
        </main>
        <footer class="muted">
          Inferometer ${report.version}. This file needs no network and asks for none.
        </footer>
        ${time === NOTHING ? NOTHING : markup`<script>${trusted(PAGE_SCRIPT)}</script>`}
      </body>
    </html> `;
  return page.markup;
}

/** Nothing may be loaded or sent; of scripts only ours runs. */
function policy(script: string): string {
  const digest = createHash('sha256').update(script, 'utf8').digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
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
