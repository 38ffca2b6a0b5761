import { numberText } from './quantity-text.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes in the unit that suits it, to three significant digits: `512 B`, `1.50 GiB`. */
export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${numberText(bytes / 2 ** (10 * power))} ${UNITS[power]}`;
}
