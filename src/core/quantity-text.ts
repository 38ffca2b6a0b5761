import { NS_PER_MS, NS_PER_SECOND, NS_PER_US } from './time.ts';

/** Shown where a number is missing or not finite. */
export const NOT_AVAILABLE = 'N/A';

/** From here up a clock reads better. */
const CLOCK_FROM_NS = 100 * NS_PER_SECOND;

/** Units of time, longest first, down to the whole ns. */
const TIME_UNITS = [
  { unit: 's', unitNs: NS_PER_SECOND },
  { unit: 'ms', unitNs: NS_PER_MS },
  { unit: 'µs', unitNs: NS_PER_US },
] as const;

// Made once: formatting takes 0.5 µs with one of these and 20 µs with options. And only when needed: the first one of a process takes
// 15 ms, which a process that shows nothing can do without.
const COUNT_FORMAT = lazyFormat({ maximumFractionDigits: 0 });
const SETTING_FORMAT = lazyFormat({ maximumSignificantDigits: 15 });
const SMALL_FORMAT = lazyFormat({ maximumSignificantDigits: 3 });
const ONE_DECIMAL_FORMAT = lazyFormat({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
const TWO_DECIMALS_FORMAT = lazyFormat({ minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** A whole number with its thousands set off: `12,345`. */
export function countText(count: number | bigint): string {
  return typeof count === 'number' && !Number.isFinite(count) ? NOT_AVAILABLE : COUNT_FORMAT().format(count);
}

/** A count and the word for it, which takes an s unless there is one: `1 sample`, `2 samples`. */
export function countedText(count: number | bigint, noun: string): string {
  return `${countText(count)} ${noun}${Number(count) === 1 ? '' : 's'}`;
}

/** A number for the eye, to three significant digits and never less than a unit: `0.0123`, `49.9`, `2,712`. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return NOT_AVAILABLE;
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 100 ? countText(value) : threeDigits(rounded).format(value);
}

/** A number somebody set, as they would write it: `50`, `0.5`, `1,024`. */
export function settingText(value: number): string {
  return Number.isFinite(value) ? SETTING_FORMAT().format(value) : NOT_AVAILABLE;
}

/** A span of time in the unit that suits it, to three significant digits: `850 ns`, `52.3 ms`, `1.25 s`, `2m 05s`. */
export function durationText(ns: number): string {
  if (!Number.isFinite(ns)) return NOT_AVAILABLE;
  const size = Math.abs(ns);
  if (size >= CLOCK_FROM_NS * 0.9995) return clockText(ns);
  // A value that rounds up to 1000 of its unit is 1 of the next.
  const inUnit = TIME_UNITS.find(({ unitNs }) => size >= unitNs * 0.9995);
  return inUnit === undefined ? `${countText(ns)} ns` : `${numberText(ns / inUnit.unitNs)} ${inUnit.unit}`;
}

/** A share of 1 in per cent: `12.3 %`; a small one keeps its first digit. */
export function percentText(share: number): string {
  return Number.isFinite(share) ? `${numberText(share * 100)} %` : NOT_AVAILABLE;
}

function threeDigits(rounded: number): Intl.NumberFormat {
  const size = Math.abs(rounded);
  if (size < 1) return SMALL_FORMAT();
  return size < 10 ? TWO_DECIMALS_FORMAT() : ONE_DECIMAL_FORMAT();
}

function clockText(ns: number): string {
  const seconds = Math.round(Math.abs(ns) / NS_PER_SECOND);
  const sign = ns < 0 ? '-' : '';
  const two = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0
    ? `${sign}${hours}h ${two(minutes)}m ${two(seconds % 60)}s`
    : `${sign}${minutes}m ${two(seconds % 60)}s`;
}

function lazyFormat(options: Intl.NumberFormatOptions): () => Intl.NumberFormat {
  let format: Intl.NumberFormat | undefined;
  return () => (format ??= new Intl.NumberFormat('en-US', options));
}
