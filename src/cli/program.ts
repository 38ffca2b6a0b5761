import { setDefaultResultOrder } from 'node:dns';
import { programVersion } from '../app/run-folder/version.ts';
import { closestName } from '../core/closest-name.ts';
import { InferometerError } from '../core/errors.ts';
import { visibleText } from '../core/visible-text.ts';
import { createCommand, exitCodeOf } from './command-line.ts';
import { COMMAND_FACTORIES } from './command-factories.ts';
import { COMMANDS, type CommandName } from './commands.ts';
import { familiarFlagHints } from './familiar-flags.ts';
import { outliveOutput } from './output-streams.ts';

/** What people type for the version, beside --version and -V. */
const VERSION_WORDS: readonly string[] = ['version', '-v'];

/** Runs the program with its arguments; resolves to the exit code. */
export async function main(given: readonly string[]): Promise<number> {
  const argv = VERSION_WORDS.includes(given[2] ?? '')
    ? [...given.slice(0, 2), '--version', ...given.slice(3)]
    : given;
  setDefaultResultOrder('verbatim');
  const checkOutput = outliveOutput(process);
  let exitCode = 0;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = createCommand(
    'inferometer',
    'Load tests for LLM inference endpoints, with evidence that the numbers are right.',
    [
      'inferometer demo',
      'inferometer run --endpoint http://localhost:8000 --model my-model --dataset prompts.jsonl --rate 50 --duration 60s',
      'inferometer watch runs/20261124T110000Z-1a2b3c',
      'inferometer report runs/20261124T110000Z-1a2b3c',
    ],
  ).version(programVersion());
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    // Also for `help NAME`; for the others a name and a line suffice.
    if (argv.includes(name)) program.addCommand((await COMMAND_FACTORIES[name]())(finish));
    else program.command(name).description(COMMANDS[name]);
  }
  return exitCodeOf(
    async () => {
      refuseHelpForNothing(argv);
      await program.parseAsync(argv).catch(async (error: unknown) => {
        const hints = await familiarFlagHints(error, program, argv);
        for (const hint of hints) process.stderr.write(`${visibleText(hint)}\n`);
        throw error;
      });
      await checkOutput();
      return exitCode;
    },
    (text) => process.stderr.write(`${text}\n`),
  );
}

/** `help` of a command that does not exist would be that of the program. */
function refuseHelpForNothing([, , help, name = 'help']: readonly string[]): void {
  const names = [...Object.keys(COMMANDS), 'help'];
  if (help !== 'help' || name.startsWith('-') || names.includes(name)) return;
  const meant = closestName(name, names);
  throw new InferometerError(
    'INFEROMETER_CLI_COMMAND',
    'input',
    `help ${name}: there is no command '${name}'${meant === undefined ? '' : `; did you mean ${meant}?`} (inferometer --help lists all)`,
  );
}
