import {
  helpOf,
  type About,
  type Leaf,
  type SettingGroup,
  type SettingTree,
  type ValueType,
} from './settings/setting.ts';
import { SETTING_TABLE } from './settings/table.ts';

export type { SettingGroup };

/** One flag of `run`, from the table of settings. */
export interface Setting extends Pick<About, 'flag' | 'argument' | 'group'> {
  /** Where the value goes, e.g. `load.rate_per_second`. */
  readonly path: string;
  /** Where the path of a file goes that holds the value, when it is given as text: `@path`. */
  readonly filePath: string | undefined;
  /** With its default. */
  readonly help: string;
  readonly parse: ValueType['parse'];
  readonly repeatable: boolean;
  /** Of the values of a flag that was given several times. */
  readonly combine: (values: readonly unknown[]) => unknown;
  /** Environment variable that stands in for a missing flag; a flag for one value of another's setting has none. */
  readonly environment: string | undefined;
  /** Help names that variable. */
  readonly prefersEnvironment: boolean;
  readonly secret: boolean;
  readonly completes: ValueType['completes'];
}

/** All flags of the table, in its order; one that stands for a value of another is right behind it. */
export const SETTINGS: readonly Setting[] = flagsOf(SETTING_TABLE, []);

function flagsOf(tree: SettingTree, parents: readonly string[]): readonly Setting[] {
  return Object.entries(tree).flatMap(([key, entry]) => {
    const keys = [...parents, key];
    if (entry.kind === 'setting') return flagsOfLeaf(entry, keys);
    if (entry.kind === 'list') return [];
    const own =
      entry.about === undefined ? [] : [flagOf(entry.about, keys, { parse: entry.parse! }, entry.about.help)];
    return [...own, ...flagsOf(entry.settings, keys)];
  });
}

function flagsOfLeaf({ about, type, value }: Leaf, keys: readonly string[]): readonly Setting[] {
  if (!('flag' in about)) return [];
  const own = flagOf(about, keys, type, helpOf(about, value, type));
  const aliases = (about.aliases ?? []).map(({ flag, value: meant, help }) => ({
    ...own,
    ...{ flag, argument: '', help, parse: () => ({ value: meant }) },
    ...{ environment: undefined, completes: undefined },
  }));
  return [own, ...aliases];
}

function flagOf(
  about: About,
  keys: readonly string[],
  { parse, completes }: Pick<ValueType, 'parse' | 'completes'>,
  help: string,
): Setting {
  const { flag, argument, group, fileKey, secret = false, repeatable = false } = about;
  return {
    ...{ flag, argument, group, help, parse, secret, repeatable, completes },
    path: keys.join('.'),
    filePath: fileKey === undefined ? undefined : [...keys.slice(0, -1), fileKey].join('.'),
    combine: about.combine ?? ((values) => (repeatable ? values : values.at(-1))),
    environment: environmentName(flag),
    prefersEnvironment: about.prefersEnvironment ?? false,
  };
}

/** `INFEROMETER_RATE` for `--rate`. */
function environmentName(flag: string): string {
  return `INFEROMETER_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`;
}

/** The setting of a schema path; what is nested in a value is found at its parent. */
export function settingOf(path: string): Setting | undefined {
  return SETTINGS.find(
    (setting) => path === setting.path || path === setting.filePath || path.startsWith(`${setting.path}.`),
  );
}
