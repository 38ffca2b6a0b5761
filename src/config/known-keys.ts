import { closestName } from '../core/closest-name.ts';
import { SETTINGS } from './flags.ts';
import type { SettingTree } from './settings/setting.ts';
import { SETTING_TABLE } from './settings/table.ts';

/** The keys that may stand at a path of a file; none where any may, or nothing is nested. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let tree: SettingTree = SETTING_TABLE;
  for (const key of path) {
    // All items of a list have the same keys.
    if (typeof key === 'number') continue;
    const entry = tree[String(key)];
    if (entry === undefined || entry.kind === 'setting') return [];
    tree = entry.settings;
  }
  return Object.keys(tree);
}

/** The key, or the path of one, that a key which is not known most likely stands for: one beside it, or one of the same name or flag elsewhere. */
export function keyMeant(path: readonly PropertyKey[], key: string): string | undefined {
  const beside = closestName(key, knownKeys(path));
  if (beside !== undefined) return beside;
  const flag = `--${key.replaceAll('_', '-')}`;
  const elsewhere = SETTINGS.find((one) => one.flag === flag || one.path.split('.').at(-1) === key);
  if (elsewhere !== undefined) return elsewhere.path;
  const flagMeant = closestName(
    key,
    SETTINGS.map((one) => one.flag.slice(2)),
  );
  return SETTINGS.find((one) => one.flag.slice(2) === flagMeant)?.path;
}
