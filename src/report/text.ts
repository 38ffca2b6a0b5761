import { NOT_AVAILABLE } from '../core/quantity-text.ts';
import { outputLengthOf, outputLengthText } from './output-length.ts';
import { hasTokens } from '../core/response-kind.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { Json } from '../metrics/snapshot.ts';
import { accuracyLines } from './accuracy-text.ts';
import { turnTable } from './conversation-report.ts';
import { costFacts } from './cost-report.ts';
import { energyFacts } from './energy-report.ts';
import { goodputFacts } from './goodput-report.ts';
import { serverFacts } from './server-report.ts';
import { steadyLines } from './steady-text.ts';
import { untilFacts } from './until-report.ts';
import { groupLines } from './group-report.ts';
import { fixedHalfEven } from './half-even.ts';
import { findingLines, ownFactLines, VERDICT_MEANINGS } from './own-text.ts';
import { percentileTableWithIntervals } from './percentile-table.ts';
import { audioReport, audioText } from './audio-report.ts';
import { itemReport, itemText } from './item-report.ts';
import { pythonText } from './python-text.ts';
import type { OwnReport, Report } from './report.ts';
import { sloLines } from './slo-lines.ts';
import { MILLISECONDS, seriesLines, TOKENS } from './series-text.ts';
import type { Verdict } from './verdict.ts';
import { visibleLine } from '../core/visible-text.ts';
import { wrapText } from '../core/wrap-text.ts';

/** Of a terminal as it opens, and of what a mail program shows. */
const WIDTH = 80;

/** Whatever cut it off: a signal that could be obeyed would have let the run come to its end. */
const CUT_OFF_WARNING =
  'WARNING: the run log does not hold the end of the run: it was cut off, or still goes on — metrics below are of what was recorded.';
const INTERRUPTED_WARNING =
  'WARNING: run was interrupted (SIGTERM/SIGINT) — metrics below are best-effort partial data.';
const INCOMPLETE_WARNING =
  'WARNING: report is incomplete (drain timed out or no final snapshot received) — some async metrics may be missing.';

/** Below stands the throughput over the measured window. */
const REFERENCE_NOTE = ' (reference definition, includes ramp-up and drain)';

/** The content of report.txt. */
export function reportText(report: Report): string {
  return `${displayLines(report).join('\n')}\n`;
}

/**
 * The whole report, for the eye. For a snapshot of another aggregator these are the reference's lines to the letter, some
 * beginning with a line break; for ours the verdict stands before them, and our facts and series behind what they add to.
 */
export function displayLines(report: Report): string[] {
  return visibleLines([
    ...openingLines(report),
    '\n------------------- Latency Breakdowns -------------------',
    ...seriesLines('TTFT', report.ttft, MILLISECONDS),
    ...seriesLines('TPOT', report.tpot, MILLISECONDS),
    ...seriesLines('Latency', report.latency, MILLISECONDS),
    ...seriesLines('Input sequence lengths', report.inputSequenceLengths, TOKENS),
    ...seriesLines('Output sequence lengths', report.outputSequenceLengths, TOKENS),
    ...(report.own === null ? [] : ownSeriesLines(report.own)),
    '----------------- End of Report -----------------',
  ]);
}

/** What a log says can neither move the cursor nor begin a line of its own; a line break of ours is at the begin of a line. */
function visibleLines(lines: readonly string[]): string[] {
  return lines.map((line) => (line.startsWith('\n') ? `\n${visibleLine(line.slice(1))}` : visibleLine(line)));
}

/** The report without the distributions. */
export function summaryLines(report: Report): string[] {
  return visibleLines([...openingLines(report), '----------------- End of Summary -----------------']);
}

