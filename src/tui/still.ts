import type { LiveUpdate } from '../live/live-update.ts';
import type { ScreenSize } from './content.ts';
import { dashboardLines } from './dashboard.ts';
import { paint, type ColourDepth } from './paint.ts';
import { selectableSeries } from './panels.ts';

/** The dashboard as lines that stay, without keys to press. */
export function stillLines(
  update: LiveUpdate,
  title: string,
  size: ScreenSize,
  depth: ColourDepth,
): string[] {
  const content = {
    ...{ title, isReplay: false, update, controls: undefined, prompt: undefined, message: undefined },
    page: 'run' as const,
    selected: selectableSeries(update)[0] ?? 'ttft_ns',
  };
  return dashboardLines(content, size)
    .slice(0, -1)
    .map((line) => paint(line, depth));
}
