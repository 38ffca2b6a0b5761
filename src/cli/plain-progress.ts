import type { Writable } from 'node:stream';
import { LiveUpdates } from '../app/views/live-updates.ts';
import type { LogLevel } from '../core/log.ts';
import { progressLine } from '../live/lines.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';
import type { RunProgress } from './run-progress.ts';

/** Between two lines of progress. */
const INTERVAL_MS = 10_000;

/** Progress where no screen can be drawn, as in a log: a line every 10 s. */
export class PlainProgress implements RunProgress {
  readonly #stream: Writable;
  readonly #updates = new LiveUpdates();
  #nextMs = performance.now() + INTERVAL_MS;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  note(line: string): void {
    this.#stream.write(`${line}\n`);
  }

  started(runPath: string): void {
    this.note(`run directory: ${runPath}`);
  }

  show(snapshot: MetricsSnapshot): void {
    this.#updates.update(snapshot);
    const nowMs = performance.now();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + INTERVAL_MS;
    const { view, verdict } = this.#updates.latest!;
    this.note(progressLine(view, verdict?.slos));
  }

  close(): void {
    // What was written stays.
  }
}

/** No progress, only what went wrong. */
export class QuietProgress implements RunProgress {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  note(line: string, level: LogLevel): void {
    if (level === 'warning' || level === 'error') this.#stream.write(`${line}\n`);
  }

  started(): void {
    // Nothing went wrong yet.
  }

  show(): void {
    // Nor is this.
  }

  close(): void {
    // Nothing to take off.
  }
}
