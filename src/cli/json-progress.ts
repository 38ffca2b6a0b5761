import type { Writable } from 'node:stream';
import { LiveUpdates } from '../app/views/live-updates.ts';
import { progressJson } from '../live/json-lines.ts';
import { isTerminal, type MetricsSnapshot } from '../metrics/snapshot.ts';
import type { RunProgress } from './run-progress.ts';
import type { LogLevel } from '../core/log.ts';

const INTERVAL_MS = 1000;

/** Progress for machines: an object a line and second on `lines`; notes are for people, on `notes`. */
export class JsonProgress implements RunProgress {
  readonly #lines: Writable;
  readonly #notes: RunProgress;
  readonly #updates = new LiveUpdates();
  #nextMs = 0;

  constructor(lines: Writable, notes: RunProgress) {
    this.#lines = lines;
    this.#notes = notes;
  }

  note(line: string, level: LogLevel): void {
    this.#notes.note(line, level);
  }

  started(runPath: string): void {
    this.#lines.write(`${JSON.stringify({ type: 'started', run_directory: runPath })}\n`);
  }

  show(snapshot: MetricsSnapshot): void {
    this.#updates.update(snapshot);
    const nowMs = performance.now();
    if (nowMs < this.#nextMs || isTerminal(snapshot.state)) return;
    this.#nextMs = nowMs + INTERVAL_MS;
    this.#lines.write(`${JSON.stringify(progressJson(this.#updates.latest!))}\n`);
  }

  close(): void {
    // What was written stays.
  }
}
