import type { RunHistory } from '../core/run-history.ts';
import type { GoodputFacts } from '../core/goodput.ts';
import { countedText, countText, numberText, percentText, settingText } from '../core/quantity-text.ts';
import type { LiveUpdate } from '../live/live-update.ts';
import type { ControlState } from '../live/run-controls.ts';
import type { LiveConversations, LiveView } from '../live/view-model.ts';
import { isTerminal } from '../metrics/snapshot.ts';
import { sparkLine } from './bars.ts';
import { clip, fit, inOneLine, lineWidth, span, type Line } from './paint.ts';
import { ratesOverTime } from './run-series.ts';

/** Columns of the words before the spark lines, which stand below each other on the whole screen. */
export const WORDS_WIDTH = 63;
const LABEL_WIDTH = 11;
/** With the longest label, which only some runs have. */
const WIDE_LABEL_WIDTH = 15;
const FEWEST_SPARKS = 8;

/** Rates, samples, in flight, tokens, failures: a line each, with how it went over time. */
export function countLines(
  { view, history }: LiveUpdate,
  controls: ControlState | undefined,
  width: number,
): Line[] {
  const rates = (count: 'succeeded' | 'issued' | 'output_tokens') =>
    history === undefined ? [] : ratesOverTime(history, count);
  const told: readonly (readonly [label: string, words: Line, sparks: readonly number[], how?: 'max'])[] = [
    ['Rate', rateWords(view, controls), history === undefined ? view.endedPerSecondHistory : rates('issued')],
    ['Samples', sampleWords(view), rates('succeeded')],
    ...(view.conversations === null
      ? []
      : [['Conversations', conversationWords(view.conversations, view, controls), []] as const]),
    ['In flight', inFlightWords(view, controls), inFlightOverTime(history), 'max'],
    ['Tokens', tokenWords(view), rates('output_tokens')],
    ...(view.goodput === null ? [] : [['Good', goodWords(view.goodput), []] as const]),
  ];
  const labelWidth = view.conversations === null ? LABEL_WIDTH : WIDE_LABEL_WIDTH;
  return [
    ...told.map(([label, words, sparks, how]) =>
      withSparks([span(label.padEnd(labelWidth), 'quiet'), ...words], sparks, width, how),
    ),
    ...trouble(view).map(([label, text]) =>
      clip([span(label.padEnd(labelWidth), 'quiet'), span(text, 'warn')], width),
    ),
  ];
}

/** Words and, where there is room behind them, a spark line. */
export function withSparks(
  words: Line,
  values: readonly (number | null)[],
  width: number,
  how: 'mean' | 'max' = 'mean',
): Line {
  const room = width - WORDS_WIDTH;
  if (room < FEWEST_SPARKS || values.length === 0 || lineWidth(words) >= WORDS_WIDTH)
    return clip(words, width);
  return [...fit(words, WORDS_WIDTH), span(sparkLine(values, room, how), 'chart')];
}

function rateWords(
  { issuedPerSecond, succeededPerSecond, ...view }: LiveView,
  controls?: ControlState,
): Line {
  const asked = controls?.ratePerSecond ?? view.requestedRatePerSecond;
  const isOfRequests = view.conversations === null;
  return [
    ...(asked === null || !isOfRequests
      ? []
      : [span(`${settingText(round3(asked))}/s ${view.replaysTrace ? 'on average' : 'asked'}, `)]),
    span(issuedPerSecond === null ? '…' : `${numberText(issuedPerSecond)}/s issued`, 'strong'),
    span(succeededPerSecond === null ? '' : `, ${numberText(succeededPerSecond)}/s succeeded`),
  ];
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}

function sampleWords({ issued, succeeded, errored, cancelled, warmingUp }: LiveView): Line {
  return [
    span(`${countText(issued)} issued${warmingUp ? ' (warm-up)' : ''}, `),
    span(`${countText(succeeded)} succeeded`, 'strong'),
    span(errored === 0 ? '' : ', '),
    span(errored === 0 ? '' : `${countText(errored)} failed`, 'bad'),
    span(cancelled === 0 ? '' : `, ${countText(cancelled)} cancelled`),
  ];
}

function inFlightWords(view: LiveView, controls?: ControlState): Line {
  return [
    span(countText(view.inFlight), 'strong'),
    span(view.conversations === null ? requestedText(view, controls) : ''),
  ];
}

/** Nobody asks for any when issuing is over. */
function requestedText(
  { requestedConcurrency, state }: Pick<LiveView, 'requestedConcurrency' | 'state'>,
  controls?: ControlState,
): string {
  const asked = state === 'live' ? (controls?.concurrency ?? requestedConcurrency) : null;
  return asked === null ? '' : ` of ${countText(asked)} requested`;
}

/** The load is of conversations: its rate and concurrency stand with them. */
function conversationWords(
  { completed, failed, underWay }: LiveConversations,
  view: LiveView,
  controls?: ControlState,
): Line {
  const rate = controls?.ratePerSecond ?? view.requestedRatePerSecond;
  return [
    span(`${countText(underWay)} ${isTerminal(view.state) ? 'cut off' : 'under way'}`, 'strong'),
    span(requestedText(view, controls)),
    span(rate === null || view.state !== 'live' ? '' : ` at ${settingText(round3(rate))}/s`),
    span(`, ${countText(completed)} completed`),
    span(failed === 0 ? '' : `, ${countText(failed)} failed`, 'bad'),
  ];
}

function inFlightOverTime(history: RunHistory | undefined): readonly number[] {
  return history?.in_flight_max ?? [];
}

function tokenWords({ outputTokensPerSecond, pendingTokenCounts, state }: LiveView): Line {
  const pending =
    state === 'live' || pendingTokenCounts === 0 ? '' : `, ${countedText(pendingTokenCounts, 'count')} to go`;
  return outputTokensPerSecond === null
    ? [span(`–${pending}`)]
    : [span(`${numberText(outputTokensPerSecond)}/s out`, 'strong'), span(pending)];
}

function goodWords({ ended, good, good_per_second: perSecond, rule }: GoodputFacts): Line {
  if (ended === 0) return [span('–')];
  return [
    span(percentText(good / ended), 'strong'),
    span(perSecond === null ? '' : `, ${numberText(perSecond)}/s`),
    span(` (${inOneLine(rule)})`, 'quiet'),
  ];
}

/** What went wrong, by type: with the samples, and on the way of their events. */
function trouble({
  errors,
  heals,
  aggregatorRestarts,
}: LiveView): (readonly [label: string, text: string])[] {
  const failed = errors.map(({ type, count }) => `${inOneLine(type)} ${countText(count)}`).join(', ');
  const events = [
    ...(heals === 0 ? [] : [`${countedText(heals, 'gap')} healed from the run log`]),
    ...(aggregatorRestarts === 0 ? [] : [`aggregator restarted ${countText(aggregatorRestarts)}×`]),
  ].join(', ');
  return [
    ...(failed === '' ? [] : [['Failed', failed] as const]),
    ...(events === '' ? [] : [['Events', events] as const]),
  ];
}
