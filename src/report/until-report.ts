import { durationText } from '../core/quantity-text.ts';
import type { UntilEnd } from '../core/until.ts';
import { untilStatusText } from '../rules/until-text.ts';
import type { Fact } from './own-text.ts';

/** How well the figures were known that could end the run, and whether they did; none for a run without such rules. */
export function untilFacts(until: UntilEnd | null): readonly Fact[] {
  if (until === null) return [];
  const { is_tight: isTight, measured_ns: measuredNs, rules } = until;
  const time = durationText(measuredNs);
  const how = isTight
    ? `ended the run after ${time}, as enough was known`
    : `not enough was known when the run ended after ${time}`;
  return [['Until', `${how}: ${rules.map(untilStatusText).join('; ')}`]];
}

export function untilToJson({ is_tight, at_ns, measured_ns, rules }: UntilEnd) {
  return { ended_the_run: is_tight, at_ns, measured_ns, rules };
}
