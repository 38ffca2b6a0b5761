import { setDefaultResultOrder } from 'node:dns';
import type { Command } from 'commander';
import { programVersion } from '../app/run-folder/version.ts';
import { createCommand, exitCodeOf } from './command-line.ts';
import { COMMANDS, type CommandName } from './commands.ts';
import { outliveOutput } from './output-streams.ts';

/** Makes a command that tells its exit code to `finish`. */
type CommandFactory = (finish: (exitCode: number) => void) => Command;

/** Only the command that is called is loaded: most of the time of a start is the loading of modules. */
const FACTORIES: Readonly<Record<CommandName, () => Promise<CommandFactory>>> = {
  run: async () => (await import('./run.ts')).runCommand,
  probe: async () => (await import('./probe.ts')).probeCommand,
  aggregate: async () => (await import('./aggregate.ts')).aggregateCommand,
  watch: async () => (await import('./watch.ts')).watchCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  compare: async () => (await import('./compare.ts')).compareCommand,
  plot: async () => (await import('./plot.ts')).plotCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  dataset: async () => (await import('./dataset.ts')).datasetCommand,
  'serve-mock': async () => (await import('./serve-mock.ts')).serveMockCommand,
  demo: async () => (await import('./demo.ts')).demoCommand,
  calibrate: async () => (await import('./calibrate.ts')).calibrateCommand,
};

/** Runs the program with its arguments; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  setDefaultResultOrder('verbatim');
  const checkOutput = outliveOutput(process);
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
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    // Also for `help NAME`; for the others a name and a line suffice.
    if (argv.includes(name)) program.addCommand((await FACTORIES[name]())(finish));
    else program.command(name).description(COMMANDS[name]);
  }
  return exitCodeOf(
    async () => {
      await program.parseAsync(argv);
      await checkOutput();
      return exitCode;
    },
    (text) => process.stderr.write(`${text}\n`),
  );
}
