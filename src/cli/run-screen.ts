import type { WriteStream } from 'node:tty';
import type { RunScreen } from '../app/run-screen.ts';
import { createLog } from '../core/log.ts';
import { terminalSummary } from '../report/terminal-summary.ts';

/** Progress on `progress`, the result on `result`. */
export function createRunScreen(progress: WriteStream, result: WriteStream): RunScreen {
  return {
    log: createLog((line) => progress.write(`${line}\n`)),
    started: (runPath) => progress.write(`run directory: ${runPath}\n`),
    phase: (plan) => progress.write(`phase ${plan.name}\n`),
    snapshot: (snapshot) => progress.write(`snapshot ${snapshot.counter} ${snapshot.state}\n`),
    step: (text) => progress.write(`${text} …\n`),
    finished: (report) => result.write(`${terminalSummary(report).join('\n')}\n`),
    close: () => undefined,
  };
}
