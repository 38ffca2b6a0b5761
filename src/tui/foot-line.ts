import { countText } from '../core/quantity-text.ts';
import { isTerminal } from '../metrics/snapshot.ts';
import type { DashboardContent } from './content.ts';
import { clip, span, type Line } from './paint.ts';

/** What to press, or what is being asked. */
export function footLine(content: DashboardContent, width: number): Line {
  return clip(content.prompt === undefined ? keyLine(content) : promptLine(content, content.prompt), width);
}

function keyLine({ controls, page, update, isReplay }: DashboardContent): Line {
  if (page !== 'run') return keys([['any key', 'back']]);
  const view: readonly (readonly [string, string])[] = [
    ['tab', 'series'],
    ['v', 'verdict'],
    ['?', 'help'],
  ];
  if (controls === undefined) return keys([...view, ['q', isReplay ? 'leave' : 'leave; the run goes on']]);
  // The report is being written.
  if (update !== undefined && isTerminal(update.view.state)) return keys(view);
  const load = controls.ratePerSecond === null ? 'concurrency' : 'rate';
  return keys([
    ['p', controls.isPaused ? 'resume' : 'pause'],
    ...(controls.ratePerSecond === null && controls.concurrency === null ? [] : [['+/-/r', load] as const]),
    ['m', 'mark'],
    ['s', controls.isStopping ? 'cancel' : 'stop'],
    ...view,
  ]);
}

function keys(pairs: readonly (readonly [key: string, does: string])[]): Line {
  return pairs.flatMap(([key, does], i) => [
    span(`${i === 0 ? '' : '  '}${key}`, 'strong'),
    span(` ${does}`),
  ]);
}

function promptLine(
  { update, controls }: DashboardContent,
  prompt: NonNullable<DashboardContent['prompt']>,
): Line {
  const hint = span('   enter saves · esc leaves it', 'quiet');
  switch (prompt.kind) {
    case 'note':
      return [span('note: ', 'strong'), span(`${prompt.text}▏`), hint];
    case 'load': {
      const what = controls?.ratePerSecond === null ? 'concurrency: ' : 'arrivals a second: ';
      return [span(what, 'strong'), span(`${prompt.text}▏`), hint];
    }
    case 'confirm': {
      const inFlight = countText(update?.view.inFlight ?? 0);
      const question =
        prompt.what === 'stop'
          ? `stop issuing, drain the ${inFlight} in flight and report?`
          : `cancel the ${inFlight} in flight and report?`;
      return [
        span(question, 'warn'),
        span('  y', 'strong'),
        span(' yes'),
        span('  n', 'strong'),
        span(' no'),
      ];
    }
  }
}
