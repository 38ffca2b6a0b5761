import { setDefaultResultOrder } from 'node:dns';
import { programVersion } from '../app/version.ts';
import { calibrateCommand } from './calibrate.ts';
import { createCommand, exitCodeOf } from './command-line.ts';
import { demoCommand } from './demo.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run.ts';
import { serveMockCommand } from './serve-mock.ts';
import { watchCommand } from './watch.ts';

/** Runs the program with its arguments; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  setDefaultResultOrder('verbatim');
  // A reader that has seen enough (`| head`) is no error, and no reason to end a run.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  let exitCode = 0;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = createCommand(
    'inferometer',
    'Load-tests LLM inference endpoints and proves its own numbers.',
    [
      'inferometer demo',
      'inferometer run --endpoint http://localhost:8000 --model my-model --dataset prompts.jsonl --rate 50 --duration 60s',
      'inferometer watch runs/20261124T110000Z-1a2b3c',
      'inferometer report runs/20261124T110000Z-1a2b3c',
    ],
  ).version(programVersion());
  for (const command of [
    runCommand,
    watchCommand,
    reportCommand,
    serveMockCommand,
    demoCommand,
    calibrateCommand,
  ]) {
    program.addCommand(command(finish));
  }
  return exitCodeOf(
    async () => {
      await program.parseAsync(argv);
      return exitCode;
    },
    (text) => process.stderr.write(`${text}\n`),
  );
}
