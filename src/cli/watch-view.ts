import type { ReadStream, WriteStream } from 'node:tty';
import { LiveUpdates } from '../app/views/live-updates.ts';
import { visibleLine } from '../core/visible-text.ts';
import { progressLine } from '../live/lines.ts';
import { isTerminal, type MetricsSnapshot } from '../metrics/snapshot.ts';
import type { Dashboard } from '../tui/open-dashboard.ts';
import { colourDepth } from '../tui/paint.ts';
import { stillLines } from '../tui/still.ts';
import { loadDashboard } from './terminal.ts';

/** Where a run that is watched shows itself. */
export interface WatchView {
  show(snapshot: MetricsSnapshot): void;
  /** A line worth reading. */
  note(line: string): void;
  close(): void;
}

/** Without a terminal: time between two lines. */
const PLAIN_INTERVAL_MS = 1000;

/** A line a second, for a log or a pipe, and at the end what makes the run invalid, if anything does. */
export class PlainWatch implements WatchView {
  readonly #output: WriteStream;
  readonly #notes: WriteStream;
  readonly #updates = new LiveUpdates();
  #nextMs = 0;

  constructor(output: WriteStream, notes: WriteStream) {
    this.#output = output;
    this.#notes = notes;
  }

  show(snapshot: MetricsSnapshot): void {
    const { view } = this.#updates.update(snapshot);
    if (performance.now() < this.#nextMs && !isTerminal(view.state)) return;
    this.#nextMs = performance.now() + PLAIN_INTERVAL_MS;
    this.#output.write(`${progressLine(view)}\n`);
    const verdict = this.#updates.latest?.verdict;
    if (isTerminal(view.state) && verdict?.level === 'invalid')
      this.note(visibleLine(`warning: the run is INVALID: ${verdict.findings[0]!.message}`));
  }

  note(line: string): void {
    this.#notes.write(`${line}\n`);
  }

  close(): void {
    // What was written stays.
  }
}

/** The dashboard without the keys that steer; what was last seen stays in the scroll-back. */
export class DashboardWatch implements WatchView {
  readonly #screen: WriteStream;
  readonly #title: string;
  readonly #updates = new LiveUpdates();
  readonly #dashboard: Dashboard;
  readonly #kept: string[] = [];

  private constructor(screen: WriteStream, title: string, dashboard: Dashboard) {
    this.#screen = screen;
    this.#title = title;
    this.#dashboard = dashboard;
  }

  static async open(
    screen: WriteStream,
    keyboard: ReadStream,
    { title, isReplay }: { readonly title: string; readonly isReplay: boolean },
    leave: () => void,
  ): Promise<DashboardWatch> {
    const { openDashboard } = await loadDashboard();
    const dashboard = openDashboard({
      screen,
      keyboard,
      title,
      isReplay,
      controls: undefined,
      onWish: leave,
    });
    return new DashboardWatch(screen, title, dashboard);
  }

  show(snapshot: MetricsSnapshot): void {
    this.#updates.update(snapshot);
    this.#dashboard.show(this.#updates.latest!);
  }

  note(line: string): void {
    this.#kept.push(line);
    this.#dashboard.tell(line);
  }

  close(): void {
    this.#dashboard.close();
    const { latest } = this.#updates;
    if (latest !== undefined) {
      const { columns, rows } = this.#screen;
      const size = { width: columns, height: rows - 1 };
      const lines = stillLines(latest, this.#title, size, colourDepth(this.#screen.getColorDepth()));
      this.#screen.write(`${lines.join('\n').trimEnd()}\n`);
    }
    for (const line of this.#kept) this.#screen.write(`${line}\n`);
  }
}
