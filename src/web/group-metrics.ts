import { type DimensionFacts, type GroupFacts, groupSeriesName, readGroups } from '../core/sample-groups.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { SnapshotIndex } from '../live/snapshot-index.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';
import type { Labels, MetricFamily, MetricPoint } from './exported-metrics.ts';

interface GroupFamily {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly kind: 'counter' | 'gauge';
  readonly points: (group: Group) => readonly MetricPoint[];
}

interface Group {
  readonly facts: GroupFacts;
  readonly labels: Labels;
  /** Percentiles of one of its series, in seconds; undefined before there is a value. */
  readonly seconds: (series: 'ttft_ns' | 'tpot_ns' | 'latency_ns', key: string) => number | undefined;
}

const OUTCOMES = ['succeeded', 'errored', 'cancelled', 'cancelled_by_plan'] as const;
const PERCENTILES = [
  ['50', '50.0'],
  ['90', '90.0'],
  ['99', '99.0'],
] as const;

const times = (name: string, help: string, series: Parameters<Group['seconds']>[0]): GroupFamily => ({
  ...{ name, help, unit: 's', kind: 'gauge' },
  points: ({ labels, seconds }) =>
    PERCENTILES.flatMap(([percentile, key]) => {
      const value = seconds(series, key);
      return value === undefined ? [] : [{ labels: { ...labels, percentile }, value }];
    }),
});

const FAMILIES: readonly GroupFamily[] = [
  {
    name: 'inferometer_group_samples_issued_total',
    help: 'Measured samples issued, by endpoint, model and phase.',
    ...{ unit: '{sample}', kind: 'counter' },
    points: ({ facts, labels }) => [{ labels, value: facts.issued }],
  },
  {
    name: 'inferometer_group_samples_ended_total',
    help: 'Measured samples that ended, by endpoint, model and phase.',
    ...{ unit: '{sample}', kind: 'counter' },
    points: ({ facts, labels }) =>
      OUTCOMES.map((outcome) => ({ labels: { ...labels, outcome }, value: facts[outcome] })),
  },
  {
    name: 'inferometer_group_output_tokens_total',
    help: 'Output tokens of measured samples, by endpoint, model and phase.',
    ...{ unit: '{token}', kind: 'counter' },
    points: ({ facts, labels }) => [{ labels, value: facts.output_tokens }],
  },
  times(
    'inferometer_group_ttft_seconds',
    'Time to first token so far, by endpoint, model and phase.',
    'ttft_ns',
  ),
  times(
    'inferometer_group_tpot_seconds',
    'Time per output token so far, by endpoint, model and phase.',
    'tpot_ns',
  ),
  times(
    'inferometer_group_latency_seconds',
    'Latency of successes so far, by endpoint, model and phase.',
    'latency_ns',
  ),
];

/** Names of all that may be exported of groups. */
export const GROUP_METRIC_NAMES: readonly string[] = FAMILIES.map(({ name }) => name);

/** Figures by endpoint, model and phase: `dimension` says which of them, `group` its name. None where all samples are alike. */
export function groupFamilies(
  { extras }: MetricsSnapshot,
  metrics: SnapshotIndex,
  run: Labels,
): readonly MetricFamily[] {
  const groups = readGroups(extras).flatMap((dimension) => groupsOf(dimension, metrics, run));
  if (groups.length === 0) return [];
  return FAMILIES.map(({ points, ...family }) => ({ ...family, points: groups.flatMap(points) }));
}

function groupsOf({ dimension, groups }: DimensionFacts, metrics: SnapshotIndex, run: Labels): Group[] {
  return groups.map((facts, position) => ({
    facts,
    labels: { ...run, dimension, group: facts.name },
    seconds: (name, key) => {
      const series = metrics.series(groupSeriesName(dimension, position, name));
      if (series === undefined || series.count === 0) return undefined;
      const ns = series.quantiles?.[key]?.value ?? series.percentiles[key];
      return ns === undefined || ns === null ? undefined : ns / NS_PER_SECOND;
    },
  }));
}
