/** A setting that a study varies, and the values it gets. */
export interface Factor {
  /** The flag of `run` without its dashes, such as `concurrency`; or a part of `--synthetic`, such as `input`. */
  readonly name: string;
  /** As on the command line, without doubles, in the order given. */
  readonly values: readonly string[];
}

/** More values of one factor are a mistake, such as 1..1e9. */
const MOST_VALUES = 1000;
const NUMBER = String.raw`\d+(?:\.\d+)?`;
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER})(?:\\s+step\\s+(${NUMBER}))?$`);

export const FACTOR_ALLOWED =
  'NAME=VALUES with a flag of run and values such as 1,2,4..256, 1..10 step 3 or on,off';

/**
 * Reads `concurrency=1,2,4..256`: values with commas between (or with |, for values that have commas), ranges that double, and ranges with
 * a step. Returns what is wrong instead.
 */
export function parseFactor(text: string): Factor | string {
  const [, name, list] = /^\s*(?:--)?([a-z][a-z-]*)\s*=(.*)$/s.exec(text) ?? [];
  if (name === undefined || list === undefined) return 'the name or the = is missing';
  const parts = list.split(list.includes('|') ? '|' : ',').map((part) => part.trim());
  if (parts.includes('')) return `${name}: a value is empty`;
  const values = new Set<string>();
  for (const part of parts) {
    const range = rangeOf(part);
    if (typeof range === 'string') return `${name}: ${range}`;
    for (const value of range) values.add(value);
    if (values.size > MOST_VALUES) return `${name}: has more than ${MOST_VALUES} values`;
  }
  return { name, values: [...values] };
}

/** `rate=1..500` as its two ends. Returns what is wrong instead. */
export function parseSearchRange(
  text: string,
): { readonly name: string; readonly low: number; readonly high: number } | string {
  const [, name, range] = /^\s*(?:--)?([a-z][a-z-]*)\s*=(.*)$/s.exec(text) ?? [];
  if (name === undefined || range === undefined) return 'the name or the = is missing';
  const [, low, high, step] = RANGE.exec(range.trim()) ?? [];
  if (low === undefined || high === undefined || step !== undefined)
    return `${name}: needs a range such as 1..500`;
  if (!(Number(low) > 0)) return `${name}: the range must begin above 0`;
  if (!(Number(high) > Number(low))) return `${name}: the range must end above ${low}`;
  return { name, low: Number(low), high: Number(high) };
}

/** The value of a factor as a number; NaN for any other text. */
export function factorNumber(value: string): number {
  return new RegExp(`^${NUMBER}$`).test(value) ? Number(value) : NaN;
}

function rangeOf(part: string): readonly string[] | string {
  const [, first, last, step] = RANGE.exec(part) ?? [];
  if (first === undefined || last === undefined)
    return part.includes('..') ? `"${part}" must be a range such as 4..256 or 1..10 step 3` : [part];
  const [low, high] = [Number(first), Number(last)];
  if (high < low) return `"${part}" ends below its start`;
  if (step !== undefined) return steps(part, low, high, Number(step));
  return low > 0 ? doublings(low, high) : `"${part}" must begin above 0, as it doubles; or give a step`;
}

/** 4, 8, 16 and so on; the end is in it however it is reached. */
function doublings(low: number, high: number): readonly string[] {
  const values: string[] = [];
  for (let value = low; value < high; value *= 2) values.push(String(value));
  return [...values, String(high)];
}

/** The end is in it only when a step leads to it. */
function steps(part: string, low: number, high: number, step: number): readonly string[] | string {
  if (!(step > 0)) return `"${part}" needs a step above 0`;
  const count = Math.floor((high - low) / step + 1e-9) + 1;
  if (count > MOST_VALUES) return `"${part}" has more than ${MOST_VALUES} values`;
  return Array.from({ length: count }, (_, i) => String(Number((low + i * step).toPrecision(12))));
}
