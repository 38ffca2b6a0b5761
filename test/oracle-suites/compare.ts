/**
 * Differences between golden and actual data, a line each (`path: wanted …, found …`). Doubles may differ by
 * `relativeTolerance`; a bigint equals the number of the same value.
 */
export function differences(
  wanted: unknown,
  found: unknown,
  relativeTolerance = 1e-12,
  path = '$',
): string[] {
  if (isNumeric(wanted) && isNumeric(found)) {
    return sameNumber(wanted, found, relativeTolerance) ? [] : [difference(path, wanted, found)];
  }
  if (Array.isArray(wanted) && Array.isArray(found)) {
    if (wanted.length !== found.length) return [difference(path, wanted, found)];
    return wanted.flatMap((item, i) => differences(item, found[i], relativeTolerance, `${path}[${i}]`));
  }
  if (isObject(wanted) && isObject(found)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(found)]);
    return [...keys].flatMap((key) =>
      differences(wanted[key], found[key], relativeTolerance, `${path}.${key}`),
    );
  }
  return Object.is(wanted, found) ? [] : [difference(path, wanted, found)];
}

type Numeric = number | bigint;

function isNumeric(value: unknown): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sameNumber(a: Numeric, b: Numeric, relativeTolerance: number): boolean {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a === b;
  const x = Number(a);
  const y = Number(b);
  if (Object.is(x, y) || x === y) return true;
  return Math.abs(x - y) <= relativeTolerance * Math.max(Math.abs(x), Math.abs(y));
}

function difference(path: string, wanted: unknown, found: unknown): string {
  return `${path}: wanted ${show(wanted)}, found ${show(found)}`;
}

function show(value: unknown): string {
  const text =
    JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item)) ??
    'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
