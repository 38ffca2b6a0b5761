import type { ReadStream, WriteStream } from 'node:tty';
import { render } from 'ink';
import { createElement } from 'react';
import type { LiveUpdate } from '../live/live-update.ts';
import type { RunControls } from '../live/run-controls.ts';
import { DashboardApp } from './dashboard-app.ts';
import { colourDepth } from './paint.ts';
import { DashboardStore } from './store.ts';

export interface DashboardOptions {
  /** The terminal it is drawn on and the one keys come from. */
  readonly screen: WriteStream;
  readonly keyboard: ReadStream;
  /** Which run this is: its directory or address. */
  readonly title: string;
  /** The run is over, and played again from its log. */
  readonly isReplay: boolean;
  /** Undefined to watch only. */
  readonly controls: RunControls | undefined;
  /** `interrupt` is Ctrl-C, which is a key like any other while the dashboard is open; `leave` is wished for when only watching. */
  readonly onWish: (wish: 'leave' | 'interrupt') => void;
}

export interface Dashboard {
  /** The numbers to show from now on. */
  show(update: LiveUpdate): void;
  /** A line to show for a while, or until the next one. */
  tell(message: string): void;
  /** Gives the terminal back as it was. Idempotent. */
  close(): void;
}

/** Typed text shows at once; numbers come less often, see {@link DashboardStore}. */
const MAX_FRAMES_PER_SECOND = 15;

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Opens the dashboard on a screen of its own. A redraw takes 7 ms of CPU at 80×24 and 14 ms at 200×50. */
export function openDashboard(options: DashboardOptions): Dashboard {
  const { screen, keyboard, title, isReplay, controls, onWish } = options;
  giveSize(screen);
  // A terminal that was closed gives no keys any more; the program learns of it by a signal.
  keyboard.on('error', () => undefined);
  const store = new DashboardStore();
  const app = createElement(DashboardApp, {
    ...{ store, title, isReplay, controls, onWish },
    depth: colourDepth(screen.getColorDepth()),
    hasKeys: keyboard.isTTY,
  });
  const { unmount } = render(app, {
    stdout: screen,
    stdin: keyboard,
    stderr: screen,
    // A terminal is one even where CI is set.
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: MAX_FRAMES_PER_SECOND,
  });
  return {
    show: (update) => store.show(update),
    tell: (message) => store.tell(message),
    close: () => {
      store.close();
      unmount();
    },
  };
}

/** A terminal that does not know its size says 0 columns; then it is taken to be one of the usual size. */
function giveSize(screen: WriteStream): void {
  if (screen.columns > 0 && screen.rows > 0) return;
  screen.columns = DEFAULT_COLUMNS;
  screen.rows = DEFAULT_ROWS;
}
