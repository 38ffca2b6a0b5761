import { reportPage, type ReportPageInput } from '../../src/html/report-page.ts';
import type { SvgPainter } from '../../src/html/svg-painter.ts';
import { reportFromSnapshot } from '../../src/report/report.ts';
import {
  MADE_UP_LANES,
  MADE_UP_MARKS,
  MADE_UP_SLOW_SAMPLES,
  madeUpDistributions,
  madeUpHistory,
} from '../charts/made-up-history.ts';
import type { LogDistribution } from '../../src/core/run-history.ts';
import { snapshotOf, TROUBLED } from '../golden/report/snapshots.ts';

/** What a hostile server or user may have put where texts are shown. */
export const HOSTILE = `</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`;

export interface MadeUpPage {
  readonly bins?: number;
  /** How often each of 1000 drawn values occurred. */
  readonly timesEach?: number;
  readonly hostile?: string;
  /** A run of an earlier version, which kept no history. */
  readonly isOld?: boolean;
}

/** The page of a made-up run in which much went wrong. */
export function madeUpPage(
  paint: SvgPainter,
  { bins = 60, timesEach = 1, hostile = '', isOld = false }: MadeUpPage = {},
) {
  return reportPage(pageInput({ bins, timesEach, hostile, isOld }), paint);
}

function pageInput({ bins, timesEach, hostile, isOld }: Required<MadeUpPage>): ReportPageInput {
  const report = reportFromSnapshot(
    snapshotOf({
      ...TROUBLED,
      extras: {
        ...TROUBLED.extras,
        errors_by_type: [{ type: `http_503${hostile}`, count: 24, example: `overloaded ${hostile}` }],
      },
    }),
    {
      version: '0.1.0',
      source: 'final snapshot file',
      useLegacyLoadgenQpsMetrics: false,
      stoppedEarly: true,
      calibration: [],
      runConfig: {
        run: { endpoints: ['http://localhost:8000'], model: `tiny${hostile}` },
        load: { pattern: 'poisson', rate_per_second: 24 },
      },
    },
  );
  const note = { at_ns: 3e9, kind: 'note', value: null, text: `note ${hostile}` } as const;
  return {
    report,
    run: {
      name: `20261124T110000Z-1a2b3c${hostile}`,
      history: isOld
        ? undefined
        : madeUpHistory({
            ...{ bins, ratePerSecond: 24, ttftMs: 60, spikeAt: bins >> 1, failing: true, clientsShare: 0.1 },
            marks: [...MADE_UP_MARKS, note],
          }),
      distributions: isOld ? {} : repeated(madeUpDistributions(60, 1000), timesEach),
    },
    slowestSamples: isOld ? [] : MADE_UP_SLOW_SAMPLES,
    conversationLanes: isOld ? [] : MADE_UP_LANES,
    environment: [['System', `Linux${hostile}`]],
  };
}

function repeated(distributions: { readonly [series: string]: LogDistribution }, times: number) {
  return Object.fromEntries(
    Object.entries(distributions).map(([series, { first, counts, zero }]) => [
      series,
      { first, counts: counts.map((count) => count * times), zero: zero * times },
    ]),
  );
}
