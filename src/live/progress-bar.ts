const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A bar of `width` characters filled to a share of 0 to 1. */
export function progressBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(Math.max(0, width - filled));
}

/** The last `width` values as a line of small columns, scaled from 0 to the highest of them. */
export function sparkLine(values: readonly number[], width: number): string {
  const shown = values.slice(Math.max(0, values.length - width));
  const highest = Math.max(0, ...shown);
  return shown
    .map((value) => LEVELS[highest === 0 ? 0 : Math.min(7, Math.floor((value / highest) * 8))]!)
    .join('');
}
