import { numberText, settingText } from '../core/quantity-text.ts';
import type { Capacity } from './capacity-search.ts';

/** `requests/s` or `requests in flight`, of so many. */
export function loadUnit(load: number, isWhole: boolean): string {
  const requests = load === 1 ? 'request' : 'requests';
  return isWhole ? `${requests} in flight` : `${requests}/s`;
}

/** The answer of a search for a capacity in plain words. */
export function capacityText(
  { place, value, low, high, isSharp }: Capacity,
  range: { readonly low: number; readonly high: number; readonly isWhole: boolean },
  slos: readonly string[],
): readonly string[] {
  const unit = (one: number) => loadUnit(one, range.isWhole);
  const text = (load: number) => (range.isWhole ? settingText(Math.round(load)) : numberText(load));
  const limits = `with ${slos.join(' and ')}`;
  switch (place) {
    case 'below':
      return [`The server does not carry ${settingText(range.low)} ${unit(range.low)} ${limits}.`];
    case 'beyond':
      return [
        `The server carries at least ${settingText(range.high)} ${unit(range.high)} ${limits}; the search ended there.`,
      ];
    case 'open':
      return value === null
        ? ['The search has not found a load that misses the SLOs yet.']
        : [`So far: about ${text(value)} ${unit(value)} (${text(low!)}–${text(high!)}, 95 %) ${limits}.`];
    case 'found':
      return [
        `The server carries ${text(value!)} ${unit(value!)} (${text(low!)}–${text(high!)}, 95 %) ${limits}.`,
        ...(isSharp
          ? []
          : [
              'The interval is wide because the same load was met at times and missed at others; a longer --probe-duration narrows it.',
            ]),
      ];
  }
}
