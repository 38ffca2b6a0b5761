import { countText } from '../core/quantity-text.ts';
import { clockText, stateText } from '../live/lines.ts';
import type { LiveView } from '../live/view-model.ts';
import { progressBar } from './bars.ts';
import type { DashboardContent } from './content.ts';
import { lineWidth, span, spread, textWidth, type Line, type Tone } from './paint.ts';

/** Which run, how it stands, since when and how much longer. */
export function titleLine(content: DashboardContent, width: number): Line {
  const view = content.update?.view;
  const name = span('inferometer', 'strong');
  if (view === undefined) return [name, span(`  ${content.title}  `, 'quiet'), span('○ waiting for the run')];
  const { symbol, text, tone } = standing(
    view,
    content.controls?.isPaused ?? view.isPaused,
    content.isReplay,
  );
  const times = [
    `${clockText(view.elapsedNs)} elapsed`,
    ...(view.remainingNs === null ? [] : [`${clockText(view.remainingNs)} to go`]),
  ].join(' · ');
  const state = span(`${symbol} ${text}`, tone);
  const run = span(`${content.title}  `, 'quiet');
  // Where there is no room for everything, the time is worth more than the run's name, and that more than ours.
  const lefts: readonly Line[] = [
    [name, span('  '), run, state],
    [run, state],
  ];
  const room = width - 2 - textWidth(times);
  const left = lefts.find((line) => lineWidth(line) <= room) ?? [
    ...shortened(content.title, room - lineWidth([state])),
    state,
  ];
  return spread(left, [span(times)], width);
}

/** What is left of a name that cannot be told in full: its end, which tells a path from its neighbours. Less says nothing. */
const SHORTEST_NAME = 12;

function shortened(title: string, width: number): Line {
  const letters = [...title].slice(-(width - 3)).join('');
  return width < SHORTEST_NAME ? [] : [span(`…${letters}  `, 'quiet')];
}

/** A symbol and a word a person would use, so that no one needs the colour. */
function standing(
  view: LiveView,
  isPaused: boolean,
  isReplay: boolean,
): { readonly symbol: string; readonly text: string; readonly tone: Tone } {
  const { state } = view;
  if (state === 'complete') return { symbol: '✓', text: 'complete', tone: 'good' };
  if (state === 'interrupted') return { symbol: '✗', text: 'interrupted', tone: 'bad' };
  if (state === 'live' && isPaused) return { symbol: '‖', text: 'PAUSED', tone: 'warn' };
  if (state === 'live' && view.isStopping) return { symbol: '■', text: 'stopping', tone: 'warn' };
  if (state !== 'live') return { symbol: '○', text: stateText(view), tone: 'chart' };
  if (view.warmingUp || view.phase === null || view.issued === 0)
    return { symbol: '●', text: stateText(view), tone: 'chart' };
  return { symbol: '●', text: `${isReplay ? 'replay' : 'live'} · ${view.phase}`, tone: 'good' };
}

/** How much of the plan is done, as a bar; undefined where nobody can tell. */
export function progressLine(
  { planShare, plannedSamples, issued }: LiveView,
  width: number,
): Line | undefined {
  if (planShare === null) return undefined;
  const text = [
    `${Math.floor(planShare * 100)} %`.padStart(5),
    ...(plannedSamples === null ? [] : [`${countText(issued)} of ${countText(plannedSamples)} issued`]),
  ].join('  ');
  return [span(progressBar(planShare, Math.max(1, width - textWidth(text) - 2)), 'chart'), span(`  ${text}`)];
}
