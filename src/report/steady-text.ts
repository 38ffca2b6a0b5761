import { countText, durationText, NOT_AVAILABLE, numberText, percentText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { wrapText } from '../core/wrap-text.ts';
import { headlineTokenRate } from './headline-rate.ts';
import type { Report } from './report.ts';
import { sloLines } from './slo-lines.ts';
import { percentileOf, type SeriesReport } from './series-report.ts';
import type { SteadyFigures, SteadyState } from './steady-state.ts';

export const STEADY_HEAD = ['', 'whole run', 'steady state'] as const;
const PERCENTILES = [50, 90, 99];

/** `12.0 s to 58.0 s of the run (46.0 s of the 60.0 s that were measured), found by the tests`; or why there is none. */
export function steadyText({
  isFound,
  chosen,
  fromNs,
  toNs,
  runStartNs,
  measuredNs,
  reason,
}: SteadyState): string {
  const stretch = `${durationText(fromNs - runStartNs)} to ${durationText(toNs - runStartNs)} after the start`;
  if (!isFound)
    return chosen === 'auto' ? `not found (looked at ${stretch}): ${reason}` : `${stretch}: ${reason}`;
  const how = chosen === 'auto' ? 'found by the tests below' : 'as it was given';
  return `${stretch}, ${durationText(toNs - fromNs)} of the ${durationText(measuredNs)} that were measured, ${how}`;
}

/** The figures of the steady state beside those of the whole run; none where there is none. */
export function steadyRows(report: Report, { figures }: SteadyState): readonly (readonly string[])[] {
  if (figures === null) return [];
  const series = [
    ['TTFT', report.ttft, figures.ttft],
    ['TPOT', report.tpot, figures.tpot],
    ['Latency', report.latency, figures.latency],
  ] as const;
  return [
    ...series.flatMap(([label, whole, steady]) =>
      whole.kind === 'empty'
        ? []
        : PERCENTILES.map((p) => [`${label} p${p}`, timeOf(whole, p), timeOf(steady, p)]),
    ),
    ...rateRows(report, figures),
    ['Samples', countText(report.samples.issued), countText(figures.issued)],
    ['Failed', countText(report.samples.errored), countText(figures.errored)],
  ];
}

/** What the tests say of each series, a row each. */
export function steadyTestRows({ tests }: SteadyState): readonly (readonly string[])[] {
  return tests.map(({ label, drift, driftP, step, stepP, variation }) => [
    label,
    ...[percentText(drift), chanceText(driftP), percentText(step), chanceText(stepP), percentText(variation)],
  ]);
}

export const STEADY_TEST_HEAD = ['', 'drift', 'p', 'change of level', 'p', 'variation'] as const;

/** For report.txt and the terminal; nothing for a run of which nobody asked. */
export function steadyLines(report: Report, width: number): string[] {
  const { steadyState, steadySlos } = report;
  if (steadyState === null) return [];
  const [rows, tests] = [steadyRows(report, steadyState), steadyTestRows(steadyState)];
  return [
    '',
    ...wrapText('Steady state: ', steadyText(steadyState), width),
    ...(rows.length === 0 ? [] : alignColumns([STEADY_HEAD, ...rows])),
    ...(steadySlos.length === 0 ? [] : ['', ...sloLines(steadySlos, width)]),
    ...(tests.length === 0 ? [] : ['', ...alignColumns([STEADY_TEST_HEAD, ...tests])]),
  ];
}

function rateRows({ own, qps, ...report }: Report, figures: SteadyFigures): readonly (readonly string[])[] {
  const rate = own?.throughput?.succeeded_per_second ?? qps;
  const { outputTokensPerSecond: tokens } = figures;
  const wholeTokens = headlineTokenRate({ own, qps, ...report });
  return [
    ['Requests/s', rateText(rate), rateText(figures.requestsPerSecond)],
    ...(tokens === null ? [] : [['Output tokens/s', rateText(wholeTokens), rateText(tokens)]]),
  ];
}

function rateText(rate: number | null): string {
  return rate === null ? NOT_AVAILABLE : numberText(rate);
}

function timeOf(series: SeriesReport, percentile: number): string {
  const ns = percentileOf(series, percentile);
  return ns === null ? NOT_AVAILABLE : durationText(ns);
}

function chanceText(p: number): string {
  return p < 0.0001 ? '<0.0001' : p.toFixed(4);
}
