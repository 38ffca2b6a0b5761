import { type Command, Option } from 'commander';
import { SETTINGS } from '../config/flags.ts';
import { COMMAND_FACTORIES } from './command-factories.ts';
import { optionDescription } from './command-line.ts';
import { COMMANDS, type CommandName } from './commands.ts';

/** What completes behind a flag or a command: names of files, some words, or nothing that is known. */
export type Completes = 'file' | 'nothing' | readonly string[];

export interface FlagOutline {
  readonly long: string;
  readonly short: string | undefined;
  /** Its placeholder, such as `<n>`; empty for a flag without a value. */
  readonly argument: string;
  readonly help: string;
  readonly completes: Completes;
}

/** A command as completion and the manual tell it. */
export interface CommandOutline {
  /** With that of the command it is below: `dataset info`. */
  readonly name: string;
  readonly description: string;
  /** Placeholders of what stands behind it: `<run>`. */
  readonly arguments: readonly { readonly name: string; readonly help: string }[];
  readonly completes: Completes;
  readonly flags: readonly FlagOutline[];
  /** Names of the commands below it. */
  readonly below: readonly string[];
}

/** Every command and those below, loaded: what completion and the manual are made of. */
export async function commandOutlines(): Promise<readonly CommandOutline[]> {
  const names = Object.keys(COMMANDS) as CommandName[];
  const commands = await Promise.all(
    names.map(async (name) => (await COMMAND_FACTORIES[name]())(() => undefined)),
  );
  return commands.flatMap((command) => [
    outlineOf(command, command.name()),
    ...command.commands.map((below) => outlineOf(below, `${command.name()} ${below.name()}`)),
  ]);
}

function outlineOf(command: Command, name: string): CommandOutline {
  const words = wordsIn(command.registeredArguments[0]?.description ?? '');
  const below = command.commands.map((one) => one.name());
  return {
    name,
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => {
      const shown = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
      return { name: argument.variadic ? `${shown}…` : shown, help: argument.description };
    }),
    completes: words.length > 0 ? words : below.length > 0 ? below : 'file',
    flags: [
      ...command.options.filter(({ hidden }) => !hidden).map((option) => flagOf(option, name)),
      flagOf(new Option('-h, --help', 'display help for command'), name),
    ],
    below,
  };
}

/** The words that an argument may be, when its help is nothing else: `bash, zsh or fish`. */
function wordsIn(help: string): readonly string[] {
  return /^[\w-]+(?:(?:, | or )[\w-]+)+$/.test(help) ? help.split(/, | or /) : [];
}

function flagOf(option: Option, command: string): FlagOutline {
  const argument = /[<[].*/.exec(option.flags)?.[0] ?? '';
  return {
    long: option.long!,
    short: option.short,
    argument,
    help: optionDescription(option),
    completes: argument === '' ? 'nothing' : completesOf(option, argument, command),
  };
}

const OF_FILES = /file|dir|path|folder/;

function completesOf(option: Option, argument: string, command: string): Completes {
  if (option.argChoices !== undefined) return option.argChoices;
  const setting = command === 'serve-mock' ? undefined : SETTINGS.find(({ flag }) => flag === option.long);
  return setting?.completes ?? (OF_FILES.test(argument) ? 'file' : 'nothing');
}
