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
.outcome { font-weight: 600; white-space: nowrap; } .met { color: var(--valid); } .missed { color: var(--invalid); } .undecided { color: var(--degraded); }
.findings { list-style: none; margin: 8px 0 0; padding: 0; }
.findings li { display: grid; grid-template-columns: 84px 1fr; gap: 8px; padding: 3px 0; font-size: 14px; }
.flag { white-space: nowrap; }
.findings b { color: var(--level); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 10px; margin: 0 0 10px; }
.tiles div { padding: 10px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
.tiles dt { color: var(--muted); font-size: 13px; }
.tiles dd { margin: 0; font-size: 22px; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: 13px; font-weight: 400; color: var(--muted); }
.scroll { overflow-x: auto; margin: 10px 0;
  /* A shadow at the side where there is more. */
  background: linear-gradient(to right, var(--page) 40%, transparent) left / 40px 100% no-repeat local, linear-gradient(to left, var(--page) 40%, transparent) right / 40px 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / 14px 100% no-repeat, linear-gradient(to left, var(--shade), transparent) right / 14px 100% no-repeat; }
.scroll:focus-visible, button:focus-visible { outline: 2px solid var(--series-0); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { color: var(--muted); font-weight: 500; }
th[scope=row], th:first-child { text-align: left; font-weight: 500; }
#errors-by-type thead th:last-child { text-align: left; }
td small { display: block; font-size: 11px; color: var(--muted); }
#percentiles td, #percentiles th { vertical-align: top; }
td.text { text-align: left; white-space: normal; overflow-wrap: anywhere; font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
.facts { display: grid; grid-template-columns: fit-content(300px) minmax(0, 1fr); gap: 4px 24px; margin: 10px 0; font-size: 14px; }
.facts dt { color: var(--muted); } .facts dd { margin: 0; }
figure { margin: 14px 0 22px; break-inside: avoid; }
figcaption p { margin: 0 0 4px; }
.time figcaption { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 14px; }
.time figcaption p { margin: 0; }
.time figcaption .readout { flex-basis: 100%; height: 0; text-align: right; padding-right: 26px; }
figure svg { display: block; width: 100%; height: auto; }
svg.narrow { display: none; }
.interval { display: block; margin: 0 auto; }
td.said, th.said { text-align: left; white-space: normal; min-width: 130px; }
.time:focus-visible { outline: 2px solid var(--series-0); outline-offset: 4px; }
.time svg { cursor: crosshair; touch-action: pan-y; user-select: none; }
.readout { font-size: 13px; font-variant-numeric: tabular-nums; }
.readout b { font-weight: 600; margin-right: .6em; }
.crosshair { stroke: var(--text); stroke-width: 1; stroke-dasharray: 2 2; pointer-events: none; }
.brush { fill: var(--series-0); fill-opacity: .18; pointer-events: none; }
.zoomed path, .zoomed polygon { vector-effect: non-scaling-stroke; }
.ticks line { stroke: var(--axis); } .ticks text { fill: var(--muted); font-size: 12px; }
.zoom { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; margin: 0; padding: 6px 0; background: var(--page); font-size: 13px; }
.zoom[hidden] { display: none; }
.zoom output { font-weight: 600; }
button { font: inherit; color: inherit; padding: 3px 12px; border: 1px solid var(--axis); border-radius: 6px; background: var(--card); cursor: pointer; }
.lanes text { fill: var(--muted); font-size: 11px; } .lanes .ticks line { stroke: var(--grid); }
.lanes .first { fill: var(--series-0); fill-opacity: .4; } .lanes .rest { fill: var(--series-0); }
.lanes .failed { fill: var(--invalid); } .lanes .cross { stroke: var(--invalid); stroke-width: 2; fill: none; }
.lanes .wait { stroke: var(--degraded); stroke-width: 2; }
.lanes figcaption b.first, .lanes figcaption b.rest { color: var(--series-0); } .lanes figcaption b.first { opacity: .65; }
.lanes figcaption b.failed { color: var(--invalid); } .lanes figcaption b.wait { color: var(--degraded); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 28px; }
footer { margin-top: 40px; padding-top: 10px; border-top: 1px solid var(--line); }
@media screen and (max-width: ${WIDE_FROM - 1}px) {
  body { padding: 16px 14px 40px; }
  .pair { grid-template-columns: minmax(0, 1fr); }
  .facts { grid-template-columns: fit-content(40%) minmax(0, 1fr); gap: 4px 12px; }
  .time figcaption .readout { height: auto; min-height: 1.5em; text-align: left; padding: 0; }
  .findings li { grid-template-columns: 1fr; gap: 0; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .tiles dd { font-size: 19px; }
  th, td { padding: 5px 7px; }
  .time svg.wide, .lanes svg.wide { display: none; } .time svg.narrow, .lanes svg.narrow { display: block; }
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
  .tiles dd { font-size: 16px; }
  .muted, figcaption p, .tiles dt, .tiles dd small { font-size: 10.5px; }
}
`;
