import { COLOURS_CSS } from './page-theme.ts';

/** From this width on drawings are shown wide, px; below, narrow ones. */
const WIDE_FROM = 700;

/** The style of the page: one column on a phone and on paper, two for distributions on a screen. */
export const PAGE_CSS = `${COLOURS_CSS}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 24px 20px 48px; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 22px; margin: 0 0 2px; }
h2 { font-size: 18px; margin: 36px 0 10px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
h3 { font-size: 15px; margin: 0; }
p { margin: 6px 0; }
a { color: var(--series-0); }
.muted, figcaption p { color: var(--muted); font-size: 13px; }
nav { margin: 10px 0 0; font-size: 13px; }
nav a { margin-right: 14px; }
.verdict { margin: 18px 0; padding: 14px 18px; border: 1px solid var(--line); border-left: 6px solid var(--level); border-radius: 8px; background: var(--card); }
.verdict > p:first-child { font-size: 18px; margin: 0; }
.verdict strong { color: var(--level); letter-spacing: .04em; }
.valid { --level: var(--valid); } .degraded { --level: var(--degraded); } .invalid { --level: var(--invalid); } .note { --level: var(--muted); }
.findings { list-style: none; margin: 8px 0 0; padding: 0; }
.findings li { display: grid; grid-template-columns: 84px 1fr; gap: 8px; padding: 3px 0; font-size: 14px; }
.findings b { color: var(--level); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(134px, 1fr)); gap: 10px; margin: 0; }
.tiles div { padding: 10px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
.tiles dt { color: var(--muted); font-size: 13px; }
.tiles dd { margin: 0; font-size: 22px; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: 13px; font-weight: 400; color: var(--muted); }
.scroll { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { color: var(--muted); font-weight: 500; }
th[scope=row], th:first-child { text-align: left; font-weight: 500; }
#errors-by-type thead th:last-child { text-align: left; }
td.text { text-align: left; white-space: normal; overflow-wrap: anywhere; font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
.facts { display: grid; grid-template-columns: minmax(120px, 190px) 1fr; gap: 4px 16px; margin: 10px 0; font-size: 14px; }
.facts dt { color: var(--muted); } .facts dd { margin: 0; }
figure { margin: 14px 0 22px; break-inside: avoid; }
figcaption p { margin: 0 0 4px; }
figure svg { display: block; width: 100%; height: auto; }
svg.narrow { display: none; }
.interval { display: block; margin: 0 auto; }
td.said, th.said { text-align: left; white-space: normal; min-width: 130px; }
.time:focus-visible { outline: 2px solid var(--series-0); outline-offset: 4px; }
.time svg { cursor: crosshair; }
.readout { min-height: 1.5em; font-size: 13px; font-variant-numeric: tabular-nums; }
.readout b { font-weight: 600; }
.crosshair { stroke: var(--text); stroke-width: 1; stroke-dasharray: 2 2; pointer-events: none; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 28px; }
footer { margin-top: 40px; padding-top: 10px; border-top: 1px solid var(--line); }
@media screen and (max-width: ${WIDE_FROM - 1}px) {
  body { padding: 16px 14px 40px; }
  .pair, .facts { grid-template-columns: minmax(0, 1fr); }
  .facts dd { margin-bottom: 6px; }
  .findings li { grid-template-columns: 1fr; gap: 0; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .tiles dd { font-size: 19px; }
  th, td { padding: 5px 7px; }
  .time svg.wide { display: none; } .time svg.narrow { display: block; }
}
@media print {
  @page { size: A4; margin: 14mm; }
  body { max-width: none; padding: 0; font-size: 11px; }
  nav, .readout, .screen { display: none; }
  h2 { break-after: avoid; margin-top: 20px; } h3 { font-size: 12px; }
  figure { margin: 6px 0 10px; } .pair { gap: 0 16px; }
  .verdict, .tiles div, tr { break-inside: avoid; }
  .scroll { overflow: visible; }
  table, .facts, .findings li { font-size: 10.5px; }
  th, td { padding: 3px 6px; }
  .tiles { grid-template-columns: repeat(3, 1fr); } .tiles dd { font-size: 16px; }
  .muted, figcaption p, .tiles dt, .tiles dd small { font-size: 10.5px; }
}
`;
