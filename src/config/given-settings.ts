import type { InferometerError } from '../core/errors.ts';
import type { ConfigFile, Tree } from './yaml-file.ts';
import { type Setting, SETTINGS } from './flags.ts';
import { inputError } from './input-error.ts';
import { unfit } from './unfit.ts';

type Refuse = (error: InferometerError, path: string) => void;

export interface ConfigSources {
  /** The lowest layer above the defaults. */
  readonly file?: ConfigFile | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flag → the texts given for it, in order. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

/** What was given for a setting outside of a file. */
export interface Given {
  /** Flag or environment variable. */
  readonly origin: string;
  readonly texts: readonly string[];
}

/**
 * The settings of all sources as one tree, not checked yet: file < environment < flag. `refuse` is told of each text that can't be read, and
 * of the path of its setting, which is then left as it was.
 */
export function settingsGiven(sources: ConfigSources, refuse: Refuse): Tree {
  const tree = structuredClone(sources.file?.tree ?? {});
  for (const settings of Map.groupBy(SETTINGS, ({ path }) => path).values()) {
    const flagged = settings.filter(({ flag }) => sources.flags.has(flag));
    if (flagged.length > 1) {
      refuse(
        inputError(`${flagged.map(({ flag }) => flag).join(' and ')} set the same; give one of them`),
        settings[0]!.path,
      );
    }
    const setting = flagged[0] ?? settings[0]!;
    const given = givenFor(setting, sources);
    if (given === undefined) continue;
    const value = valueOf(setting, given, refuse);
    if (value !== undefined) setGiven(tree, setting, value);
  }
  return tree;
}

/** What a flag or its environment variable says; several values in a variable stand on lines of their own. */
export function givenFor(setting: Setting, sources: ConfigSources): Given | undefined {
  const { flag, environment, repeatable } = setting;
  const texts = sources.flags.get(flag);
  if (texts !== undefined) return { origin: flag, texts };
  const text = environment === undefined ? undefined : sources.environment[environment];
  if (text === undefined || text === '') return undefined;
  const lines = repeatable ? text.split(/\r?\n/).filter((line) => line !== '') : [text];
  return { origin: environment!, texts: lines };
}

function valueOf(
  { parse, combine, secret, path }: Setting,
  { origin, texts }: Given,
  refuse: Refuse,
): unknown {
  const values: unknown[] = [];
  for (const text of texts) {
    const result = parse(text);
    if ('value' in result) values.push(result.value);
    else refuse(inputError(unfit(origin, result.allowed, text, secret)), path);
  }
  return values.length < texts.length ? undefined : combine(values);
}

/** A value may be given in a file instead, and either replaces the other. */
function setGiven(tree: Tree, { path, filePath }: Setting, value: unknown): void {
  const isFile = filePath !== undefined && typeof value === 'string';
  if (filePath !== undefined) setPath(tree, isFile ? path : filePath, undefined);
  setPath(tree, isFile ? filePath : path, isFile ? value.slice(1) : value);
}

/** What is not there yet is made; what is no group stays, for the schema to refuse. */
function setPath(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  let node = tree;
  for (const key of keys) {
    const next = (node[key] ??= {});
    if (!isTree(next)) return;
    node = next;
  }
  node[last] = value;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
