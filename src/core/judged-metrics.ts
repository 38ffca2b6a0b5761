/** What a report is judged by, one by one. */
export const JUDGED_METRICS = ['ttft', 'tpot', 'chunk_gap', 'latency', 'throughput'] as const;
export type JudgedMetric = (typeof JUDGED_METRICS)[number];

/** What they are called in a sentence. */
export const METRIC_NAMES: Readonly<Record<JudgedMetric, string>> = {
  ttft: 'TTFT',
  tpot: 'TPOT',
  chunk_gap: 'chunk gaps',
  latency: 'latency',
  throughput: 'throughput',
};

/** How one metric stands. */
export interface MetricVerdict {
  readonly metric: JudgedMetric;
  readonly level: 'valid' | 'degraded' | 'invalid';
  /** Why it is no better; null for a valid one. */
  readonly reason: string | null;
  /** It counts for the run. */
  readonly judged: boolean;
}

/** `INVALID: chunk gaps; VALID: TTFT, latency`; empty where all stand alike. */
export function metricVerdictText(metrics: readonly MetricVerdict[] = []): string {
  const groups = (['invalid', 'degraded', 'valid'] as const).flatMap((level) => {
    const names = metrics.filter((metric) => metric.level === level).map(nameOf);
    return names.length === 0 ? [] : [`${level.toUpperCase()}: ${names.join(', ')}`];
  });
  return groups.length < 2 ? '' : groups.join('; ');
}

function nameOf({ metric, judged }: MetricVerdict): string {
  return judged ? METRIC_NAMES[metric] : `${METRIC_NAMES[metric]} (not judged)`;
}
