import { countText, durationText, numberText, percentText, settingText } from '../core/quantity-text.ts';
import { NS_PER_MS, NS_PER_SECOND, NS_PER_US } from '../core/time.ts';
import type { RuleScanner } from './rule-scanner.ts';

/** What a figure is measured in: a time, a number of tokens or requests, a share of 1, a rate. */
export type FigureUnit = 'ns' | 'tokens' | 'requests' | 'share' | 'per_second';

export type Comparison = '<' | '<=' | '>' | '>=';

/** What a figure is held against. */
export interface Limit {
  readonly comparison: Comparison;
  /** In the unit of the figure. */
  readonly value: number;
}

/** From where to where a figure may lie; null: no end is known. */
export interface Interval {
  readonly low: number | null;
  readonly high: number | null;
}

const NS_PER_UNIT: Readonly<Record<string, number>> = {
  us: NS_PER_US,
  µs: NS_PER_US,
  ms: NS_PER_MS,
  s: NS_PER_SECOND,
  m: 60 * NS_PER_SECOND,
  h: 3600 * NS_PER_SECOND,
};

/** How a limit is written, and a figure is shown, by its unit. */
const WRITTEN: Readonly<
  Record<
    FigureUnit,
    {
      readonly allowed: string;
      readonly number: RegExp;
      /** Behind the number. */
      readonly suffix: RegExp;
      readonly text: (value: number) => string;
    }
  >
> = {
  ns: {
    allowed: 'a time with its unit, such as 500ms or 2s',
    number: /(\d{1,3}(,\d{3})+|\d+)(\.\d+)?/y,
    suffix: /(us|µs|ms|s|m|h)(?![\w%])/y,
    text: durationText,
  },
  tokens: unitless('a number of tokens such as 200', numberText),
  requests: unitless('a number of requests such as 200', countText),
  per_second: unitless('a number a second such as 2000', (value) => `${numberText(value)}/s`),
  share: { ...unitless('a share such as 1% or 0.01', percentText), suffix: /%?/y },
};

function unitless(allowed: string, text: (value: number) => string) {
  return { allowed, number: /(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(?![\w.,])/y, suffix: /(?!%)/y, text };
}

/** `< 500ms`: a comparison and a limit in the unit of its figure. Throws `RuleFault`. */
export function readLimit(scanner: RuleScanner, unit: FigureUnit): Limit {
  const sign = scanner.take(/<=|>=|<|>|≤|≥/y)?.[0];
  if (sign === undefined) throw scanner.fault('<, <=, > or >=');
  const comparison = (sign === '≤' ? '<=' : sign === '≥' ? '>=' : sign) as Comparison;
  return { comparison, value: readQuantity(scanner, unit) };
}

/** `500ms`. Throws `RuleFault`. */
export function readQuantity(scanner: RuleScanner, unit: FigureUnit): number {
  const { allowed, number: numberPattern, suffix: suffixPattern } = WRITTEN[unit];
  const number = scanner.take(numberPattern)?.[0].replaceAll(',', '');
  if (number === undefined) throw scanner.fault(allowed);
  const suffix = scanner.take(suffixPattern)?.[0];
  if (suffix === undefined) throw scanner.fault(allowed);
  if (unit === 'ns') return Math.round(Number(number) * NS_PER_UNIT[suffix]!);
  return suffix === '%' ? Number(number) / 100 : Number(number);
}

/** A figure as people read it. */
export function figureText(value: number, unit: FigureUnit): string {
  return WRITTEN[unit].text(value);
}

/** A limit as it was set, `< 500 ms`: not rounded, unlike a figure. */
export function limitText({ comparison, value }: Limit, unit: FigureUnit): string {
  return `${comparison} ${setText(value, unit)}`;
}

/** A value as it was set: not rounded. */
export function setText(value: number, unit: FigureUnit): string {
  if (unit === 'share') return `${settingText(value * 100)} %`;
  if (unit !== 'ns') return settingText(value);
  const name = (['s', 'ms', 'us'] as const).find((one) => value >= NS_PER_UNIT[one]!) ?? 'ms';
  return `${settingText(value / NS_PER_UNIT[name]!)} ${name === 'us' ? 'µs' : name}`;
}

/** Whether a value keeps a limit. */
export function keepsLimit(value: number, { comparison, value: limit }: Limit): boolean {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
  }
}

/** Whether every value of an interval keeps a limit, or none does; undefined when some do. */
export function intervalKeepsLimit({ low, high }: Interval, limit: Limit): boolean | undefined {
  const [keepsLow, keepsHigh] = [keepsLimit(low ?? -Infinity, limit), keepsLimit(high ?? Infinity, limit)];
  return keepsLow === keepsHigh ? keepsLow : undefined;
}
