import { countText, durationText, NOT_AVAILABLE } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { NS_PER_MS } from '../core/time.ts';
import { wrapText } from '../core/wrap-text.ts';
import type { ExactInteger } from '../metrics/snapshot.ts';
import { CLIENT_PART_NOTE, clientPartText } from './client-part.ts';
import type { Report } from './report.ts';
import { fewestForInterval } from '../stats/quantile-interval.ts';
import { intervalText } from './interval-text.ts';
import { estimateOf, percentileOf, type SeriesReport, type SeriesRollup } from './series-report.ts';
import { waitedForConnection } from './verdict/load-checks.ts';

const PERCENTILES = [50, 90, 99];
/** Response and service latency differ noticeably when they differ at p99 by so much. */
const NOTICEABLE_SHARE = 0.1;
const NOTICEABLE_NS = NS_PER_MS;

/**
 * The series of time of a report and their percentiles, a line each in units that suit them, below it how much of each may be the client's where
 * that matters; nothing without values.
 */
export function percentileTable(report: Report): string[] {
  return tableOf(report, () => []);
}

/** What stands below the table: why response and service latency differ, and what a client's part is. */
export function tableNotes(report: Report, width: number): string[] {
  return [
    ...waitLines(report).flatMap((line) => wrapText('', line, width)),
    ...clientPartNotes(report, width),
  ];
}

/** What a client's part is, if there is one. */
export function clientPartNotes(report: Report, width: number): string[] {
  const hasPart = timeSeries(report).some(
    ([label, series]) => clientPartRow(report, label, series).length > 0,
  );
  return hasPart ? wrapText('', CLIENT_PART_NOTE, width) : [];
}

/** The same with the interval of each percentile below it, and how many values the missing ones would need. */
export function percentileTableWithIntervals(report: Report, width: number): string[] {
  const table = tableOf(report, intervalRow);
  if (table.length === 0) return [];
  return [
    ...table,
    ...tableNotes(report, width),
    ...intervalNotes(timeSeries(report)).flatMap((note) => wrapText('', note, width)),
  ];
}

function tableOf(
  report: Report,
  rowBelow: (series: SeriesRollup) => readonly (readonly string[])[],
): string[] {
  const rows = timeSeries(report).flatMap(([label, series]) => [
    [
      label,
      ...PERCENTILES.map((p) => timeText(percentileOf(series, p))),
      timeText(series.max),
      countText(series.count),
    ],
    ...rowBelow(series),
    ...clientPartRow(report, label, series),
  ]);
  if (rows.length === 0) return [];
  return alignColumns([['', ...PERCENTILES.map((p) => `p${p}`), 'max', 'values'], ...rows]);
}

function clientPartRow(report: Report, label: string, series: SeriesRollup): readonly (readonly string[])[] {
  const cells = PERCENTILES.map((p) => clientPartText(report, label, series, p));
  return cells.every((cell) => cell === '') ? [] : [["  client's part", ...cells]];
}

function intervalRow(series: SeriesRollup): readonly (readonly string[])[] {
  const cells = PERCENTILES.map((p) => intervalText(estimateOf(series, p)));
  return cells.every((cell) => cell === '') ? [] : [['  95 % interval', ...cells]];
}

/** From how many values on the percentiles shown would have both ends of their interval, where one of a series lacks one. */
export function intervalNotes(
  shown: readonly (readonly [label: string, series: SeriesRollup])[],
  percentiles: readonly number[] = PERCENTILES,
): string[] {
  const known = shown.flatMap(([, series]) => (series.quantiles === null ? [] : [series]));
  const lacking = percentiles.filter((p) =>
    known.some((series) => {
      const { low, high } = estimateOf(series, p) ?? {};
      return low === null || high === null;
    }),
  );
  if (lacking.length === 0) return [];
  const needs = lacking.map((p) => `${countText(fewestForInterval(p))} values for p${p}`);
  return [`A two-sided interval needs at least ${needs.join(', ')}.`];
}

/** Why response latency is longer than service latency, in one line, when it is. */
export function waitLines({ latency, own }: Report): string[] {
  if (own === null || latency.kind === 'empty' || own.responseLatency.kind === 'empty') return [];
  const serviceNs = percentileOf(latency, 99);
  const responseNs = percentileOf(own.responseLatency, 99);
  const issueDelayNs = own.issueDelay.kind === 'empty' ? null : percentileOf(own.issueDelay, 99);
  if (serviceNs === null || responseNs === null || issueDelayNs === null) return [];
  const noticeableNs = Math.max(NOTICEABLE_NS, NOTICEABLE_SHARE * serviceNs);
  // Failed samples are in the one and not in the other: then they may differ although every request went out in time.
  if (responseNs - serviceNs < noticeableNs || issueDelayNs < noticeableNs) return [];
  const waited = waitedForConnection(own.client?.sendDelayP99Ns ?? null, issueDelayNs);
  const reason = !waited
    ? 'the client sent requests late'
    : own.run.maxInFlight === null
      ? 'requests waited here for a free connection'
      : `requests waited here while ${countText(own.run.maxInFlight)} were in flight`;
  const [due, issued] = [durationText(responseNs), durationText(serviceNs)];
  return [`Latency p99 is ${due} from due and ${issued} from issued: ${reason}.`];
}

/** The series of time that have values, in the order in which a sample goes through them, with what they are called. */
export function timeSeries(report: Report): readonly (readonly [label: string, series: SeriesRollup])[] {
  const { own } = report;
  // In closed loop each sample is due when it is issued: nothing is late, and response metrics repeat the others.
  const isOpenLoop = own !== null && own.issueDelay.kind === 'values' && Number(own.issueDelay.max) > 0;
  const named: readonly (readonly [string, SeriesReport | undefined])[] = [
    ['TTFT', report.ttft],
    ['TPOT', report.tpot],
    ['Chunk gap', own?.chunkGap],
    ['Latency', report.latency],
    ['Response TTFT', isOpenLoop ? own.responseTtft : undefined],
    ['Response latency', isOpenLoop ? own.responseLatency : undefined],
    ['Issue delay', isOpenLoop ? own.issueDelay : undefined],
    ...(own?.shownSeries ?? []).flatMap(({ label, unit, series }) =>
      unit === 'ns' ? [[label, series] as const] : [],
    ),
  ];
  return named.flatMap(([label, series]) => (series?.kind === 'values' ? [[label, series] as const] : []));
}

/** A time of a series for the eye. */
export function timeText(ns: ExactInteger | null): string {
  return ns === null ? NOT_AVAILABLE : durationText(Number(ns));
}
