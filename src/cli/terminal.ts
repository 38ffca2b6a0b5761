import { readFileSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import type { TerminalSummaryOptions } from '../report/terminal-summary.ts';

/** Colour where a person looks: on a terminal, unless NO_COLOR says no (https://no-color.org). */
export function useColour(stream: WriteStream): boolean {
  return stream.isTTY && (process.env.NO_COLOR ?? '') === '' && stream.hasColors();
}

/** How a summary is printed there. A terminal that does not know its width says 0. */
export function summaryOptions(stream: WriteStream): TerminalSummaryOptions {
  return {
    colour: useColour(stream),
    ...(stream.isTTY && stream.columns > 0 ? { width: stream.columns } : {}),
  };
}

/** Whether a screenful can be drawn on it: a terminal that can place its cursor, and is not another program's at the moment. */
export function canDraw(stream: WriteStream): boolean {
  return stream.isTTY && process.env.TERM !== 'dumb' && isInForeground();
}

/**
 * A process in the background (`inferometer run … &`) is stopped by the kernel when it takes keys. Known on Linux only; elsewhere
 * it is taken to be in the foreground.
 */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // Behind the name in parentheses, which may hold anything: state, parent, group, session, terminal, its foreground group.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return true;
  }
}

/** The dashboard, loaded only for a terminal: it brings React along. */
export async function loadDashboard() {
  // React's other build checks and records every redraw.
  process.env.NODE_ENV ??= 'production';
  return import('../tui/open-dashboard.ts');
}
