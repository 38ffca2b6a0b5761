import { styleText } from 'node:util';
import { countText, durationText, numberText, settingText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { clockText, issuedText, stateText } from './lines.ts';
import { progressBar, sparkLine } from './progress-bar.ts';
import type { LiveRow, LiveView } from './view-model.ts';

export interface WatchScreenOptions {
  /** Columns and rows of the terminal. */
  readonly width: number;
  readonly height: number;
  /** With ANSI colours. Default false. */
  readonly colour?: boolean;
}

/** To a screen of its own without a cursor, and back to what was there before. */
export const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
export const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';

/** What to write to a terminal to put `lines` in place of the whole screen, without flicker. */
export function redrawScreen(lines: readonly string[]): string {
  return `\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\n')}\u001b[J`;
}

type Style = Parameters<typeof styleText>[0];
type Line = readonly [text: string, style?: Style];

const BAR_WIDTH = 40;
const SHOWN_ERRORS = 5;
const STATE_STYLES: Readonly<Record<LiveView['state'], Style>> = {
  initialize: 'dim',
  live: 'green',
  draining: 'cyan',
  complete: ['bold', 'green'],
  interrupted: ['bold', 'red'],
};

/** How a run stands as lines that fill a terminal at most: state, progress, counts, rates, percentiles, errors. */
export function watchScreen(view: LiveView, options: WatchScreenOptions): string[] {
  const { width, height, colour = false } = options;
  const lines: readonly Line[] = [
    ...headLines(view),
    [''],
    ...countLines(view, width),
    ...tableLines(view.rows),
    ...errorLines(view),
  ];
  return lines.slice(0, height).map(([text, style]) => {
    const cut = clip(text, width);
    return colour && style !== undefined ? styleText(style, cut, { validateStream: false }) : cut;
  });
}

function headLines(view: LiveView): Line[] {
  const { state, runId, plannedSamples, issued, warmingUp, elapsedNs } = view;
  const name = runId === null ? 'inferometer' : `inferometer  run ${runId}`;
  const head: Line = [`${name}  ${stateText(view)}  ${clockText(elapsedNs)}`, STATE_STYLES[state]];
  if (plannedSamples === null || plannedSamples === 0 || warmingUp) return [head];
  const share = issued / plannedSamples;
  return [head, [`${progressBar(share, BAR_WIDTH)}  ${Math.floor(100 * share)} %`]];
}

function countLines(view: LiveView, width: number): Line[] {
  const { errored, cancelled, outputTokensPerSecond, pendingTokenCounts, heals, aggregatorRestarts } = view;
  const told: readonly (readonly [label: string, text: string, style?: Style])[] = [
    [
      'Samples',
      [
        issuedText(view),
        `${countText(view.succeeded)} succeeded`,
        `${countText(errored)} errored`,
        `${countText(cancelled)} cancelled`,
        `${countText(view.inFlight)} in flight`,
      ].join(', '),
      errored > 0 ? 'yellow' : undefined,
    ],
    ['Rate', rateText(view)],
    ['', sparkLine(view.endedPerSecondHistory, Math.max(0, width - 10))],
    ['Tokens', outputTokensPerSecond === null ? '' : `${numberText(outputTokensPerSecond)}/s out`],
    ['Pending', pendingTokenCounts === 0 ? '' : `${countText(pendingTokenCounts)} token counts`],
    ['Events', eventsText(heals, aggregatorRestarts), 'yellow'],
  ];
  return told
    .filter(([, text]) => text !== '')
    .map(([label, text, style]) => [`${label.padEnd(8)}  ${text}`, style]);
}

function rateText({ endedPerSecond, issuedPerSecond, requestedRatePerSecond }: LiveView): string {
  if (endedPerSecond === null || issuedPerSecond === null) return '';
  const asked =
    requestedRatePerSecond === null ? '' : ` (${settingText(requestedRatePerSecond)}/s asked for)`;
  return `${numberText(endedPerSecond)}/s ended, ${numberText(issuedPerSecond)}/s issued${asked}`;
}

function eventsText(heals: number, aggregatorRestarts: number): string {
  return [
    ...(heals === 0 ? [] : [`${countText(heals)} gaps healed from the run log`]),
    ...(aggregatorRestarts === 0 ? [] : [`aggregator restarted ${countText(aggregatorRestarts)}×`]),
  ].join(', ');
}

function tableLines(rows: readonly LiveRow[]): Line[] {
  if (rows.length === 0) return [];
  const cells = rows.map(({ label, unit, count, p50, p90, p99, max }) => {
    const show = unit === 'ns' ? durationText : countText;
    return [label, show(p50), show(p90), show(p99), show(max), countText(count)];
  });
  const [head, ...body] = alignColumns([['', 'p50', 'p90', 'p99', 'max', 'values'], ...cells]);
  return [[''], [head!, 'dim'], ...body.map((line): Line => [line])];
}

function errorLines({ errors }: LiveView): Line[] {
  if (errors.length === 0) return [];
  const shown = errors.slice(0, SHOWN_ERRORS);
  const counted = alignColumns(shown.map(({ type, count }) => [type, countText(count)]));
  return [
    [''],
    ['Errors by type:', 'dim'],
    ...shown.map(({ example }, i): Line => [
      `  ${counted[i]}  ${example.replace(/\s+/g, ' ')}`.trimEnd(),
      'yellow',
    ]),
  ];
}

function clip(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}
