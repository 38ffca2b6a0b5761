import type { RandomSource } from './random.ts';
import { NS_PER_SECOND } from './time.ts';

/** Where random numbers come from: a sequence, or the numbers of a key (`KeyedRandom`). */
export type DurationRandom = Pick<RandomSource, 'uniform' | 'normal'>;

/** How durations are spread, as plain data. A new one is one entry of `DURATION_DISTRIBUTIONS`. */
export interface DurationDistribution {
  readonly name: DurationDistributionName;
  /** Durations in ns and plain numbers, in the order of its form. */
  readonly parameters: readonly number[];
}

interface Kind {
  /** As people write it. */
  readonly form: string;
  /** Of each parameter: a duration, or a number. */
  readonly parameters: readonly ('duration' | 'number')[];
  readonly isFit: (parameters: readonly number[]) => boolean;
  readonly draw: (parameters: readonly number[], random: DurationRandom) => number;
}

/** No draw is longer: a day in which nothing happens says that a parameter is wrong. */
const MOST_NS = 86_400 * NS_PER_SECOND;

export const DURATION_DISTRIBUTIONS = {
  fixed: {
    form: 'fixed:TIME',
    parameters: ['duration'],
    isFit: () => true,
    draw: ([ns = 0]) => ns,
  },
  uniform: {
    form: 'uniform:LEAST,MOST',
    parameters: ['duration', 'duration'],
    isFit: ([least = 0, most = 0]) => least <= most,
    draw: ([least = 0, most = 0], random) => least + random.uniform() * (most - least),
  },
  exponential: {
    form: 'exponential:MEAN',
    parameters: ['duration'],
    isFit: () => true,
    draw: ([mean = 0], random) => -Math.log1p(-random.uniform()) * mean,
  },
  lognormal: {
    form: 'lognormal:MEDIAN,SIGMA',
    parameters: ['duration', 'number'],
    isFit: ([, sigma = 0]) => sigma <= 5,
    draw: ([median = 0, sigma = 0], random) => median * Math.exp(sigma * random.normal()),
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type DurationDistributionName = keyof typeof DURATION_DISTRIBUTIONS;

/** The next duration, whole ns. */
export function drawDurationNs({ name, parameters }: DurationDistribution, random: DurationRandom): number {
  const kind: Kind = DURATION_DISTRIBUTIONS[name];
  return Math.round(Math.min(MOST_NS, kind.draw(parameters, random)));
}

export const DURATIONS_ALLOWED = `a duration such as 2s, or one of ${Object.values(DURATION_DISTRIBUTIONS)
  .map(({ form }) => form)
  .join(', ')}`;

/**
 * A distribution as people write it: `2s`, `lognormal:8s,0.6`. `parseNs` reads a duration with its unit. Undefined for anything else, and for
 * parameters that make no sense.
 */
export function parseDurations(
  text: string,
  parseNs: (text: string) => number | undefined,
): DurationDistribution | undefined {
  const [, name = 'fixed', rest = text] = /^([a-z]+):(.*)$/.exec(text) ?? [];
  if (!isName(name)) return undefined;
  const kind: Kind = DURATION_DISTRIBUTIONS[name];
  const parts = rest.split(',').map((part) => part.trim());
  if (parts.length !== kind.parameters.length) return undefined;
  const parameters = parts.map((part, index) =>
    kind.parameters[index] === 'duration'
      ? parseNs(part)
      : /^\d+(?:\.\d+)?$/.test(part)
        ? Number(part)
        : undefined,
  );
  if (!parameters.every((value) => value !== undefined) || !kind.isFit(parameters)) return undefined;
  return { name, parameters };
}

function isName(name: string): name is DurationDistributionName {
  return Object.hasOwn(DURATION_DISTRIBUTIONS, name);
}
