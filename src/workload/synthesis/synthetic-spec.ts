import { type LengthDistribution, LENGTHS_ALLOWED, parseLengths } from './length-distribution.ts';
import {
  correlatedPairs,
  independentPairs,
  type LengthPairs,
  MIXTURE_FORM,
  parseMixture,
} from './length-pairs.ts';
import { parseTextPool, POOL_ALLOWED, type TextPool } from './text-pool.ts';

/** What prompts to make up. */
export interface SyntheticSpec {
  /**
   * Tokens of a prompt as the server counts it, but for prefix and system prompt, and the limit of its output tokens; or the file that lists
   * such pairs.
   */
  readonly lengths: LengthPairs | { readonly file: string };
  /** Tokens at the beginning of a prompt that others have too. */
  readonly prefix: TextPool | undefined;
  /** System prompts. */
  readonly system: TextPool | undefined;
  /** Turns of a conversation; undefined for single requests. */
  readonly turns: LengthDistribution | undefined;
  /** The file whose text prompts are excerpts of; undefined for random words. */
  readonly text: string | undefined;
  /** Different prompts, or conversations. */
  readonly count: number;
}

/** The parts of a description; undefined where one was not given. */
type Parts = Partial<Record<(typeof KEYS)[number], string>>;

const KEYS = [
  'input',
  'output',
  'correlation',
  'lengths',
  'prefix',
  'system',
  'turns',
  'text',
  'count',
] as const;
const DEFAULT_COUNT = 1000;
const MOST_PROMPTS = 10_000_000;
/** Beyond every conversation. */
const MOST_TURNS = 1000;
/** Text without spaces, or in quotes. */
const PART = /(?:"[^"]*"|[^\s"])+/g;

export const SYNTHETIC_ALLOWED =
  'a description such as "input=1024 output=256", "input=lognormal:1024,0.5 output=uniform:64,512 prefix=2048x16 count=2000"';

/** A description as people write it. Returns what is wrong with it instead. */
export function parseSynthetic(text: string): SyntheticSpec | string {
  const parts = partsOf(text);
  if (typeof parts === 'string') return parts;
  const lengths = lengthsOf(parts);
  if (typeof lengths === 'string') return lengths;
  const [prefix, system] = [parts.prefix, parts.system].map((one) =>
    one === undefined ? undefined : parseTextPool(one),
  );
  for (const [key, pool] of Object.entries({ prefix, system })) {
    const given = parts[key as 'prefix' | 'system'];
    if (given !== undefined && pool === undefined) return `"${key}=${given}": must be ${POOL_ALLOWED}`;
  }
  const turns = parts.turns === undefined ? undefined : parseLengths(parts.turns);
  if (parts.turns !== undefined && (turns === undefined || turns.most > MOST_TURNS))
    return `"turns=${parts.turns}": must be a number from 1 to ${MOST_TURNS}, or a distribution up to it such as uniform:2,6`;
  const countText = parts.count ?? String(DEFAULT_COUNT);
  const count = /^\d{1,8}$/.test(countText) ? Number(countText) : 0;
  if (count < 1 || count > MOST_PROMPTS)
    return `"count=${countText}": must be a whole number from 1 to ${MOST_PROMPTS}`;
  return { lengths, prefix, system, turns, text: parts.text, count };
}

function partsOf(text: string): Parts | string {
  const parts: Parts = {};
  for (const part of text.match(PART) ?? ['']) {
    const [, name, value] = /^([a-z]+)=(.+)$/.exec(part.replaceAll('"', '')) ?? [];
    const key = KEYS.find((one) => one === name);
    if (key === undefined) return `"${part}": say one of ${KEYS.join(', ')}, as in input=1024`;
    if (parts[key] !== undefined) return `"${key}" is there twice`;
    parts[key] = value!;
  }
  return parts;
}

function lengthsOf({ input, output, correlation, lengths }: Parts): SyntheticSpec['lengths'] | string {
  if (lengths !== undefined) {
    const other = Object.entries({ input, output, correlation }).find(([, value]) => value !== undefined);
    if (other !== undefined) return `"lengths" says what "${other[0]}" says; give one of them`;
    const [, file] = /^empirical:(.+)$/.exec(lengths) ?? [];
    if (file !== undefined) return { file };
    const mixture = parseMixture(lengths);
    return typeof mixture === 'string'
      ? `"lengths=${lengths}": must be empirical:FILE or ${MIXTURE_FORM}; ${mixture}`
      : mixture;
  }
  if (input === undefined) return 'input is missing, the number of tokens of a prompt';
  const inputs = parseLengths(input);
  if (inputs === undefined) return `"input=${input}": lengths are ${LENGTHS_ALLOWED}`;
  const outputs = output === undefined ? undefined : parseLengths(output);
  if (output !== undefined && outputs === undefined)
    return `"output=${output}": lengths are ${LENGTHS_ALLOWED}`;
  if (correlation === undefined) return independentPairs(inputs, outputs);
  if (!/^-?(?:0?\.\d+|[01](?:\.0*)?)$/.test(correlation))
    return `"correlation=${correlation}": must be a number from -1 to 1`;
  if (outputs === undefined) return `"correlation=${correlation}" needs output, too`;
  const pairs = correlatedPairs(inputs, outputs, Number(correlation));
  return typeof pairs === 'string' ? `"correlation=${correlation}": ${pairs}` : pairs;
}
