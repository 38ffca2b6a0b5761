import { type Command, Option } from 'commander';
import type { RunFlags } from '../app/studies/run-flags.ts';
import { runCommand } from './run.ts';

/** Flags of `run` that are about one run alone: its place, how it is shown, and what every cell would do anew: write a file, or open a browser. */
const NOT_OF_STUDIES: ReadonlySet<string | undefined> = new Set([
  ...['--out', '--quiet', '--json-lines', '--help', '--strict', '--junit', '--summary-markdown'],
  ...['--open'],
]);

/** The flags of `run` that hold for every run of a study. */
function sharedOptions(): readonly Option[] {
  return runCommand(() => undefined).options.filter(({ long }) => !NOT_OF_STUDIES.has(long ?? undefined));
}

/** Gives a command the flags of `run`; its help names the command that tells them. */
export function addRunFlags(command: Command, isWanted: (flag: string) => boolean = () => true): Command {
  const own = new Set(command.options.map(({ long }) => long));
  for (const { flags, long, description } of sharedOptions()) {
    if (long === undefined || long === null || own.has(long) || !isWanted(long)) continue;
    const option = new Option(flags, description).hideHelp();
    if (option.required || option.optional) option.argParser(collected);
    command.addOption(option);
  }
  return command.addHelpText('after', '\nAll flags of run hold for each of its runs: inferometer run --help');
}

function collected(text: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), text];
}

/** Those that were given to such a command. */
export function givenRunFlags(command: Command): RunFlags {
  const values = command.opts<Record<string, readonly string[] | boolean | undefined>>();
  return Object.fromEntries(
    sharedOptions().flatMap((option) => {
      const value = values[option.attributeName()];
      // `--no-check` sets the value of `--check` to false.
      if (typeof value === 'boolean') return value === option.negate ? [] : [[option.long!, []]];
      return value === undefined || option.negate ? [] : [[option.long!, value]];
    }),
  );
}
