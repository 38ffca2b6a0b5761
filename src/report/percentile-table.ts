import { countText, durationText, NOT_AVAILABLE } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import type { ExactInteger } from '../metrics/snapshot.ts';
import type { Report } from './report.ts';
import { percentileOf, type SeriesReport } from './series-report.ts';

const PERCENTILES = [50, 90, 99];

/** The series of time of a report and their percentiles, a line each in units that suit them; nothing without values. */
export function percentileTable(report: Report): string[] {
  const rows = timeSeries(report).flatMap(([label, series]) =>
    series !== undefined && series.kind === 'values'
      ? [
          [
            label,
            ...PERCENTILES.map((p) => timeText(percentileOf(series, p))),
            timeText(series.max),
            countText(series.count),
          ],
        ]
      : [],
  );
  if (rows.length === 0) return [];
  return alignColumns([['', ...PERCENTILES.map((p) => `p${p}`), 'max', 'values'], ...rows]);
}

function timeSeries(report: Report): (readonly [string, SeriesReport | undefined])[] {
  const { own } = report;
  // In closed loop each sample is due when it is issued: nothing is late, and response metrics repeat the others.
  const isOpenLoop = own !== null && own.issueDelay.kind === 'values' && Number(own.issueDelay.max) > 0;
  return [
    ['TTFT', report.ttft],
    ['TPOT', report.tpot],
    ['Chunk gap', own?.chunkGap],
    ['Latency', report.latency],
    ['Response TTFT', isOpenLoop ? own.responseTtft : undefined],
    ['Response latency', isOpenLoop ? own.responseLatency : undefined],
    ['Issue delay', isOpenLoop ? own.issueDelay : undefined],
  ];
}

function timeText(ns: ExactInteger | null): string {
  return ns === null ? NOT_AVAILABLE : durationText(Number(ns));
}
