import { z } from 'zod';

// Kinds of values in a configuration of MLCommons endpoints. As theirs does, each takes a number, true and false also as text.

/** Text that looks like a number is one. */
function fromText(given: unknown): unknown {
  return typeof given === 'string' && /^[+-]?\d+(\.\d+)?$/.test(given.trim()) ? Number(given) : given;
}

export function whole(least: number, allowed: string, most = Number.MAX_SAFE_INTEGER) {
  return z.preprocess(fromText, z.int(allowed).min(least, allowed).max(most, allowed));
}

export function real(allowed: string, holds: (value: number) => boolean = () => true) {
  return z.preprocess(fromText, z.number(allowed).refine(holds, allowed));
}

/** Seeds may be larger than a number holds exactly: then they are bigints. */
export function seed() {
  const allowed = 'a whole number';
  return z.preprocess(fromText, z.union([z.int(allowed), z.bigint(allowed)], allowed));
}

export function yesNo() {
  const words: Readonly<Record<string, boolean>> = { true: true, false: false };
  return z.preprocess(
    (given) => (typeof given === 'string' ? (words[given.toLowerCase()] ?? given) : given),
    z.boolean('true or false'),
  );
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Milliseconds, also as text with a unit: `600s`, `10m`. */
export function milliseconds() {
  const allowed = 'milliseconds from 0, or a time such as 1500ms, 600s or 10m';
  const read = (given: unknown) => {
    if (typeof given !== 'string') return given;
    const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(given.trim()) ?? [];
    return number === undefined ? given : Number(number) * MS_PER_UNIT[unit ?? 'ms']!;
  };
  return z.preprocess(read, z.int(allowed).min(0, allowed));
}

export function oneOf<const T extends readonly string[]>(...words: T) {
  return z.enum(words, `one of ${words.join(', ')}`);
}

export function group<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, 'keys and values');
}
