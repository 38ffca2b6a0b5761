import type { RandomSource } from '../../core/random.ts';

/** Lengths in tokens: whole numbers from 1 up. */
export interface LengthDistribution {
  /** The next one. */
  draw(random: RandomSource): number;
  /** What no draw exceeds; Infinity where there is none. */
  readonly most: number;
}

/** A drawn length is between these, whatever the distribution: beyond every model. */
const MOST_TOKENS = 10_000_000;

/** One way for lengths to be spread. A new one is one entry of `DISTRIBUTIONS`. */
interface Distribution {
  readonly form: string;
  /** Undefined for parameters that make no sense. */
  readonly create: (parameters: readonly number[]) => LengthDistribution | undefined;
}

const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  uniform: {
    form: 'uniform:LEAST,MOST',
    create: ([least = NaN, most = NaN, ...rest]) =>
      rest.length === 0 && isLength(least) && isLength(most) && least <= most
        ? { draw: (random) => least + random.below(most - least + 1), most }
        : undefined,
  },
  normal: {
    form: 'normal:MEAN,SD',
    create: ([mean = NaN, deviation = NaN, ...rest]) =>
      rest.length === 0 && mean >= 1 && deviation >= 0
        ? { draw: (random) => redrawn(() => mean + deviation * random.normal()), most: MOST_TOKENS }
        : undefined,
  },
  lognormal: {
    form: 'lognormal:MEDIAN,SIGMA',
    create: ([median = NaN, sigma = NaN, ...rest]) =>
      rest.length === 0 && median >= 1 && sigma >= 0 && sigma <= 5
        ? { draw: (random) => redrawn(() => median * Math.exp(sigma * random.normal())), most: MOST_TOKENS }
        : undefined,
  },
  zipf: {
    form: 'zipf:EXPONENT,MOST',
    create: ([exponent = NaN, most = NaN, ...rest]) =>
      rest.length === 0 && exponent > 0 && exponent <= 10 && isLength(most) && most <= 1_000_000
        ? { draw: zipf(exponent, most), most }
        : undefined,
  },
};

export const LENGTHS_ALLOWED = `a number of tokens, or one of ${Object.values(DISTRIBUTIONS)
  .map(({ form }) => form)
  .join(', ')}`;

/** A distribution as people write it: `1024`, `lognormal:1024,0.5`. Undefined for anything else. */
export function parseLengths(text: string): LengthDistribution | undefined {
  if (/^\d+$/.test(text)) {
    const length = Number(text);
    return isLength(length) ? { draw: () => length, most: length } : undefined;
  }
  const [, name, rest] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  if (name === undefined || !Object.hasOwn(DISTRIBUTIONS, name)) return undefined;
  const parameters = rest!
    .split(',')
    .map((part) => (/^\d+(?:\.\d+)?$/.test(part.trim()) ? Number(part) : NaN));
  return parameters.some(Number.isNaN) ? undefined : DISTRIBUTIONS[name]!.create(parameters);
}

function isLength(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MOST_TOKENS;
}

/** To the nearest token; one below 1, or beyond all models, is drawn again: cut off, it would pile up at the border. */
function redrawn(draw: () => number): number {
  for (;;) {
    const length = Math.round(draw());
    if (length >= 1 && length <= MOST_TOKENS) return length;
  }
}

/** Length n as often as n to the power of −exponent, by a table of the sums. */
function zipf(exponent: number, most: number): LengthDistribution['draw'] {
  let sums: Float64Array | undefined;
  return (random) => {
    if (sums === undefined) {
      sums = new Float64Array(most);
      let sum = 0;
      for (let n = 1; n <= most; n++) sums[n - 1] = sum += n ** -exponent;
    }
    const wanted = random.uniform() * sums[most - 1]!;
    let low = 0;
    for (let high = most - 1; low < high;) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low + 1;
  };
}
