import { DARK_THEME, LIGHT_THEME, type ChartTheme } from '../charts/theme.ts';

/** Colours of drawings that stand in the page: they follow it from light to dark. */
export const PAGE_THEME: ChartTheme = {
  colours: LIGHT_THEME.colours.map((_, i) => `var(--series-${i})`),
  text: 'var(--text)',
  mutedText: 'var(--muted)',
  axisLine: 'var(--axis)',
  gridLine: 'var(--grid)',
  markLine: 'var(--mark)',
  shade: 'var(--shade)',
  steady: 'var(--steady)',
  band: 'var(--band)',
  background: 'var(--page)',
};

const LIGHT_PAGE = `${variables(LIGHT_THEME)} --card: #f6f8fa; --line: #d0d7de; --valid: #1a7f37; --degraded: #9a6700; --invalid: #cf222e;`;
const DARK_PAGE = `${variables(DARK_THEME)} --card: #161b22; --line: #30363d; --valid: #3fb950; --degraded: #d29922; --invalid: #ff7b72;`;

/** The colours of the page: by the reader's system, light on paper. */
export const COLOURS_CSS = `
:root { color-scheme: light dark; ${LIGHT_PAGE} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK_PAGE} } }`;

function variables(theme: ChartTheme): string {
  return [
    ...theme.colours.map((colour, i) => `--series-${i}: ${colour};`),
    `--text: ${theme.text};`,
    `--muted: ${theme.mutedText};`,
    `--axis: ${theme.axisLine};`,
    `--grid: ${theme.gridLine};`,
    `--mark: ${theme.markLine};`,
    `--shade: ${theme.shade};`,
    `--steady: ${theme.steady};`,
    `--band: ${theme.band};`,
    `--page: ${theme.background};`,
  ].join(' ');
}
