import type { z } from 'zod';
import type { NumberRange } from '../../core/load-ranges.ts';
import { DURATIONS_ALLOWED, parseDurations } from '../durations.ts';
import { parseBytes, parseDecimal, parseDurationMs, spanText } from '../units.ts';
import type { Parsed, ValueType } from './setting.ts';

// Kinds of values that several settings have. Those of one setting stand beside it.

/** The longest time a run may issue: its clock counts ns in a number, which does for 104 days. */
export const MAX_RUN_MS = 2400 * 3_600_000;
/** The longest time to wait for something: a timer does for 24.8 days. */
export const MAX_WAIT_MS = 576 * 3_600_000;

/** Marks an issue whose message says what is wrong with a text, and not what it must be. */
export const RULE_FAULT = { isRuleFault: true } as const;

export function anyText(given: string): Parsed {
  return given === '' ? { allowed: 'text that is not empty' } : { value: given };
}

/** Text that is not a number stays text, for the schema to refuse: it knows the range. */
function parseNumber(given: string): Parsed {
  return { value: parseDecimal(given) ?? given };
}

function parseDuration(given: string): Parsed {
  const value = parseDurationMs(given);
  return value === undefined
    ? { allowed: 'a duration with its unit, such as 500ms, 60s, 5m or 1h' }
    : { value };
}

/** Text, with what it is in words behind "must be". */
export function text(allowed: string): ValueType<z.ZodString> {
  return {
    title: 'text',
    parse: anyText,
    schema: (zod) => zod.string(allowed).min(1, allowed),
    textOf: String,
  };
}

/** Text of a form. */
export function textLike(pattern: RegExp, allowed: string): ValueType<z.ZodString> {
  const plain = text(allowed);
  return { ...plain, schema: (zod) => plain.schema(zod).regex(pattern, allowed) };
}

export function filePath(allowed: string): ValueType<z.ZodString> {
  return { ...text(allowed), title: 'path', completes: 'file' };
}

/** Text that a check takes or refuses. */
export function checkedText(holds: (given: string) => boolean, allowed: string): ValueType<z.ZodString> {
  const plain = text(allowed);
  return { ...plain, schema: (zod) => plain.schema(zod).refine(holds, allowed) };
}

/** Text that a parser reads, or says what is wrong with. */
export function ruleText(parse: (given: string) => object | string): ValueType<z.ZodString> {
  return {
    title: 'rule',
    parse: anyText,
    schema: (zod) =>
      zod.string('text').superRefine((given, context) => {
        const parsed = parse(given);
        if (typeof parsed === 'string')
          context.addIssue({ code: 'custom', message: parsed, params: RULE_FAULT });
      }),
  };
}

/** Several values of a type, each given by a flag of its own. */
export function listOf<S extends z.ZodType>(
  item: ValueType<S>,
  allowed: string,
  least = 0,
): ValueType<z.ZodArray<S>> {
  return {
    title: `list: ${item.title}`,
    parse: item.parse,
    schema: (zod) => zod.array(item.schema(zod), allowed).min(least, allowed),
    ...(item.completes === undefined ? {} : { completes: item.completes }),
  };
}

export function numberWithin({ least, most, isWhole, allowed }: NumberRange): ValueType<z.ZodNumber> {
  return {
    title: isWhole ? 'whole number' : 'number',
    parse: parseNumber,
    schema: (zod) =>
      (isWhole ? zod.int(allowed) : zod.number(allowed)).min(least, allowed).max(most, allowed),
    textOf: String,
  };
}

export function wholeNumber(least: number, most: number): ValueType<z.ZodNumber> {
  return numberWithin({ least, most, isWhole: true, allowed: `a whole number from ${least} to ${most}` });
}

export function timeAboveZeroMs(most: number): ValueType<z.ZodNumber> {
  const allowed = `a time above 0, at most ${most} ms (${most / 3_600_000}h)`;
  return time((zod) => zod.number(allowed).positive(allowed).max(most, allowed));
}

export function timeMs(most: number): ValueType<z.ZodNumber> {
  const allowed = `a time from 0 to ${most} ms (${most / 3_600_000}h)`;
  return time((zod) => zod.number(allowed).nonnegative(allowed).max(most, allowed));
}

export function timeFromMs(least: number, most: number): ValueType<z.ZodNumber> {
  const allowed = `a time from ${least} ms (${least / 1000}s) to ${most} ms (${most / 3_600_000}h)`;
  return time((zod) => zod.number(allowed).min(least, allowed).max(most, allowed));
}

function time(schema: ValueType<z.ZodNumber>['schema']): ValueType<z.ZodNumber> {
  return { title: 'time', parse: parseDuration, schema, textOf: spanText };
}

/** Spans of time that are drawn; stays text, which is what people read in config.yaml, too. */
export const DURATIONS: ValueType<z.ZodString> = {
  ...checkedText((given) => parseDurations(given) !== undefined, DURATIONS_ALLOWED),
  title: 'time or distribution',
  parse: (given) => (parseDurations(given) === undefined ? { allowed: DURATIONS_ALLOWED } : { value: given }),
};

export const BYTES: ValueType<z.ZodNumber> = {
  ...wholeNumber(0, Number.MAX_SAFE_INTEGER),
  title: 'size',
  parse: (given) => {
    const value = parseBytes(given);
    return value === undefined ? { allowed: 'a size with its unit, such as 512MiB or 4GiB' } : { value };
  },
};

/** One of some words, which may have dashes on the command line where files have underscores. */
export function choice<const T extends readonly string[]>(
  choices: T,
): ValueType<z.ZodEnum<z.core.util.ToEnum<T[number]>>> {
  const shown = choices.map(dashed);
  return {
    title: shown.join(', '),
    parse: (given) => {
      const value = choices.includes(given) ? given : given.replaceAll('-', '_');
      return choices.includes(value) ? { value } : { allowed: `one of ${shown.join(', ')}` };
    },
    schema: (zod) => zod.enum(choices, `one of ${choices.join(', ')}`),
    textOf: dashed,
    completes: shown,
  };
}

function dashed(value: string): string {
  // Names of fields keep their underscores.
  return value.startsWith('max_') ? value : value.replaceAll('_', '-');
}

export const ON_OFF_AUTO = choice(['on', 'off', 'auto']);

/** On the command line on or off, in a file true or false. */
export const ON_OFF: ValueType<z.ZodBoolean> = {
  title: 'on, off',
  parse: (given) =>
    given === 'on' || given === 'off' ? { value: given === 'on' } : { allowed: 'on or off' },
  schema: (zod) => zod.boolean('true or false'),
  textOf: (value: boolean) => (value ? 'on' : 'off'),
  completes: ['on', 'off'],
};
