/** A setting or fact that is not the same in two runs; undefined where one has none. */
export interface SettingDifference {
  /** Where it stands, such as `load.rate_per_second`. */
  readonly path: string;
  readonly baseline: unknown;
  readonly value: unknown;
}

/** The leaves in which two JSON-like values differ, in order of path. Lists are compared whole. */
export function settingDifferences(baseline: unknown, value: unknown): readonly SettingDifference[] {
  const before = new Map(leaves(baseline, ''));
  const after = new Map(leaves(value, ''));
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .filter((path) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path)))
    .map((path) => ({ path, baseline: before.get(path), value: after.get(path) }));
}

/** Whether other loads were asked for: another rate, concurrency, pattern or trace, in the whole run or in a phase. */
export function isOtherLoad(differences: readonly SettingDifference[]): boolean {
  return differences.some(({ path }) => /(^|\.)load\.|(^|\.)phases$/.test(path));
}

function leaves(value: unknown, path: string): (readonly [path: string, leaf: unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`));
}
