/** What a label is placed for: a moment on the axis, px from the left edge of the drawing. */
export interface LabelAnchor {
  readonly x: number;
  readonly text: string;
  /** Shown where the text has no room. */
  readonly sign: string;
}

export interface PlacedLabel {
  /** Empty when not even the sign has room. */
  readonly text: string;
  /** Rows are counted from the plot upwards. */
  readonly row: number;
  /** Which edge of the text stands at the moment. */
  readonly align: 'left' | 'right';
}

export const LABEL_ROW_HEIGHT = 14;
const MOST_ROWS = 3;
const LETTER_WIDTH = 6.6;
const GAP = 8;

/**
 * Places labels above a plot so that none stands on another: each in the lowest row with room for it, else as a sign, else not at all.
 * `anchors` in the order of x; `right` is the last px there is. Pure.
 */
export function placeLabels(anchors: readonly LabelAnchor[], right: number): readonly PlacedLabel[] {
  const ends = Array.from({ length: MOST_ROWS }, () => -Infinity);
  return anchors.map(({ x, text, sign }) => {
    for (const shown of [text, sign]) {
      const width = [...shown].length * LETTER_WIDTH;
      const align = x + width <= right ? 'left' : 'right';
      const [from, to] = align === 'left' ? [x, x + width] : [x - width, x];
      const row = ends.findIndex((end) => end + GAP <= from);
      if (row < 0) continue;
      ends[row] = to;
      return { text: shown, row, align };
    }
    return { text: '', row: 0, align: 'left' };
  });
}

/** What the labels take above the plot, px. */
export function labelsHeight(labels: readonly PlacedLabel[]): number {
  const rows = labels.map(({ text, row }) => (text === '' ? 0 : row + 1));
  return LABEL_ROW_HEIGHT * Math.max(0, ...rows);
}
