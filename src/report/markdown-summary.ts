import { visibleLine } from '../core/visible-text.ts';
import { sloFigureText } from '../rules/slo-verdict.ts';
import { outcomeText } from './slo-lines.ts';
import { VERDICT_MEANINGS } from './own-text.ts';
import { timeSeries, timeText } from './percentile-table.ts';
import type { Report } from './report.ts';
import { percentileOf } from './series-report.ts';
import { headlines } from './terminal-summary.ts';

const PERCENTILES = [50, 90, 99];

/** A run in short as Markdown, such as for the job summary of a GitHub workflow: verdict, SLOs, headlines, percentiles. */
export function markdownSummary(report: Report): string {
  const { verdict, slos, own } = report;
  const runId = own?.run.runId ?? null;
  const title = runId === null ? 'Load test' : `Load test ${runId}`;
  const findings = verdict.findings.map(({ level, message }) => `- ${level}: ${safe(message)}`);
  return [
    `## ${safe(title)}`,
    `**${verdict.level.toUpperCase()}**: ${safe(VERDICT_MEANINGS[verdict.level])}`,
    ...(findings.length === 0 ? [] : [findings.join('\n')]),
    ...tableOf(
      ['SLO', 'outcome', 'measured', 'why'],
      slos.map((slo) => [slo.slo, outcomeText(slo.outcome), sloFigureText(slo), slo.reason ?? '']),
    ),
    headlines(report)
      .map(([label, text]) => `- ${safe(label)}: ${safe(text)}`)
      .join('\n'),
    ...tableOf(
      ['', ...PERCENTILES.map((p) => `p${p}`), 'max'],
      timeSeries(report).map(([label, series]) => [
        label,
        ...PERCENTILES.map((p) => timeText(percentileOf(series, p))),
        timeText(series.max),
      ]),
    ),
    '',
  ].join('\n\n');
}

function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.map(safe).join(' | ')} |`;
  return [[line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)].join('\n')];
}

/** What a server said can be neither markup nor a row of its own. */
function safe(text: string): string {
  return visibleLine(text)
    .replace(/[\\`*_[\]|#!]/g, String.raw`\$&`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
}
