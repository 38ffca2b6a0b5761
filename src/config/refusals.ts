import type { z } from 'zod';
import type { InferometerError } from '../core/errors.ts';
import type { ConfigFile, Tree } from './yaml-file.ts';
import { settingOf, SETTINGS } from './flags.ts';
import { type ConfigSources, givenFor } from './given-settings.ts';
import { inputError } from './input-error.ts';
import { keyMeant, knownKeys } from './known-keys.ts';
import { unfit } from './unfit.ts';

// How a value that can't be used is told: where it was given, what is allowed, what was found.

/** What a check of the schema found, as told to whoever gave the values. */
export function refusalsOf(
  issue: z.core.$ZodIssue,
  tree: Tree,
  sources: ConfigSources,
): readonly InferometerError[] {
  return issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => unknownKey(issue.path, key, sources.file))
    : [refusalOf(issue, tree, sources)];
}

function unknownKey(
  path: readonly PropertyKey[],
  key: string,
  file: ConfigFile | undefined,
): InferometerError {
  const meant = keyMeant(path, key);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  const place = placeInFile([...path, key], file);
  return inputError(`${place}: unknown key; known are ${knownKeys(path).join(', ')}${hint}`);
}

function refusalOf(issue: z.core.$ZodIssue, tree: Tree, sources: ConfigSources): InferometerError {
  const { path } = issue;
  const { file } = sources;
  const setting = settingOf(path.join('.'));
  const given = setting && givenFor(setting, sources);
  const found = valueAt(tree, path);
  if (given === undefined && found === undefined) {
    const name = setting?.flag ?? path.join('.');
    return inputError(`${name} is missing: ${setting?.help ?? issue.message}`);
  }
  if (issue.code === 'custom' && issue.params?.isRuleFault === true) {
    return inputError(`${given?.origin ?? placeInFile(path, file)}: '${String(found)}': ${issue.message}`);
  }
  if (given === undefined) {
    return inputError(unfit(`${placeInFile(path, file)}:`, issue.message, found, setting?.secret));
  }
  const { origin, texts } = given;
  const nth = path.at(-1);
  const text = (typeof nth === 'number' ? texts[nth] : undefined) ?? texts.at(-1);
  return inputError(unfit(origin, issue.message, text, setting?.secret));
}

export function placeInFile(path: readonly PropertyKey[], file: ConfigFile | undefined): string {
  const key = path.join('.');
  if (file?.isInMemory === true) return `settings.${key}`;
  return file === undefined ? key : `--config ${file.placeOf(path)}: ${key}`;
}

/** A message that names flags, with where the settings stand that no flag gave. */
export function withOrigins(error: InferometerError, sources: ConfigSources): InferometerError {
  const named = new Set(error.message.match(/(?<![\w-])--[a-z][a-z-]*[a-z]/g));
  const origins = [...named].flatMap((flag) => {
    const origin = originOf(flag, sources);
    return origin === undefined ? [] : `${flag} is set by ${origin}`;
  });
  return origins.length === 0 ? error : inputError(`${error.message} (${origins.join(', ')})`);
}

/** The variable or the place in the file that gave the setting of a flag; undefined for what a flag gave, or nothing did. */
function originOf(flag: string, sources: ConfigSources): string | undefined {
  const setting = SETTINGS.find((one) => one.flag === flag);
  if (setting === undefined) return undefined;
  const ofPath = SETTINGS.filter(({ path }) => path === setting.path);
  if (ofPath.some((one) => sources.flags.has(one.flag))) return undefined;
  const given = givenFor(ofPath[0]!, sources);
  if (given !== undefined) return given.origin;
  const { file } = sources;
  const keys = [setting.path, setting.filePath]
    .map((path) => path?.split('.'))
    .find((path) => path !== undefined && file !== undefined && valueAt(file.tree, path) !== undefined);
  return keys === undefined ? undefined : file!.placeOf(keys);
}

function valueAt(tree: Tree, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Tree | undefined)?.[key as string], tree);
}
