import { type LengthDistribution, LENGTHS_ALLOWED, parseLengths } from './length-distribution.ts';

/** What prompts to make up. */
export interface SyntheticSpec {
  /** Tokens of the prompt as the server counts it, but for the shared prefix. */
  readonly input: LengthDistribution;
  /** Limit of output tokens; undefined for none. */
  readonly output: LengthDistribution | undefined;
  /** Tokens at the beginning of each prompt that others have too, and how many such beginnings there are. */
  readonly prefix: { readonly tokens: number; readonly count: number } | undefined;
  /** Different prompts. */
  readonly count: number;
}

const KEYS = 'input, output, prefix, count';
const DEFAULT_COUNT = 1000;
const MOST_PROMPTS = 10_000_000;

export const SYNTHETIC_ALLOWED =
  'a description such as "input=1024 output=256", "input=lognormal:1024,0.5 output=uniform:64,512 prefix=2048x16 count=2000"';

/** A description as people write it. Returns what is wrong with it instead. */
export function parseSynthetic(text: string): SyntheticSpec | string {
  const parts = text.trim().split(/\s+/);
  const given = new Map<string, string>();
  for (const part of parts) {
    const [, key, value] = /^([a-z]+)=(.+)$/.exec(part) ?? [];
    if (key === undefined || !KEYS.split(', ').includes(key))
      return `"${part}": say one of ${KEYS}, as in input=1024`;
    if (given.has(key)) return `"${key}" is there twice`;
    given.set(key, value!);
  }
  const inputText = given.get('input');
  if (inputText === undefined) return 'input is missing, the number of tokens of a prompt';
  const input = parseLengths(inputText);
  if (input === undefined) return `"input=${inputText}": lengths are ${LENGTHS_ALLOWED}`;
  const outputText = given.get('output');
  const output = outputText === undefined ? undefined : parseLengths(outputText);
  if (outputText !== undefined && output === undefined)
    return `"output=${outputText}": lengths are ${LENGTHS_ALLOWED}`;
  const prefix = parsePrefix(given.get('prefix'));
  if (typeof prefix === 'string') return prefix;
  const countText = given.get('count') ?? String(DEFAULT_COUNT);
  const count = /^\d{1,8}$/.test(countText) ? Number(countText) : 0;
  if (count < 1 || count > MOST_PROMPTS)
    return `"count=${countText}": must be a whole number from 1 to ${MOST_PROMPTS}`;
  return { input, output, prefix, count };
}

function parsePrefix(text: string | undefined): SyntheticSpec['prefix'] | string {
  if (text === undefined) return undefined;
  const [, tokens, count = '1'] = /^(\d{1,7})(?:x(\d{1,6}))?$/.exec(text) ?? [];
  if (tokens === undefined || Number(tokens) < 1 || Number(count) < 1) {
    return `"prefix=${text}": must be TOKENS, or TOKENSxCOUNT for several beginnings, as in 2048x16`;
  }
  return { tokens: Number(tokens), count: Number(count) };
}
