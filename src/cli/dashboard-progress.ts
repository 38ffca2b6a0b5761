import type { ReadStream, WriteStream } from 'node:tty';
import { LiveUpdates } from '../app/views/live-updates.ts';
import type { RunControls } from '../live/run-controls.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';
import type { Dashboard } from '../tui/open-dashboard.ts';
import type { RunProgress } from './run-progress.ts';
import { loadDashboard } from './terminal.ts';

/** Progress on a terminal: the dashboard from the run's start to its end. Notes show in it, and stay in the scroll-back behind it. */
export class DashboardProgress implements RunProgress {
  readonly #screen: WriteStream;
  readonly #keyboard: ReadStream;
  readonly #updates = new LiveUpdates();
  // It loads while the run gets ready.
  readonly #loading = loadDashboard();
  #dashboard: Dashboard | undefined;
  #kept: string[] = [];
  #isOpen = false;

  constructor(screen: WriteStream, keyboard: ReadStream) {
    this.#screen = screen;
    this.#keyboard = keyboard;
  }

  note(line: string): void {
    if (!this.#isOpen) {
      this.#screen.write(`${line}\n`);
      return;
    }
    this.#kept.push(line);
    this.#dashboard?.tell(line);
  }

  started(runPath: string, controls: RunControls | undefined): void {
    this.note(`run directory: ${runPath}`);
    this.#isOpen = true;
    void this.#loading.then(({ openDashboard }) => {
      if (!this.#isOpen) return;
      this.#dashboard = openDashboard({
        screen: this.#screen,
        keyboard: this.#keyboard,
        title: runPath,
        isReplay: false,
        controls,
        // As the terminal itself would, were it not told to hand Ctrl-C over as a key.
        onWish: (wish) => void (wish === 'interrupt' && process.kill(process.pid, 'SIGINT')),
      });
      this.#show();
    });
  }

  show(snapshot: MetricsSnapshot): void {
    this.#updates.update(snapshot);
    this.#show();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#dashboard?.close();
    for (const line of this.#kept) this.note(line);
    this.#kept = [];
  }

  #show(): void {
    const { latest } = this.#updates;
    if (latest !== undefined) this.#dashboard?.show(latest);
  }
}
