import { numberText } from '../core/quantity-text.ts';
import type { WorkDone } from './energy-report.ts';
import type { GoodputReport } from './goodput-report.ts';
import type { Fact } from './own-text.ts';

/** What a run's work costs, in the currency of the price; null where nothing of it was done, or where it was not counted. */
export interface CostReport {
  readonly pricePerHour: number;
  readonly window: WorkDone['window'];
  readonly perThousandRequests: number | null;
  /** Of a million tokens: those that came out, and those that came out or went in. */
  readonly perMillionOutputTokens: number | null;
  readonly perMillionTokens: number | null;
  /** Counting good samples only, over the measured window; null without a rule for them. */
  readonly perThousandGoodRequests: number | null;
  readonly perMillionGoodOutputTokens: number | null;
}

const SECONDS_PER_HOUR = 3600;

/** `meanInputTokens`: of a request, null where they were not counted. Null without a price, and for a run too short to tell. */
export function reportCost(
  pricePerHour: number | null,
  done: WorkDone | null,
  meanInputTokens: number | null,
  goodput: GoodputReport | null,
): CostReport | null {
  if (pricePerHour === null || done === null) return null;
  const { window, requestsPerSecond, outputTokensPerSecond } = done;
  const costOf = (count: number, perSecond: number | null) =>
    perSecond !== null && perSecond > 0 ? (pricePerHour / SECONDS_PER_HOUR / perSecond) * count : null;
  const inputPerSecond = meanInputTokens === null ? null : meanInputTokens * requestsPerSecond;
  return {
    ...{ pricePerHour, window },
    perThousandRequests: costOf(1e3, requestsPerSecond),
    perMillionOutputTokens: costOf(1e6, outputTokensPerSecond),
    perMillionTokens:
      inputPerSecond === null || outputTokensPerSecond === null
        ? null
        : costOf(1e6, inputPerSecond + outputTokensPerSecond),
    perThousandGoodRequests: costOf(1e3, goodput?.goodPerSecond ?? null),
    perMillionGoodOutputTokens: costOf(1e6, goodput?.outputTokensPerSecond ?? null),
  };
}

export function costFacts(cost: CostReport | null): readonly Fact[] {
  if (cost === null) return [];
  const parts: readonly (readonly [cost: number | null, what: string])[] = [
    [cost.perMillionOutputTokens, 'million output tokens'],
    [cost.perMillionTokens, 'million input and output tokens'],
    [cost.perThousandRequests, 'thousand requests'],
    [cost.perMillionGoodOutputTokens, 'million good output tokens'],
    [cost.perThousandGoodRequests, 'thousand good requests'],
  ];
  const told = parts.flatMap(([one, what]) => (one === null ? [] : [`${numberText(one)} per ${what}`]));
  const isGoodElsewhere = cost.perThousandGoodRequests !== null && cost.window !== 'measured window';
  const good = isGoodElsewhere ? ' (good ones over the measured window)' : '';
  const basis = `at ${cost.pricePerHour} per hour, over the ${cost.window}${good}`;
  return [
    [
      'Cost',
      told.length === 0 ? `unknown, as nothing was completed (${basis})` : `${told.join('; ')}; ${basis}`,
    ],
  ];
}

export function costToJson(cost: CostReport) {
  return {
    price_per_hour: cost.pricePerHour,
    window: cost.window.replace(' ', '_'),
    per_thousand_requests: cost.perThousandRequests,
    per_million_output_tokens: cost.perMillionOutputTokens,
    per_million_tokens: cost.perMillionTokens,
    per_thousand_good_requests: cost.perThousandGoodRequests,
    per_million_good_output_tokens: cost.perMillionGoodOutputTokens,
  };
}
