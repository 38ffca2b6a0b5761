import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InferometerError } from './errors.ts';
import { RandomSource } from './random.ts';

/** What CPython 3.11 draws: three words, `_randbelow` of BOUNDS, a shuffle of 0…7, `expovariate(0.25)`, the 2000th word after. */
const BOUNDS = [1, 2, 3, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];
const CPYTHON: readonly (readonly [bigint, number[], number[], number[], number, number])[] = [
  [
    0n,
    [3626764237, 1654615998, 3255389356],
    [0, 0, 1, 2087043557, 1739178872, 3564191072, 4156669319, 5254636326428591],
    [6, 7, 0, 5, 2, 1, 4, 3],
    17.451783670160882,
    3241643637,
  ],
  [
    -42n,
    [2746317213, 478163327, 107420369],
    [0, 0, 0, 599310825, 3163119785, 2342331444, 2536146025, 268388347865331],
    [5, 3, 2, 0, 4, 6, 7, 1],
    5.035400411166327,
    3379257051,
  ],
  [
    4294967296n,
    [485306839, 1508871100, 1794561286],
    [0, 0, 2, 1423829729, 3598510188, 1940533316, 593069562, 8470254548583753],
    [0, 7, 1, 3, 5, 2, 4, 6],
    0.7028974005269198,
    217721097,
  ],
  [
    9007199254740991n,
    [404802386, 2407860725, 957238923],
    [0, 0, 0, 416156196, 92468375, 2064941710, 149947005, 345592044653509],
    [2, 0, 7, 1, 4, 3, 6, 5],
    13.268039517727788,
    4261925323,
  ],
  [
    18446744073709563961n,
    [2632172, 2355889752, 3906953032],
    [0, 1, 0, 2093141020, 4201477701, 2796368307, 2715801199, 4192074814839139],
    [5, 0, 4, 2, 3, 7, 6, 1],
    10.285713465809296,
    3427783823,
  ],
  [
    3n ** 500n,
    [3464672862, 2957880885, 748414440],
    [0, 0, 0, 274510475, 259271450, 1979762400, 3111815366, 1960345909685383],
    [2, 1, 3, 7, 0, 6, 5, 4],
    2.466951544269862,
    3456933756,
  ],
];

describe('RandomSource', () => {
  test.each(CPYTHON)(
    'draws what CPython draws for seed %s',
    (seed, words, below, order, exponential, last) => {
      const random = new RandomSource(seed);
      expect(words.map(() => random.next32())).toEqual(words);
      expect(BOUNDS.map((bound) => random.below(bound))).toEqual(below);
      const items = [0, 1, 2, 3, 4, 5, 6, 7];
      random.shuffle(items);
      expect(items).toEqual(order);
      expect(random.exponential(0.25)).toBe(exponential);
      for (let i = 0; i < 1999; i++) random.next32();
      expect(random.next32()).toBe(last);
    },
  );

  test('takes a seed as number or bigint alike', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (seed) => {
        expect(new RandomSource(seed).next32()).toBe(new RandomSource(BigInt(seed)).next32());
      }),
    );
  });

  test('draws below any bound', () => {
    const random = new RandomSource(1);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (bound) => {
        const drawn = random.below(bound);
        expect(Number.isSafeInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true);
      }),
    );
  });

  test('normal draws have mean 0 and deviation 1', () => {
    const random = new RandomSource(5);
    const draws = Array.from({ length: 20_000 }, () => random.normal());
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const deviation = Math.sqrt(draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length);
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(deviation - 1)).toBeLessThan(0.03);
  });

  test.each([0.5, Number.NaN, Infinity, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => new RandomSource(seed)).toThrow(InferometerError);
  });

  test.each([0, -1, Number.NaN, 2 ** 53])('refuses to draw below %s', (bound) => {
    expect(() => new RandomSource(1).below(bound)).toThrow('must be from 1 to');
  });
});
