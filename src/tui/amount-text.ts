import { countText, durationText, numberText, settingText } from '../core/quantity-text.ts';
import { NS_PER_MS, NS_PER_SECOND, NS_PER_US } from '../core/time.ts';

/** What a plotted value is. */
export type AmountUnit = 'ns' | 'tokens' | 'samples' | 'perSecond';

/** A value for the eye, in a unit that suits it. */
export function amountText(value: number, unit: AmountUnit): string {
  if (unit === 'ns') return durationText(value);
  return unit === 'perSecond' ? `${numberText(value)}/s` : countText(value);
}

const TICK_UNITS = [
  { unit: 's', size: NS_PER_SECOND },
  { unit: 'ms', size: NS_PER_MS },
  { unit: 'µs', size: NS_PER_US },
  { unit: 'ns', size: 1 },
] as const;

/** A round value at an axis, as short as it goes: `20 ms`, `1 s`, `500`. */
export function tickText(value: number, unit: 'ns' | 'tokens'): string {
  if (unit === 'tokens') return settingText(value);
  const { unit: shown, size } = TICK_UNITS.find(({ size: floor }) => value >= floor) ?? TICK_UNITS[3];
  return `${settingText(Math.round((value / size) * 1000) / 1000)} ${shown}`;
}
