const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const EIGHTHS = 8;

/** How the values that share a column become one. */
export type Gather = 'mean' | 'max';

/**
 * Values in at most `width` columns: as many successive ones share a column as it takes, always a whole number of them, so that the
 * picture shrinks now and then and does not shift at every value. Null where a column has none.
 */
export function gather(
  values: readonly (number | null)[],
  width: number,
  how: Gather,
): readonly (number | null)[] {
  const share = valuesAColumn(values.length, width);
  return Array.from({ length: Math.ceil(values.length / share) }, (_, column) => {
    const known = values.slice(column * share, (column + 1) * share).filter((value) => value !== null);
    if (known.length === 0) return null;
    return how === 'max' ? Math.max(...known) : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}

/** How many of `count` values share a column. */
export function valuesAColumn(count: number, width: number): number {
  return Math.max(1, Math.ceil(count / Math.max(1, width)));
}

/** Bars `height` rows high, from the top, scaled from 0 to `highest`; whatever is above 0 shows. */
export function bars(values: readonly (number | null)[], height: number, highest: number): string[] {
  const levels = values.map((value) => barLevel(value, height, highest));
  return Array.from({ length: height }, (_, row) => {
    const below = (height - 1 - row) * EIGHTHS;
    return levels.map((level) => BLOCKS[Math.min(EIGHTHS, Math.max(0, level - below))]!).join('');
  });
}

/** How high a bar is, in eighths of a row. */
export function barLevel(value: number | null, height: number, highest: number): number {
  if (value === null || !(value > 0) || !(highest > 0)) return 0;
  return Math.max(1, Math.round(Math.min(1, value / highest) * height * EIGHTHS));
}

/** The values as one row of small bars, the lowest bar for 0, blank for null. */
export function sparkLine(values: readonly (number | null)[], width: number, how: Gather): string {
  const shown = gather(values, width, how);
  const highest = Math.max(0, ...shown.map((value) => value ?? 0));
  return shown
    .map((value) => {
      if (value === null) return ' ';
      return BLOCKS[highest === 0 ? 1 : Math.max(1, Math.round((value / highest) * EIGHTHS))]!;
    })
    .join('');
}

/** A bar of `width` columns filled to a share of 0 to 1. */
export function progressBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(Math.max(0, width - filled));
}
