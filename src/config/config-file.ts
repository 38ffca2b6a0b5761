import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { InferometerError } from '../core/errors.ts';
import { fromTheirs, THEIR_PATHS } from './mlcommons/from-theirs.ts';
import { isTheirs, readTheirs } from './mlcommons/read-theirs.ts';
import { chosenProfile, profileNames, withProfile } from './profiles.ts';
import { type ConfigFile, type RefusePlace, YamlFile } from './yaml-file.ts';
import { PLAIN_VARIABLES, THEIR_VARIABLES } from './yaml-variables.ts';

/** What a config file may refer to. */
export interface FileContext {
  /** Where `${NAME}` is looked up. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The one of `profiles` to put over the settings of the file. */
  readonly profile?: string | undefined;
}

/**
 * Reads the YAML of a config file: its variables are replaced, its `!include`s read and its profile is applied. Throws
 * `INFEROMETER_CONFIG_FILE` (input) with file, line and column for what can't be read.
 */
export function parseConfigFile(text: string, path: string, context: FileContext = {}): ConfigFile {
  const yaml = new YamlFile(text, path, configError);
  if (isTheirs(yaml.keys)) return parseTheirs(yaml, context);
  chosenProfile(yaml.document, context.profile, (node, what) => configError(yaml.placeOfNode(node), what));
  yaml.replaceVariables(context.environment ?? {}, PLAIN_VARIABLES);
  yaml.include([resolve(path)], context.environment ?? {});
  const file = yaml.toFile('has no settings; it needs keys and values such as "model: my-model"');
  return withProfile(file, context.profile);
}

/** The names of the profiles in the text of a config file; none in text that is not YAML. */
export function profilesIn(text: string): readonly string[] {
  return profileNames(parseDocument(text));
}

/** The YAML of a file that is read for something else, as it stands. `empty` is said of one without keys. */
export function parseYamlFile(text: string, path: string, refuse: RefusePlace, empty: string): ConfigFile {
  return new YamlFile(text, path, refuse).toFile(empty);
}

/** A configuration of MLCommons endpoints, in the shape of ours. */
function parseTheirs(yaml: YamlFile, { environment = {}, profile }: FileContext): ConfigFile {
  if (profile !== undefined)
    throw configError(
      yaml.placeOf([]),
      `--profile ${profile}: a file of MLCommons endpoints has no profiles`,
    );
  yaml.replaceVariables(environment, THEIR_VARIABLES);
  const { tree } = yaml.toFile('has no settings');
  const read = readTheirs(tree);
  if ('problems' in read) {
    const lines = read.problems.map(({ path, message }) => {
      const key = path.length === 0 ? '' : `${path.join('.')}: `;
      return configError(yaml.placeOf(path), `${key}${message}`).message;
    });
    throw new InferometerError('INFEROMETER_CONFIG_FILE', 'input', lines.join('\n'));
  }
  const ours = fromTheirs(read.config);
  if (typeof ours === 'string') throw configError(yaml.placeOf([]), ours);
  return {
    ...ours,
    placeOf: (path) => {
      const known = path.map((_key, index) => THEIR_PATHS[path.slice(0, index + 1).join('.')]);
      return yaml.placeOf(known.findLast((one) => one !== undefined) ?? []);
    },
  };
}

export function configError(place: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_CONFIG_FILE', 'input', `--config ${place}: ${what}`);
}
