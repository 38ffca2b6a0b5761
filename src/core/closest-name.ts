/**
 * The name that a misspelled one most likely stands for: the one with the fewest letters changed, missing, added or swapped, at most a third
 * of its length; else one that the given name is the beginning or the end of. Undefined for nothing alike.
 */
export function closestName(given: string, names: readonly string[]): string | undefined {
  const wanted = plain(given);
  const most = Math.max(1, Math.floor(wanted.length / 3));
  const ranked = names
    .map((name) => ({ name, distance: editDistance(wanted, plain(name)) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best !== undefined && best.distance <= most) return best.name;
  if (wanted.length < 3) return undefined;
  return names.find((name) => plain(name).startsWith(wanted) || plain(name).endsWith(wanted));
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

/** Optimal string alignment: letters changed, missing, added, or swapped with their neighbor. O(length²), for short names. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      if (isSwap) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
