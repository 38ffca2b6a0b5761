import type { WriteStream } from 'node:tty';
import type { RunScreen } from '../app/run-screen.ts';
import { createLog } from '../core/log.ts';
import { progressLine, rewriteLine, statusLine } from '../live/lines.ts';
import { LiveViewModel } from '../live/view-model.ts';
import { terminalSummary } from '../report/terminal-summary.ts';

/** Without a terminal: time between two lines of progress. */
const PLAIN_INTERVAL_MS = 10_000;

/**
 * Progress and notes on `progress`, the result on `result`. On a terminal the progress is one line that is written over;
 * elsewhere a line every 10 s.
 */
export function createRunScreen(progress: WriteStream, result: WriteStream): RunScreen {
  const status = progress.isTTY ? new RewrittenLine(progress) : new PlainLines(progress);
  const model = new LiveViewModel();
  return {
    log: createLog((line, level) => status.note(level === 'info' ? line.replace(/^info: /, '') : line)),
    started: (runPath) => status.note(`run directory: ${runPath}`),
    phase: ({ name, kind }) =>
      status.note(kind === 'warmup' ? 'warming up, not measured' : `measuring (${name})`),
    snapshot: (snapshot) => {
      const view = model.update(snapshot);
      status.show((width) => (width === undefined ? progressLine(view) : statusLine(view, width)));
    },
    step: (text) => status.note(`${text} …`),
    finished: (report, runPath) => {
      status.clear();
      const lines = terminalSummary(report, {
        colour: useColour(result),
        ...(result.isTTY ? { width: result.columns } : {}),
      });
      result.write(`${lines.join('\n')}\n\nreport: ${runPath}/report.txt\n`);
    },
    close: () => status.clear(),
  };
}

/** Colour where a person looks: on a terminal, unless NO_COLOR says no (https://no-color.org). */
export function useColour(stream: WriteStream): boolean {
  return stream.isTTY && (process.env.NO_COLOR ?? '') === '' && stream.hasColors();
}

interface Status {
  /** A line that stays. */
  note(line: string): void;
  /** The progress now, in at most `width` columns, or in full without a width. */
  show(line: (width: number | undefined) => string): void;
  clear(): void;
}

class RewrittenLine implements Status {
  readonly #stream: WriteStream;
  #shown = '';

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  note(line: string): void {
    this.#stream.write(`${rewriteLine(line)}\n${this.#shown}`);
  }

  show(line: (width: number) => string): void {
    // One column is left free: a full line would scroll some terminals.
    this.#shown = line(this.#stream.columns - 1);
    this.#stream.write(rewriteLine(this.#shown));
  }

  clear(): void {
    if (this.#shown !== '') this.#stream.write(rewriteLine(''));
    this.#shown = '';
  }
}

class PlainLines implements Status {
  readonly #stream: WriteStream;
  #nextMs = performance.now() + PLAIN_INTERVAL_MS;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  note(line: string): void {
    this.#stream.write(`${line}\n`);
  }

  show(line: (width: undefined) => string): void {
    const nowMs = performance.now();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + PLAIN_INTERVAL_MS;
    this.note(line(undefined));
  }

  clear(): void {
    // What was written stays.
  }
}
