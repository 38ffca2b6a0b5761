import { countedText, countText, durationText, numberText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { visibleLine } from '../core/visible-text.ts';
import { sloSoFarText, type SloVerdict } from '../rules/slo-verdict.ts';
import { isTerminal } from '../metrics/snapshot.ts';
import type { LiveConversations, LiveRow, LiveView } from './view-model.ts';

const SEPARATOR = '  ';

/** How a run stands in one line, for a log: `0:12  live  1,234 of 3,000 issued  34 in flight  …`. */
export function progressLine(view: LiveView, slos: readonly SloVerdict[] = []): string {
  return visibleLine([...segments(view), ...sloSegments(slos)].join(SEPARATOR));
}

/** What is told, most important first. */
function segments(view: LiveView): string[] {
  const { succeededPerSecond, outputTokensPerSecond, pendingTokenCounts, errored, cancelled, inFlight } =
    view;
  return [
    clockText(view.elapsedNs),
    stateText(view),
    issuedText(view),
    ...(view.conversations === null ? [] : [conversationsText(view.conversations, view.state)]),
    ...(inFlight === 0 ? [] : [`${countText(inFlight)} in flight`]),
    ...(errored === 0 ? [] : [`${countText(errored)} failed`]),
    ...(cancelled === 0 ? [] : [`${countText(cancelled)} cancelled`]),
    ...(succeededPerSecond === null ? [] : [`${numberText(succeededPerSecond)}/s`]),
    ...(outputTokensPerSecond === null ? [] : [`${numberText(outputTokensPerSecond)} tokens/s`]),
    ...(view.state === 'live' || pendingTokenCounts === 0
      ? []
      : [`${countedText(pendingTokenCounts, 'token count')} to go`]),
    ...percentileSegments(view.rows),
  ];
}

/** Those that don't keep their limit so far. */
function sloSegments(slos: readonly SloVerdict[]): string[] {
  const beyond = slos.filter(({ holds }) => holds === false).map(sloSoFarText);
  return slos.length === 0 || beyond.length > 0 ? beyond : ['SLOs kept so far'];
}

/** The state in a word a person would use. */
export function stateText({ state, warmingUp }: Pick<LiveView, 'state' | 'warmingUp'>): string {
  if (state === 'initialize') return 'starting';
  return state === 'live' && warmingUp ? 'warming up' : state;
}

/** `1,234 of 3,000 issued`, or without the plan's number when that is not known or not being followed yet. */
export function issuedText({ issued, plannedSamples, warmingUp }: LiveView): string {
  return plannedSamples === null || warmingUp
    ? `${countText(issued)} issued`
    : `${countText(issued)} of ${countText(plannedSamples)} issued`;
}

/** `12 conversations under way, 34 completed, 1 failed`. */
export function conversationsText(
  { completed, failed, underWay }: LiveConversations,
  state: LiveView['state'],
): string {
  const open = countedText(underWay, 'conversation');
  return (
    `${open} ${isTerminal(state) ? 'cut off' : 'under way'}, ${countText(completed)} completed` +
    (failed === 0 ? '' : `, ${countText(failed)} failed`)
  );
}

/** Time in whole seconds as on a clock: `0:07`, `12:34`, `1:02:03`. */
export function clockText(ns: number): string {
  const seconds = Math.max(0, Math.floor(ns / NS_PER_SECOND));
  const two = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function percentileSegments(rows: readonly LiveRow[]): string[] {
  return ['TTFT', 'Latency'].flatMap((wanted) =>
    rows
      .filter(({ label }) => label === wanted)
      .map(({ label, p50, p99 }) => `${label} p50 ${durationText(p50)} p99 ${durationText(p99)}`),
  );
}
