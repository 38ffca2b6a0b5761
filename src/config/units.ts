const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A span of time as people write it (`500ms`, `60s`, `1.5m`, `2h`), in ms; `0` needs no unit. `undefined` for anything else: a bare
 * number may have been meant in s or in ms.
 */
export function parseDurationMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(trimmed);
  return match === null ? undefined : Number(match[1]) * MS_PER_UNIT[match[2]!]!;
}

/** A span of time as {@link parseDurationMs} reads it, in the largest unit that has no fraction. */
export function spanText(ms: number): string {
  if (ms === 0) return '0';
  const unit = Object.entries(MS_PER_UNIT).findLast(([, unitMs]) => ms % unitMs === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}

/** A decimal number, or `undefined`; unlike `Number()`, empty text and hex are none. Beyond the range of a double it is infinite. */
export function parseDecimal(text: string): number | undefined {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : undefined;
}

/** A share as people write it: `3%` or `0.03`. `undefined` for anything else. */
export function parseShare(text: string): number | undefined {
  const isPercent = text.trim().endsWith('%');
  const number = parseDecimal(isPercent ? text.trim().slice(0, -1) : text);
  return number === undefined || !isPercent ? number : number / 100;
}

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  ...{ B: 1, kB: 1e3, MB: 1e6, GB: 1e9 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
};

/** A size as people write it (`512MiB`, `4GB`, `1.5GiB`), in bytes. `undefined` for anything else: a bare number may have been meant in any unit. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|kB|MB|GB|KiB|MiB|GiB)$/.exec(text.trim());
  return match === null ? undefined : Math.round(Number(match[1]) * BYTES_PER_UNIT[match[2]!]!);
}
