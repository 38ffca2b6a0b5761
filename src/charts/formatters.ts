import { countText, durationText, numberText, percentText, settingText } from '../core/quantity-text.ts';
import { NS_PER_MS, NS_PER_SECOND, NS_PER_US } from '../core/time.ts';
import type { ChartOption, ChartValue } from './chart.ts';
import { elapsedText } from './elapsed.ts';

/** Stands before the name of a formatter where ECharts wants a function. */
const MARK = '@';

const ticksIn = (unitNs: number, unit: string) => (ns: number) => `${tickText(ns / unitNs)} ${unit}`;

/** How numbers are written, by name. Ticks are exact and short; the others are for tooltips, to three digits. */
const FORMATTERS = {
  elapsed: elapsedText,
  nines: (timesRarer: number) => ninesText(timesRarer),
  duration: durationText,
  durationTick: (ns: number) => durationTick(ns),
  msTick: ticksIn(NS_PER_MS, 'ms'),
  sTick: ticksIn(NS_PER_SECOND, 's'),
  usTick: ticksIn(NS_PER_US, 'µs'),
  count: countText,
  number: numberText,
  numberTick: (value: number) => tickText(value),
  share: percentText,
  shareTick: (share: number) => `${tickText(share * 100)} %`,
} as const satisfies Record<string, (value: number) => string>;

export type FormatterName = keyof typeof FORMATTERS;

/** Writes a value as the formatter of that name does; a dash for what is no number. */
export function formatValue(name: FormatterName, value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? FORMATTERS[name](value) : '–';
}

/** How an option names a formatter. */
export function formatter(name: FormatterName): string {
  return MARK + name;
}

/**
 * An option with functions in the place of named formatters, for `setOption`. Data is shared with `option`, not copied, so it
 * is cheap enough for every update of a live page.
 */
export function resolveFormatters(option: ChartOption): Record<string, unknown> {
  return resolveObject(option);
}

function resolveObject(object: { readonly [key: string]: ChartValue }): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, key === 'data' ? value : resolveValue(value)]),
  );
}

function resolveValue(value: ChartValue): unknown {
  if (typeof value === 'string') return isNamed(value) ? functionOf(value.slice(1) as FormatterName) : value;
  if (Array.isArray(value)) return (value as readonly ChartValue[]).map(resolveValue);
  if (typeof value === 'object' && value !== null) {
    return resolveObject(value as { readonly [key: string]: ChartValue });
  }
  return value;
}

function isNamed(text: string): boolean {
  return text.startsWith(MARK) && Object.hasOwn(FORMATTERS, text.slice(1));
}

/** ECharts passes a number, an array whose last is the value, or, for an axis pointer, an object with the value. */
function functionOf(name: FormatterName): (argument: unknown) => string {
  return (argument) => {
    if (Array.isArray(argument)) return formatValue(name, argument.at(-1));
    if (typeof argument === 'object' && argument !== null) {
      return formatValue(name, (argument as { readonly value?: unknown }).value);
    }
    return formatValue(name, argument);
  };
}

function tickText(value: number): string {
  return settingText(Number(value.toPrecision(6)));
}

function durationTick(ns: number): string {
  const unit = ns >= NS_PER_SECOND ? 'sTick' : ns >= NS_PER_MS ? 'msTick' : ns >= NS_PER_US ? 'usTick' : null;
  return unit === null ? `${tickText(ns)} ns` : FORMATTERS[unit](ns);
}

/** 1 / (1 − q) as the percentile it stands for: 100 is 99 %, 1000 is 99.9 %. */
function ninesText(timesRarer: number): string {
  const decimals = Math.max(0, Math.round(Math.log10(timesRarer)) - 2);
  return `${Number((100 * (1 - 1 / timesRarer)).toFixed(decimals))} %`;
}
