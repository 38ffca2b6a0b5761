/** Input of a golden series that is described and not listed: see "Input generators" in the README of the oracles. */
export interface GeneratedInput {
  readonly generator: string;
  readonly seed: number;
  readonly n: number;
  readonly params: Readonly<Record<string, number>>;
}

type Next = () => bigint;
type Param = (name: string) => bigint;

const TWO_53 = 2n ** 53n;
const MASK_64 = 2n ** 64n - 1n;

/** How each generator makes one value. */
const GENERATORS: Readonly<Record<string, (next: Next, param: Param) => number>> = {
  uniform_int: (next, param) => Number(uniform(next, param('lo'), param('hi'))),
  pareto_int: (next, param) => {
    const value = (param('scale') * TWO_53) / (next() + 1n);
    return Number(value < param('cap') ? value : param('cap'));
  },
  cascade_int: (next, param) => {
    const shift = param('shift');
    let value = param('base');
    for (let round = 0n; round < param('rounds'); round++) {
      value = (value * ((1n << (shift - 1n)) + (next() % (1n << shift)))) >> shift;
    }
    return Number(value > 1n ? value : 1n);
  },
  mixture_int: (next, param) => {
    const choice = next();
    const mixed = choice % param('every') === 0n ? '2' : '1';
    return Number(uniform(next, param(`lo${mixed}`), param(`hi${mixed}`)));
  },
  unit_float: (next) => Number(next()) / Number(TWO_53),
  ratio_float: (next, param) => {
    const dividend = uniform(next, param('lo'), param('hi'));
    return Number(dividend) / Number(uniform(next, param('dlo'), param('dhi')));
  },
};

/** The values of a golden series. Throws for a generator that is not known. */
export function generateValues(input: GeneratedInput): number[] {
  const generate = GENERATORS[input.generator];
  if (generate === undefined) throw new Error(`unknown generator ${input.generator}`);
  const next = congruential(BigInt(input.seed));
  const param = (name: string) => BigInt(input.params[name]!);
  return Array.from({ length: input.n }, () => generate(next, param));
}

/** 53 random bits a call. */
function congruential(seed: bigint): Next {
  let state = seed;
  return () => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) & MASK_64;
    return state >> 11n;
  };
}

function uniform(next: Next, low: bigint, high: bigint): bigint {
  return low + (next() % (high - low + 1n));
}
