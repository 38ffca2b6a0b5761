import { type Command, Option } from 'commander';
import type { Setting } from '../config/flags.ts';

/** The texts given on the command line for each of some settings, in order. */
export function settingTexts(
  command: Command,
  settings: readonly Setting[],
): ReadonlyMap<string, readonly string[]> {
  const values = command.opts<Record<string, readonly string[] | boolean | undefined>>();
  return new Map(
    settings.flatMap(({ flag }) => {
      const option = new Option(flag);
      const given = values[option.attributeName()];
      // `--no-check` sets the value of `--check` to false.
      if (typeof given === 'boolean') return given === option.negate ? [] : [[flag, ['on']]];
      return given === undefined || option.negate ? [] : [[flag, given]];
    }),
  );
}
