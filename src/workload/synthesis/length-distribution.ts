import type { RandomSource } from '../../core/random.ts';
import { normalCdf } from '../../stats/normal-cdf.ts';

/** Lengths in tokens: whole numbers from 1 up. */
export interface LengthDistribution {
  /** The next one. */
  draw(random: RandomSource): number;
  /**
   * The length at a score of the standard normal distribution: the same share of all lengths is below it as of scores below the score. NaN where
   * no such length is used. Undefined for a distribution of one value.
   */
  readonly atScore: ((score: number) => number) | undefined;
  /** What no draw exceeds; Infinity where there is none. */
  readonly most: number;
}

/** A drawn length is between these, whatever the distribution: beyond every model. */
export const MOST_TOKENS = 10_000_000;

/** One way for lengths to be spread. A new one is one entry of `DISTRIBUTIONS`. */
interface Distribution {
  readonly form: string;
  /** Undefined for parameters that make no sense. */
  readonly create: (parameters: readonly number[]) => LengthDistribution | undefined;
}

const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  uniform: {
    form: 'uniform:LEAST,MOST',
    create: ([least = NaN, most = NaN, ...rest]) => {
      if (rest.length > 0 || !isLength(least) || !isLength(most) || least > most) return undefined;
      const count = most - least + 1;
      const atScore = (score: number) => least + Math.min(count - 1, Math.floor(normalCdf(score) * count));
      return { draw: (random) => least + random.below(count), atScore, most };
    },
  },
  normal: {
    form: 'normal:MEAN,SD',
    create: ([mean = NaN, deviation = NaN, ...rest]) =>
      rest.length === 0 && mean >= 1 && mean <= MOST_TOKENS && deviation >= 0 && deviation <= MOST_TOKENS
        ? ofScores((score) => mean + deviation * score)
        : undefined,
  },
  lognormal: {
    form: 'lognormal:MEDIAN,SIGMA',
    create: ([median = NaN, sigma = NaN, ...rest]) =>
      rest.length === 0 && median >= 1 && median <= MOST_TOKENS && sigma >= 0 && sigma <= 5
        ? ofScores((score) => median * Math.exp(sigma * score))
        : undefined,
  },
  zipf: {
    form: 'zipf:EXPONENT,MOST',
    create: ([exponent = NaN, most = NaN, ...rest]) => {
      if (rest.length > 0 || !isExponent(exponent) || !isLength(most) || most > 1_000_000) return undefined;
      const rank = zipfRank(exponent, most);
      return {
        draw: (random) => rank(random.uniform()),
        atScore: (score) => rank(Math.min(normalCdf(score), 1 - Number.EPSILON)),
        most,
      };
    },
  },
};

const FORMS = Object.values(DISTRIBUTIONS).map(({ form }) => form);

export const LENGTHS_ALLOWED = `a number of tokens, or one of ${FORMS.join(', ')}`;

/** A distribution as people write it: `1024`, `lognormal:1024,0.5`. Undefined for anything else. */
export function parseLengths(text: string): LengthDistribution | undefined {
  if (/^\d+$/.test(text)) {
    const length = Number(text);
    return isLength(length) ? { draw: () => length, atScore: undefined, most: length } : undefined;
  }
  const [, name, rest] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  if (name === undefined || !Object.hasOwn(DISTRIBUTIONS, name)) return undefined;
  const parameters = rest!
    .split(',')
    .map((part) => (/^\d+(?:\.\d+)?$/.test(part.trim()) ? Number(part) : NaN));
  return parameters.some(Number.isNaN) ? undefined : DISTRIBUTIONS[name]!.create(parameters);
}

export function isLength(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MOST_TOKENS;
}

export function isExponent(value: number): boolean {
  return value > 0 && value <= 10;
}

/** To the nearest token; one below 1, or beyond all models, is drawn again: cut off, it would pile up at the border. */
function ofScores(lengthAt: (score: number) => number): LengthDistribution {
  const atScore = (score: number) => {
    const length = Math.round(lengthAt(score));
    return isLength(length) ? length : NaN;
  };
  const draw = (random: RandomSource) => {
    for (;;) {
      const length = atScore(random.normal());
      if (!Number.isNaN(length)) return length;
    }
  };
  return { draw, atScore, most: MOST_TOKENS };
}

/**
 * From a share in [0, 1) to a rank from 1 to `most`: rank n as often as n to the power of −exponent. By a table of the sums, made when it is
 * needed first.
 */
export function zipfRank(exponent: number, most: number): (share: number) => number {
  let sums: Float64Array | undefined;
  return (share) => {
    if (sums === undefined) {
      sums = new Float64Array(most);
      let sum = 0;
      for (let n = 1; n <= most; n++) sums[n - 1] = sum += n ** -exponent;
    }
    const wanted = share * sums[most - 1]!;
    let low = 0;
    for (let high = most - 1; low < high;) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low + 1;
  };
}