function openingLines(report: Report): string[] {
  const { own, verdict } = report;
  const [items, audio] = [itemReport(report), audioReport(report)];
  const outputLength = outputLengthOf(report);
  const table = own === null ? [] : percentileTableWithIntervals(report, WIDTH);
  const turns = turnTable(own?.conversations ?? null);
  return [
    ...(own === null ? [] : verdictLines(verdict)),
    ...(report.slos.length === 0 ? [] : [...sloLines(report.slos, WIDTH), '']),
    '----------------- Summary -----------------',
    ...warningLines(report),
    `Version: ${report.version}`,
    ...(report.gitSha === null ? [] : [`Git SHA: ${report.gitSha}`]),
    ...(report.runConfig === null ? [] : runConfigLines(report.runConfig, own === null ? Infinity : WIDTH)),
    `Total samples issued: ${report.samplesIssued}`,
    `Total samples completed: ${report.samplesCompleted}`,
    `Total samples failed: ${report.samplesFailed}`,
    report.durationNs === null
      ? `Duration: ${NOT_AVAILABLE}`
      : `Duration: ${twoDecimals(Number(report.durationNs) / NS_PER_SECOND)} seconds`,
    `QPS: ${twoDecimals(report.qps)}${own?.throughput ? REFERENCE_NOTE : ''}`,
    ...(own === null || hasTokens(own.run.responseKind)
      ? [`TPS: ${twoDecimals(report.tps)}${own?.throughput ? REFERENCE_NOTE : ''}`]
      : []),
    ...accuracyLines(report.accuracy ?? []),
    ...(own === null ? [] : ['', ...ownFactLines(own, report.samples, WIDTH)]),
    ...(outputLength === null ? [] : wrapText('Output length: ', outputLengthText(outputLength), WIDTH)),
    ...[
      ...serverFacts(own?.servers ?? null, report.ttft),
      ...untilFacts(own?.until ?? null),
      ...goodputFacts(own?.goodput ?? null),
      ...energyFacts(own?.energy ?? null),
      ...costFacts(own?.cost ?? null),
    ].flatMap(([label, text]) => wrapText(`${label}: `, text, WIDTH)),
    ...(items === null ? [] : wrapText('Items: ', itemText(items), WIDTH)),
    ...(audio === null ? [] : wrapText('Audio: ', audioText(audio), WIDTH)),
    ...(table.length === 0 ? [] : ['', ...table]),
    ...(turns.length === 0 ? [] : ['', ...turns]),
    ...groupLines(own?.groups ?? [], WIDTH),
    ...steadyLines(report, WIDTH),
  ];
}

function verdictLines(verdict: Verdict): string[] {
  const { level } = verdict;
  return [
    '----------------- Verdict -----------------',
    `${level.toUpperCase()}: ${VERDICT_MEANINGS[level]}`,
    ...findingLines(verdict, WIDTH),
    '',
  ];
}

function warningLines({ state, complete, own }: Report): string[] {
  if (state === 'interrupted') return [own === null ? INTERRUPTED_WARNING : CUT_OFF_WARNING];
  return complete ? [] : [INCOMPLETE_WARNING];
}

function runConfigLines(runConfig: { readonly [section: string]: Json }, width: number): string[] {
  const sections = Object.entries(runConfig);
  if (sections.length === 0) return [];
  return [
    'Run config:',
    ...sections.flatMap(([name, value]) => wrapText(`  ${name}: `, sectionText(value), width)),
  ];
}

function sectionText(value: Json): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return pythonText(value);
  return Object.entries(value)
    .map(([key, item]) => `${key}=${pythonText(item)}`)
    .join(', ');
}

function ownSeriesLines(own: OwnReport): string[] {
  // Where all text is content, its TTFT is the one already told.
  const hasChannels = own.ttftReasoning.kind === 'values' || own.ttftTool.kind === 'values';
  return [
    ...seriesLines('Response TTFT (from due)', own.responseTtft, MILLISECONDS),
    ...seriesLines('Response latency (from due)', own.responseLatency, MILLISECONDS),
    ...seriesLines('Issue delay (due to issued)', own.issueDelay, MILLISECONDS),
    ...seriesLines('Chunk gap', own.chunkGap, MILLISECONDS),
    ...(hasChannels ? seriesLines('TTFT of content', own.ttftContent, MILLISECONDS) : []),
    ...seriesLines('TTFT of reasoning', own.ttftReasoning, MILLISECONDS),
    ...seriesLines('TTFT of tool calls', own.ttftTool, MILLISECONDS),
  ];
}

function twoDecimals(value: number | null): string {
  return value === null ? NOT_AVAILABLE : fixedHalfEven(value, 2);
}
