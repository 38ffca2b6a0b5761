import { assertNever, InferometerError } from '../core/errors.ts';
import type { RandomSource } from '../core/random.ts';
import { NS_PER_MS } from '../core/time.ts';

/** How a quantity of the mock server varies from one draw to the next. */
export type Distribution =
  | { readonly kind: 'fixed'; readonly value: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly standardDeviation: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number };

/** How fast the mock server answers, and how much. */
export interface LatencyModel {
  /** From the request's last byte to the first token, ms. */
  readonly ttftMs: Distribution;
  /** From one token to the next, ms. */
  readonly interTokenMs: Distribution;
  readonly outputTokens: Distribution;
}

export const DEFAULT_LATENCY_MODEL: LatencyModel = {
  ttftMs: { kind: 'lognormal', median: 80, sigma: 0.4 },
  interTokenMs: { kind: 'normal', mean: 10, standardDeviation: 2 },
  outputTokens: { kind: 'lognormal', median: 60, sigma: 0.5 },
};

/**
 * Reads `fixed:20` (or `20`), `normal:MEAN,SD` or `lognormal:MEDIAN,SIGMA`; `name` is what the value is for, such as a flag.
 *
 * Throws `INFEROMETER_MOCK_DISTRIBUTION` (input) that says what is allowed and what was given.
 */
export function parseDistribution(name: string, text: string): Distribution {
  const match = /^(?:(fixed|normal|lognormal):)?([^,]+)(?:,([^,]+))?$/.exec(text.trim());
  const kind = match?.[1] ?? 'fixed';
  const numbers = [match?.[2], match?.[3]].filter((part) => part !== undefined).map(numberOf);
  const [first, second] = numbers;
  if (numbers.every((number) => number >= 0 && number <= LARGEST) && first !== undefined) {
    if (kind === 'fixed' && second === undefined) return { kind, value: first };
    if (kind === 'normal' && second !== undefined) return { kind, mean: first, standardDeviation: second };
    if (kind === 'lognormal' && second !== undefined && second <= LARGEST_SIGMA)
      return { kind, median: first, sigma: second };
  }
  throw new InferometerError(
    'INFEROMETER_MOCK_DISTRIBUTION',
    'input',
    `${name} must be fixed:N, normal:MEAN,SD or lognormal:MEDIAN,SIGMA with numbers from 0 to ${LARGEST} (SIGMA to ${LARGEST_SIGMA}; got "${text}")`,
  );
}

/** More tokens would not fit, and longer times would not end. */
const LARGEST = 1_000_000;
const LARGEST_SIGMA = 10;

function numberOf(text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : Number.NaN;
}

/** A draw, at least 0; a fixed quantity takes nothing from the random source. */
export function drawFrom(distribution: Distribution, random: RandomSource): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.value;
    case 'normal':
      return Math.max(0, distribution.mean + distribution.standardDeviation * random.normal());
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma * random.normal());
    default:
      return assertNever(distribution);
  }
}

/** One answer as it was drawn: the length of the list is the number of tokens. */
export interface AnswerTiming {
  /** When each token is due, ns after the request arrived. */
  readonly tokenDueNs: Float64Array;
  /** Whether the client's limit cut the answer short. */
  readonly limited: boolean;
}

/**
 * Draws one answer whole, so that what a request gets depends on its place in the order of arrival and on nothing that
 * happens meanwhile. At least one token.
 */
export function drawAnswer(model: LatencyModel, tokenLimit: number, random: RandomSource): AnswerTiming {
  const wantedTokens = Math.min(LARGEST, Math.max(1, Math.round(drawFrom(model.outputTokens, random))));
  const tokenDueNs = new Float64Array(Math.min(wantedTokens, tokenLimit));
  let dueMs = drawFrom(model.ttftMs, random);
  for (let token = 0; token < tokenDueNs.length; token++) {
    if (token > 0) dueMs += drawFrom(model.interTokenMs, random);
    tokenDueNs[token] = dueMs * NS_PER_MS;
  }
  return { tokenDueNs, limited: wantedTokens > tokenLimit };
}
