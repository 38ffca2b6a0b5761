import type { RandomSource } from '../../core/random.ts';
import { isExponent, zipfRank } from './length-distribution.ts';

/** Texts of one length that prompts share. */
export interface TextPool {
  /** Of each. */
  readonly tokens: number;
  /** Different ones. */
  readonly count: number;
  /** Number of the next one, from 0. */
  pick(random: RandomSource): number;
}

export const POOL_ALLOWED =
  'TOKENS, or TOKENSxCOUNT for several, as in 2048x16, or with a popularity, as in 2048x16,zipf:1.1';

/** Undefined for text that describes none. */
export function parseTextPool(text: string): TextPool | undefined {
  const [, tokensText, countText = '1', exponentText] =
    /^(\d{1,7})(?:x(\d{1,6}))?(?:,zipf:(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  const [tokens, count] = [Number(tokensText), Number(countText)];
  if (tokensText === undefined || tokens < 1 || count < 1) return undefined;
  if (exponentText === undefined) return { tokens, count, pick: (random) => random.below(count) };
  if (!isExponent(Number(exponentText))) return undefined;
  const rank = zipfRank(Number(exponentText), count);
  return { tokens, count, pick: (random) => rank(random.uniform()) - 1 };
}
