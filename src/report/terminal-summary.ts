import { styleText } from 'node:util';
import { countText, durationText, numberText } from '../core/quantity-text.ts';
import { hasTokens } from '../core/response-kind.ts';
import { conversationAccountText, conversationPaceText, turnTable } from './conversation-report.ts';
import { costFacts } from './cost-report.ts';
import { energyFacts } from './energy-report.ts';
import { goodputFacts } from './goodput-report.ts';
import { serverFacts } from './server-report.ts';
import { steadyLines } from './steady-text.ts';
import { untilFacts } from './until-report.ts';
import { groupLines } from './group-report.ts';
import { headlineTokenRate } from './headline-rate.ts';
import { audioReport, audioText } from './audio-report.ts';
import { itemReport, itemText } from './item-report.ts';
import { clientErrorText } from './error-bound-text.ts';
import {
  errorBoundsText,
  errorLines,
  findingLines,
  sampleAccountText,
  VERDICT_MEANINGS,
  type Fact,
} from './own-text.ts';
import { percentileTable, tableNotes } from './percentile-table.ts';
import { retryText } from './retry-facts.ts';
import { replayText } from './replay-facts.ts';
import type { Report } from './report.ts';
import { sloLines } from './slo-lines.ts';
import type { SeriesReport } from './series-report.ts';
import { askedRateText } from './steering-facts.ts';
import { drainText, rateText } from './throughput-text.ts';
import { visibleLine } from '../core/visible-text.ts';
import { wrapText } from '../core/wrap-text.ts';

export interface TerminalSummaryOptions {
  /** With ANSI colours. Default false. */
  readonly colour?: boolean;
  /** Columns of the terminal. Default 100. */
  readonly width?: number;
}

const VERDICT_COLOURS = { valid: 'green', degraded: 'yellow', invalid: 'red' } as const;
const SLO_COLOURS = { met: 'green', missed: 'red', undecided: 'yellow' } as const;
const SHOWN_ERRORS = 5;

/** What a person wants to see first when a run is over: verdict, counts, rates, percentiles, errors. Lines of text. */
export function terminalSummary(report: Report, options: TerminalSummaryOptions = {}): string[] {
  const { colour = false, width = 100 } = options;
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const { level } = report.verdict;
  const [tableHead, ...tableRows] = percentileTable(report);
  const [turnHead, ...turnLines] = turnTable(report.own?.conversations ?? null);
  return [
    `${paint(['bold', VERDICT_COLOURS[level]], level.toUpperCase())}: ${VERDICT_MEANINGS[level]}`,
    ...findingLines(report.verdict, width).map(visibleLine),
    '',
    ...(report.slos.length === 0
      ? []
      : [...sloLines(report.slos, width, (outcome, text) => paint(SLO_COLOURS[outcome], text)), '']),
    ...alignLabels(headlines(report), width).map(visibleLine),
    ...(tableHead === undefined
      ? []
      : ['', paint('dim', tableHead), ...tableRows, ...tableNotes(report, width)]),
    ...(turnHead === undefined ? [] : ['', paint('dim', turnHead), ...turnLines]),
    ...groupLines(report.own?.groups ?? [], width).map(visibleLine),
    ...steadyLines(report, width),
    ...errorBoundLines(report, width).map(visibleLine),
    ...topErrorLines(report, width).map(visibleLine),
  ];
}

/** What became of the samples, how long it took, and the rates. */
export function headlines(report: Report): readonly Fact[] {
  const { samples, durationNs, own } = report;
  const [items, audio] = [itemReport(report), audioReport(report)];
  const kind = own?.run.responseKind ?? 'text';
  const conversations = own?.conversations ?? null;
  const facts: readonly Fact[] = [
    ['Load', own?.run.replay ? replayText(own.run.replay, own.requestedRatePerSecond) : ''],
    ['Samples', sampleAccountText(samples)],
    ...untilFacts(own?.until ?? null),
    ...serverFacts(own?.servers ?? null, report.ttft),
    ...goodputFacts(own?.goodput ?? null),
    ...energyFacts(own?.energy ?? null),
    ...costFacts(own?.cost ?? null),
    ['Retries', own?.retries ? retryText(own.retries) : ''],
    ['Conversations', conversations === null ? '' : conversationAccountText(conversations)],
    [
      'Conversation pace',
      conversations === null ? '' : conversationPaceText(conversations, own?.requestedRatePerSecond ?? null),
    ],
    ['Duration', durationNs === null ? '' : `${durationText(Number(durationNs))}, to the last response`],
    ['Rate', rateFact(report)],
    ['Tokens', hasTokens(kind) ? tokensText(report) : ''],
    ['Items', items === null ? '' : itemText(items)],
    ['Audio', audio === null ? '' : audioText(audio)],
    ['Drain', own?.throughput ? drainText(own.throughput) : ''],
  ];
  return facts.filter(([, text]) => text !== '');
}

function rateFact(report: Report): string {
  const { qps, own } = report;
  const notes = rateNotes(report);
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  if (own?.throughput) return `${rateText(own.throughput)}${note}`;
  return qps === null ? '' : `${numberText(qps)} requests/s completed${note}`;
}

/** What you need to know about the rate: whether it includes failures, and the target. */
export function rateNotes({ samples, own }: Report): readonly string[] {
  const asked = own?.requestedRatePerSecond ?? null;
  return [
    ...(samples.errored === 0 || own?.throughput ? [] : ['including failures']),
    ...(asked === null || (own?.conversations ?? null) !== null
      ? []
      : [`target ${askedRateText(asked, own?.steering ?? null)}`]),
  ];
}

function tokensText(report: Report): string {
  const { inputSequenceLengths, outputSequenceLengths } = report;
  const tokensPerSecond = headlineTokenRate(report);
  const means = [...meanLength(inputSequenceLengths, 'in'), ...meanLength(outputSequenceLengths, 'out')];
  return [
    ...(tokensPerSecond === null ? [] : [`${numberText(tokensPerSecond)}/s out`]),
    ...(means.length === 0 ? [] : [`on average ${means.join(' and ')} a sample`]),
  ].join(', ');
}

function meanLength(lengths: SeriesReport, direction: string): string[] {
  if (lengths.kind === 'empty' || lengths.average === null) return [];
  return [`${numberText(lengths.average)} ${direction}`];
}

/** Label and text a line, wrapped to `width`. */
function alignLabels(facts: readonly Fact[], width: number): string[] {
  const labelWidth = Math.max(0, ...facts.map(([label]) => label.length));
  return facts.flatMap(([label, text]) => wrapText(`${label.padEnd(labelWidth)}  `, text, width));
}

function errorBoundLines({ own }: Report, width: number): string[] {
  const [error, bounds] = [own?.clientError ?? null, own?.errorBounds ?? null];
  return [
    ...(bounds === null ? [] : ['', ...wrapText('Client error: ', errorBoundsText(bounds), width)]),
    ...(error === null ? [] : ['', ...wrapText('Calibration: ', clientErrorText(error), width)]),
  ];
}

function topErrorLines({ own }: Report, width: number): string[] {
  const errors = own?.errorsByType ?? [];
  if (errors.length === 0) return [];
  const more = errors.length - SHOWN_ERRORS;
  return [
    '',
    'Errors by type:',
    ...errorLines(errors.slice(0, SHOWN_ERRORS), width),
    ...(more > 0 ? [`  and ${countText(more)} more in the report`] : []),
  ];
}
