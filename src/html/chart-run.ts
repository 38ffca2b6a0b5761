import type { ChartRun } from '../charts/chart.ts';
import { readHistoryExtras } from '../core/run-history.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';

/** What a snapshot holds to draw a run from: its history and distributions, and where each distribution really ends. */
export function chartRunOf(name: string, { metrics, extras }: MetricsSnapshot): ChartRun {
  const { history, distributions } = readHistoryExtras(extras);
  const maxima = metrics.flatMap((metric) =>
    metric.type === 'series' && metric.count > 0 ? [[metric.name, Number(metric.max)] as const] : [],
  );
  return { name, history, distributions, maxima: Object.fromEntries(maxima) };
}
