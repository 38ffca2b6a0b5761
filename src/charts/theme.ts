/** Colours of a chart, as CSS. Any CSS colour does, also `var(--name)` in an SVG that stands in a page. */
export interface ChartTheme {
  /** One a run or line, in this order; told apart by the colour-blind (Okabe and Ito, 2008). */
  readonly colours: readonly string[];
  readonly text: string;
  /** Labels of axes and marks. */
  readonly mutedText: string;
  readonly axisLine: string;
  readonly gridLine: string;
  /** Vertical lines at marks. */
  readonly markLine: string;
  /** Behind a warm-up. */
  readonly shade: string;
  /** Behind the steady state. */
  readonly steady: string;
  /** Stands in the legend for bands, which are tints of their lines. */
  readonly band: string;
  /** Of tooltips and images. */
  readonly background: string;
}

export const LIGHT_THEME: ChartTheme = {
  colours: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'],
  text: '#1b1f24',
  mutedText: '#57606a',
  axisLine: '#8c959f',
  gridLine: '#e4e8ec',
  markLine: '#6e40c9',
  shade: 'rgba(110, 118, 129, 0.12)',
  steady: 'rgba(0, 158, 115, 0.10)',
  band: '#c3c9d0',
  background: '#ffffff',
};

/** The same hues, lighter where they would drown; black becomes white. */
export const DARK_THEME: ChartTheme = {
  colours: ['#56b4e9', '#ff8a3d', '#2fc79a', '#e29ac3', '#f0b429', '#7aa2f7', '#ffffff'],
  text: '#e6edf3',
  mutedText: '#9aa4af',
  axisLine: '#6e7681',
  gridLine: '#2a3038',
  markLine: '#b392f0',
  shade: 'rgba(139, 148, 158, 0.16)',
  steady: 'rgba(47, 199, 154, 0.12)',
  band: '#4a525c',
  background: '#0d1117',
};

/** Dash patterns, px, in step with the colours: no line is told from another by colour alone. */
export const DASHES = [
  [],
  [7, 4],
  [2, 3],
  [10, 3, 2, 3],
  [12, 4],
  [4, 2],
  [1, 2],
] as const satisfies readonly (readonly number[])[];

/** Symbols of runs where dashes tell percentiles apart. */
export const RUN_SYMBOLS = ['circle', 'triangle', 'rect', 'diamond', 'pin', 'arrow', 'roundRect'] as const;
