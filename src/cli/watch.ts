import type { Command } from 'commander';
import { watchRun } from '../app/watch-run.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { progressLine } from '../live/lines.ts';
import { LiveViewModel, type LiveView } from '../live/view-model.ts';
import { ENTER_SCREEN, LEAVE_SCREEN, redrawScreen, watchScreen } from '../live/watch-screen.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { useColour } from './run-screen.ts';

/** Without a terminal: time between two lines. */
const PLAIN_INTERVAL_MS = 1000;

export function watchCommand(finish: (exitCode: number) => void): Command {
  return createCommand('watch', COMMANDS.watch, [
    'inferometer watch runs/20261124T110000Z-1a2b3c',
    'inferometer watch runs/20261124T110000Z-1a2b3c | tee progress.txt     # a line a second',
  ])
    .argument('<run>', 'run directory')
    .action(async (path: string) => finish(await watch(path)));
}

async function watch(path: string): Promise<number> {
  const { stdout, stderr } = process;
  const leaving = new AbortController();
  process.once('SIGINT', () => leaving.abort());
  process.once('SIGTERM', () => leaving.abort());
  const model = new LiveViewModel();
  let view: LiveView | undefined;
  let nextLineMs = 0;
  const screen = (shown: LiveView) =>
    watchScreen(shown, { width: stdout.columns, height: stdout.rows, colour: useColour(stdout) });
  const draw = () => {
    if (view !== undefined) stdout.write(redrawScreen(screen(view)));
  };
  if (stdout.isTTY) {
    stdout.write(ENTER_SCREEN);
    stdout.on('resize', draw);
  }
  try {
    const end = await watchRun(path, {
      onSnapshot: (snapshot) => {
        view = model.update(snapshot);
        if (stdout.isTTY) draw();
        else if (performance.now() >= nextLineMs || view.state !== 'live') {
          nextLineMs = performance.now() + PLAIN_INTERVAL_MS;
          stdout.write(`${progressLine(view)}\n`);
        }
      },
      log: createLog((line) => stderr.write(`${line}\n`), 'warning'),
      signal: leaving.signal,
    });
    if (stdout.isTTY) stdout.write(LEAVE_SCREEN);
    // What was last seen stays in the scroll-back.
    if (stdout.isTTY && view !== undefined) stdout.write(`${screen(view).join('\n').trimEnd()}\n`);
    if (end === 'gone')
      stderr.write(`the run is gone without a final snapshot; its log tells: inferometer report ${path}\n`);
    return EXIT_CODES.ok;
  } catch (error) {
    if (stdout.isTTY) stdout.write(LEAVE_SCREEN);
    throw error;
  }
}
