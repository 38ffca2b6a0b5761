/** The values of a number that a person may set. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  /** The range in words, as in `a number above 0, at most 10`. */
  readonly allowed: string;
}

/** Beyond every machine. */
const MAX_RATE_PER_SECOND = 10_000_000;
/** About one in the longest run. */
const MIN_RATE_PER_SECOND = 0.000_000_1;
/** Requests in flight and connections at most: beyond every machine. */
export const MAX_IN_FLIGHT = 1_000_000;

/** Arrivals a second, from the command line as from whoever steers a run. */
export const RATE_PER_SECOND: NumberRange = {
  least: MIN_RATE_PER_SECOND,
  most: MAX_RATE_PER_SECOND,
  isWhole: false,
  allowed: `a number above 0, at most ${MAX_RATE_PER_SECOND}`,
};

/** Samples in flight, from the command line as from whoever steers a run. */
export const CONCURRENCY: NumberRange = {
  least: 1,
  most: MAX_IN_FLIGHT,
  isWhole: true,
  allowed: `a whole number from 1 to ${MAX_IN_FLIGHT}`,
};

/** How many times as fast as it was recorded a trace may be replayed. */
export const REPLAY_SPEED: NumberRange = {
  least: 0.000_001,
  most: 1_000_000,
  isWhole: false,
  allowed: 'a number above 0, at most 1000000',
};

/** Longest note that marks a moment of a run, UTF-16 units. */
export const MAX_NOTE_LENGTH = 200;

export function isWithin({ least, most, isWhole }: NumberRange, value: unknown): value is number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) return false;
  return !isWhole || Number.isInteger(value);
}

/** The value of the range that is closest. */
export function clampTo({ least, most }: NumberRange, value: number): number {
  return Math.min(most, Math.max(least, value));
}

/** What servers may cost an hour, in any currency. */
export const PRICE_PER_HOUR: NumberRange = {
  least: 0.000_001,
  most: 1_000_000_000,
  isWhole: false,
  allowed: 'a number above 0, at most 1000000000',
};
