import { type Document, isAlias, isMap, isScalar } from 'yaml';
import { closestName } from '../core/closest-name.ts';
import type { InferometerError } from '../core/errors.ts';
import type { ConfigFile, Tree } from './yaml-file.ts';
import { isTree } from './given-settings.ts';

const KEY = 'profiles';

/** The names of the profiles of a file, in its order. */
export function profileNames({ contents }: Document): readonly string[] {
  const profiles = isMap(contents) ? contents.get(KEY, true) : undefined;
  if (!isMap(profiles)) return [];
  return profiles.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []));
}

/** Leaves only the chosen profile in a document: what the others refer to need not be there. Throws for one that is not in it. */
export function chosenProfile(
  document: Document,
  chosen: string | undefined,
  refuse: (node: unknown, what: string) => InferometerError,
): void {
  const { contents } = document;
  const profiles = isMap(contents) ? contents.get(KEY, true) : undefined;
  if (profiles !== undefined && !isMap(profiles))
    throw refuse(profiles, `${KEY}: must be names, each with settings`);
  const names = profileNames(document);
  if (chosen !== undefined && !names.includes(chosen)) {
    const meant = closestName(chosen, names);
    const known = names.length === 0 ? 'the file has none' : `known are ${names.join(', ')}`;
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    throw refuse(profiles ?? contents, `--profile ${chosen}: no such profile; ${known}${hint}`);
  }
  for (const name of names) if (name !== chosen) profiles!.delete(name);
  const over = chosen === undefined ? undefined : profiles!.get(chosen, true);
  const isEmpty = isScalar(over) && over.value === null;
  if (over !== undefined && !isEmpty && !isMap(over) && !isAlias(over) && !isIncluded(over))
    throw refuse(over, `${KEY}.${chosen}: must be keys and values`);
}

function isIncluded(node: unknown): boolean {
  return isScalar(node) && node.tag === '!include';
}

/** The settings of a file with those of its profile over them; null in a profile takes a setting of the file away. */
export function withProfile(file: ConfigFile, chosen: string | undefined): ConfigFile {
  const { [KEY]: profiles, ...base } = file.tree;
  const over = chosen === undefined || !isTree(profiles) ? undefined : profiles[chosen];
  if (chosen === undefined || !isTree(over)) return { tree: base, placeOf: (path) => file.placeOf(path) };
  return {
    tree: merged(base, over),
    placeOf: (path) => {
      const inProfile = path.reduce<unknown>(
        (node, key) => (isTree(node) ? node[String(key)] : undefined),
        over,
      );
      return file.placeOf(inProfile === undefined ? path : [KEY, chosen, ...path]);
    },
  };
}

/** In the extra fields of a request null means something itself. */
function merged(base: Tree, over: Tree): Tree {
  const tree: Tree = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = tree[key];
    if (value === null) delete tree[key];
    else if (key === 'extra' && isTree(value)) tree[key] = { ...(isTree(before) ? before : {}), ...value };
    else tree[key] = isTree(value) ? merged(isTree(before) ? before : {}, value) : value;
  }
  return tree;
}
