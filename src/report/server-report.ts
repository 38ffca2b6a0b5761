import { countedText, countText, durationText } from '../core/quantity-text.ts';
import { readHistoryExtras } from '../core/run-history.ts';
import { NS_PER_MS } from '../core/time.ts';
import type { ServerFacts } from '../server-metrics/server-history.ts';
import type { Fact } from './own-text.ts';
import { percentileOf, type SeriesReport } from './series-report.ts';
import { type SlowPeriod, slowPeriods, slowPeriodText } from './slow-periods.ts';

/** What the servers of a run told of themselves. */
export interface ServerReport {
  readonly servers: readonly (Omit<ServerFacts, 'ttft_buckets'> & {
    /** By the server's own histogram, interpolated in its buckets, ns; null where it has none. */
    readonly ttftP50Ns: number | null;
    readonly ttftP99Ns: number | null;
  })[];
  readonly slowPeriods: readonly SlowPeriod[];
  /** When the history starts, ns since the run's origin. */
  readonly startNs: number;
}

const MOST_PERIODS = 12;

/** Null for a run of which nobody looked at the servers. */
export function reportServers(extras: { readonly [key: string]: unknown }): ServerReport | null {
  const { server_metrics: facts } = extras;
  if (!Array.isArray(facts) || facts.length === 0) return null;
  const { history } = readHistoryExtras(extras);
  return {
    servers: (facts as readonly ServerFacts[]).map(({ ttft_buckets: buckets, ...server }) => ({
      ...server,
      ttftP50Ns: bucketQuantile(buckets, 0.5),
      ttftP99Ns: bucketQuantile(buckets, 0.99),
    })),
    slowPeriods: slowPeriods(history),
    startNs: history?.start_ns ?? 0,
  };
}

/** A line for each server, with its TTFT beside ours, and the slow periods. */
export function serverFacts(report: ServerReport | null, ttft: SeriesReport): readonly Fact[] {
  if (report === null) return [];
  const ours = [50, 99].map((p) => timeText(percentileOf(ttft, p))).join(' and ');
  const servers = report.servers.map(
    ({ server, url, looks, failures, last_failure: failure, ttftP50Ns, ttftP99Ns }): Fact => {
      const answered = `${countedText(looks - failures, 'look')}${failures === 0 ? '' : `, ${countText(failures)} more failed (${failure})`}`;
      const own =
        ttftP50Ns === null
          ? 'it does not tell its TTFT'
          : `TTFT p50 and p99 ${timeText(ttftP50Ns)} and ${timeText(ttftP99Ns)} by its own histogram, ${ours} here`;
      return ['Server metrics', `${server ?? 'unknown server'} at ${url}: ${answered}; ${own}`];
    },
  );
  const { slowPeriods: periods, startNs } = report;
  const shown = periods.slice(0, MOST_PERIODS).map((period) => slowPeriodText(period, startNs));
  const more = periods.length > MOST_PERIODS ? [`and ${periods.length - MOST_PERIODS} more`] : [];
  return [...servers, ['Slow periods', periods.length === 0 ? 'none' : [...shown, ...more].join('; ')]];
}

export function serversToJson({ servers, slowPeriods: periods, startNs }: ServerReport) {
  return {
    servers: servers.map(({ ttftP50Ns, ttftP99Ns, ...server }) => {
      return { ...server, ttft_p50_ns: ttftP50Ns, ttft_p99_ns: ttftP99Ns };
    }),
    slow_periods: periods.map(({ fromNs, toNs, cause, ttftNs, usualNs, evidence }) => ({
      ...{ from_ns: fromNs - startNs, to_ns: toNs - startNs, cause },
      ...{ ttft_ns: ttftNs, usual_ttft_ns: usualNs, evidence },
    })),
  };
}

/** Linear in the bucket, as Prometheus does it; null without values, or beyond the last end. */
function bucketQuantile(buckets: ServerFacts['ttft_buckets'], share: number): number | null {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const rank = share * total;
  const at = buckets.findIndex(([, count]) => count >= rank);
  const [endMs, count] = buckets[at]!;
  if (endMs === null) return null;
  const [startMs, before] = at === 0 ? [0, 0] : buckets[at - 1]!;
  const part = count === before ? 1 : (rank - before) / (count - before);
  return ((startMs ?? 0) + part * (endMs - (startMs ?? 0))) * NS_PER_MS;
}

function timeText(ns: number | null): string {
  return ns === null ? 'unknown' : durationText(ns);
}
