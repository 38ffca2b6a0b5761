import { type GoodputFacts, type GoodputPart, readGoodput } from '../core/goodput.ts';
import { countedText, countText, numberText, percentText } from '../core/quantity-text.ts';
import type { Interval } from '../rules/limit.ts';
import { wilsonInterval } from '../stats/wilson-interval.ts';
import type { Fact } from './own-text.ts';

/** Some samples, and how many of them were good. */
export interface GoodShare {
  readonly ended: number;
  readonly good: number;
  /** Null where none ended. */
  readonly share: number | null;
  /** Where the share lies with 95 % confidence. */
  readonly interval: Interval;
}

/** The samples that kept the rule of a run. */
export interface GoodputReport extends GoodShare {
  readonly rule: string;
  /** Over the measured window. */
  readonly goodPerSecond: number | null;
  readonly outputTokensPerSecond: number | null;
  readonly parts: readonly (GoodShare & { readonly dimension: string; readonly name: string })[];
}

/** Null for a run without a rule. */
export function reportGoodput(extras: { readonly [key: string]: unknown }): GoodputReport | null {
  const facts = readGoodput(extras);
  if (facts === undefined) return null;
  return {
    rule: facts.rule,
    ...shareOf(facts),
    goodPerSecond: facts.good_per_second,
    outputTokensPerSecond: facts.output_tokens_per_second,
    parts: facts.parts.map((part) => ({ dimension: part.dimension, name: part.name, ...shareOf(part) })),
  };
}

/** What there is to say of it, a line for the whole run and one for each way to divide its samples. */
export function goodputFacts(goodput: GoodputReport | null): readonly Fact[] {
  if (goodput === null) return [];
  const dimensions = [...new Set(goodput.parts.map(({ dimension }) => dimension))];
  return [
    ['Goodput', goodputText(goodput)],
    ...dimensions.map((dimension): Fact => {
      const parts = goodput.parts.filter((part) => part.dimension === dimension);
      return [`Good by ${dimension}`, parts.map((part) => `${part.name}: ${shareText(part)}`).join('; ')];
    }),
  ];
}

export function goodputToJson(goodput: GoodputReport) {
  return {
    rule: goodput.rule,
    ...shareToJson(goodput),
    good_per_second: goodput.goodPerSecond,
    output_tokens_per_second: goodput.outputTokensPerSecond,
    parts: goodput.parts.map((part) => ({
      dimension: part.dimension,
      name: part.name,
      ...shareToJson(part),
    })),
  };
}

function goodputText(goodput: GoodputReport): string {
  const { rule, ended, good, interval, goodPerSecond, outputTokensPerSecond } = goodput;
  if (ended === 0) return `no sample ended (good: ${rule})`;
  const { low, high } = interval;
  return [
    `${shareText(goodput)} of the samples were good (95 % interval: ${percentText(low!)} to ${percentText(high!)}; ${countText(good)} of ${countedText(ended, 'sample')})`,
    ...(goodPerSecond === null ? [] : [`${numberText(goodPerSecond)} requests/s`]),
    ...(outputTokensPerSecond === null || outputTokensPerSecond === 0
      ? []
      : [`${numberText(outputTokensPerSecond)} output tokens/s`]),
    `good: ${rule}`,
  ].join('; ');
}

function shareText({ share }: GoodShare): string {
  return share === null ? 'none ended' : percentText(share);
}

function shareToJson({ ended, good, share, interval }: GoodShare) {
  return { ended, good, share, interval: [interval.low, interval.high] };
}

function shareOf({ ended, good }: GoodputFacts | GoodputPart): GoodShare {
  if (ended === 0) return { ended, good, share: null, interval: { low: null, high: null } };
  return { ended, good, share: good / ended, interval: wilsonInterval(good, ended) };
}
