import { type Command, Option } from 'commander';
import type { Setting } from '../config/flags.ts';

/** The texts given on the command line for each of some settings, in order. */
export function settingTexts(
  command: Command,
  settings: readonly Setting[],
): ReadonlyMap<string, readonly string[]> {
  const values = command.opts<Record<string, readonly string[] | true | undefined>>();
  return new Map(
    settings.flatMap(({ flag }) => {
      const texts = values[new Option(flag).attributeName()];
      return texts === undefined ? [] : [[flag, texts === true ? ['on'] : texts]];
    }),
  );
}
