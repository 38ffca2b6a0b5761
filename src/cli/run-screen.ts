import type { ReadStream, WriteStream } from 'node:tty';
import type { RunScreen } from '../app/run/run-screen.ts';
import { createLog } from '../core/log.ts';
import { exactJson, reportToJson } from '../report/json.ts';
import { terminalSummary } from '../report/terminal-summary.ts';
import { DashboardProgress } from './dashboard-progress.ts';
import { JsonProgress } from './json-progress.ts';
import { PlainProgress, QuietProgress } from './plain-progress.ts';
import type { RunProgress } from './run-progress.ts';
import { canDraw, summaryOptions } from './terminal.ts';

export interface RunScreenOptions {
  /** No progress, only the result and what went wrong. */
  readonly quiet?: boolean | undefined;
  /** Progress and result as JSON lines instead of text. */
  readonly jsonLines?: boolean | undefined;
}

/** The three streams of a program. */
export interface Terminal {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
}

/**
 * Progress and notes on stderr, the result on stdout. On a terminal the progress is a dashboard; elsewhere a line every 10 s.
 */
export function createRunScreen(terminal: Terminal, options: RunScreenOptions = {}): RunScreen {
  const { stdout } = terminal;
  const { jsonLines = false } = options;
  const progress = progressOf(terminal, options);
  return {
    log: createLog((line, level) =>
      progress.note(level === 'info' ? line.replace(/^info: /, '') : line, level),
    ),
    isInteractive: terminal.stderr.isTTY,
    started: (runPath, controls) => progress.started(runPath, controls),
    phase: ({ name, kind }) =>
      progress.note(
        kind === 'performance'
          ? `measuring (${name})`
          : `${name === 'warmup' ? 'warming up' : name}, not measured`,
        'info',
      ),
    snapshot: (snapshot) => progress.show(snapshot),
    step: (text) => progress.note(`${text} …`, 'info'),
    finished: (report, runPath, reportFile) => {
      progress.close();
      if (jsonLines) {
        stdout.write(`${exactJson({ type: 'result', run_directory: runPath, ...reportToJson(report) })}\n`);
        return;
      }
      const lines = terminalSummary(report, summaryOptions(stdout));
      stdout.write(`${lines.join('\n')}\n\nreport: ${runPath}/${reportFile}\n`);
    },
    close: () => progress.close(),
  };
}

function progressOf({ stdin, stdout, stderr }: Terminal, options: RunScreenOptions): RunProgress {
  const { quiet = false, jsonLines = false } = options;
  if (jsonLines) return new JsonProgress(stdout, new QuietProgress(stderr));
  if (quiet) return new QuietProgress(stderr);
  return canDraw(stderr) ? new DashboardProgress(stderr, stdin) : new PlainProgress(stderr);
}
