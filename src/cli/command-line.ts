import { Command, CommanderError, Option } from 'commander';
import { errorText, EXIT_CODES, InferometerError } from '../core/errors.ts';
import { visibleText } from '../core/visible-text.ts';
import { choiceOf } from './flag-values.ts';

/** A command that answers `--help` with its examples and throws instead of exiting. */
export function createCommand(name: string, description: string, examples: readonly string[]): Command {
  const shown = examples.map((example) => `  $ ${example}`).join('\n');
  return new Command(name)
    .description(description)
    .exitOverride()
    .configureHelp({ optionDescription })
    .showHelpAfterError(`(${name === 'inferometer' ? name : `inferometer ${name}`} --help shows all)`)
    .addHelpText('after', `\nExamples:\n${shown}`);
}

/** What a flag does, what may be given and what holds without it, as all texts of help say it. */
export function optionDescription({ description, argChoices, defaultValue }: Option): string {
  const facts = [
    ...(argChoices === undefined ? [] : [`${argChoices.slice(0, -1).join(', ')} or ${argChoices.at(-1)}`]),
    ...(defaultValue === undefined ? [] : [`default ${String(defaultValue)}`]),
  ];
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`.trim();
}

/** A flag that takes one of some words; another is refused as every flag refuses. */
export function choiceOption<T extends string>(
  flags: string,
  help: string,
  choices: readonly T[],
  defaultChoice: T,
): Option {
  const option = new Option(flags, help).choices(choices).default(defaultChoice);
  return option.argParser((text) => choiceOf(option.long!, text, choices));
}

/** Adds a flag whose texts are all kept, in the order given. */
export function addRepeatable(command: Command, flags: string, help: string): Command {
  const collect = (text: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), text];
  return command.addOption(new Option(flags, help).argParser(collect));
}

/**
 * Runs `main` and turns its outcome into an exit code: what it returns, or that of the error it throws after printing
 * one message. Errors that are no fault of the user or the set-up keep their stack.
 */
export async function exitCodeOf(
  main: () => Promise<number>,
  printError: (text: string) => void,
): Promise<number> {
  try {
    return await main();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.input;
    if (error instanceof InferometerError) {
      printError(`error: ${visibleText(error.message)}`);
      return EXIT_CODES[error.kind];
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : errorText(error);
    printError(`error: ${visibleText(text)}`);
    return EXIT_CODES.internal;
  }
}
