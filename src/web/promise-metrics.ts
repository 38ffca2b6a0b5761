import { type GoodputFacts, readGoodput } from '../core/goodput.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';
import type { SloVerdict } from '../rules/slo-verdict.ts';
import type { Labels, MetricFamily, MetricPoint } from './exported-metrics.ts';

/** What is told of good samples; none without a rule. */
interface GoodFamily {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly kind: 'counter' | 'gauge';
  readonly points: (goodput: GoodputFacts, run: Labels) => readonly MetricPoint[];
}

const rate = (value: number | null, labels: Labels) => (value === null ? [] : [{ labels, value }]);
const byPart = (of: 'good' | 'ended') => (goodput: GoodputFacts, run: Labels) =>
  goodput.parts.map(({ dimension, name, ...counts }) => ({
    labels: { ...run, dimension, group: name },
    value: counts[of],
  }));

const GOOD_FAMILIES: readonly GoodFamily[] = [
  {
    name: 'inferometer_good_samples_total',
    help: 'Measured samples that kept the rule for good ones.',
    ...{ unit: '{sample}', kind: 'counter' },
    points: ({ good }, run) => [{ labels: run, value: good }],
  },
  {
    name: 'inferometer_good_or_not_samples_total',
    help: 'Measured samples that succeeded or failed: those of which some are good.',
    ...{ unit: '{sample}', kind: 'counter' },
    points: ({ ended }, run) => [{ labels: run, value: ended }],
  },
  {
    name: 'inferometer_goodput_samples_per_second',
    help: 'Good samples a second, over the measured window so far.',
    ...{ unit: '{sample}/s', kind: 'gauge' },
    points: ({ good_per_second: perSecond }, run) => rate(perSecond, run),
  },
  {
    name: 'inferometer_goodput_output_tokens_per_second',
    help: 'Output tokens a second of good samples, over the measured window so far.',
    ...{ unit: '{token}/s', kind: 'gauge' },
    points: ({ output_tokens_per_second: perSecond }, run) => rate(perSecond, run),
  },
  {
    name: 'inferometer_group_good_samples_total',
    help: 'Good samples, by endpoint, model and turn.',
    ...{ unit: '{sample}', kind: 'counter' },
    points: byPart('good'),
  },
  {
    name: 'inferometer_group_good_or_not_samples_total',
    help: 'Measured samples that succeeded or failed, by endpoint, model and turn.',
    ...{ unit: '{sample}', kind: 'counter' },
    points: byPart('ended'),
  },
];

const SLO_HOLDS = {
  name: 'inferometer_slo_kept',
  help: 'Whether the figure of an SLO keeps its limit so far: 1 or 0.',
  unit: '1',
  kind: 'gauge',
} as const;
const SLO_VALUE = {
  name: 'inferometer_slo_value',
  help: 'The figure of an SLO so far; times in seconds.',
  unit: '1',
  kind: 'gauge',
} as const;

/** Names of all that may be exported of SLOs and good samples. */
export const PROMISE_METRIC_NAMES: readonly string[] = [
  ...GOOD_FAMILIES.map(({ name }) => name),
  SLO_HOLDS.name,
  SLO_VALUE.name,
];

/** Goodput and SLOs: none for a run without a rule, or without limits. */
export function promiseFamilies(
  { extras }: MetricsSnapshot,
  slos: readonly SloVerdict[],
  run: Labels,
): readonly MetricFamily[] {
  const goodput = readGoodput(extras);
  return [
    ...(goodput === undefined
      ? []
      : GOOD_FAMILIES.map(({ points, ...family }) => ({ ...family, points: points(goodput, run) }))),
    ...(slos.length === 0 ? [] : sloFamilies(slos, run)),
  ];
}

function sloFamilies(slos: readonly SloVerdict[], run: Labels): readonly MetricFamily[] {
  return [
    {
      ...SLO_HOLDS,
      points: slos.flatMap(({ slo, holds }) =>
        holds === null ? [] : [{ labels: { ...run, slo }, value: holds ? 1 : 0 }],
      ),
    },
    {
      ...SLO_VALUE,
      points: slos.flatMap(({ slo, value, unit }) =>
        value === null
          ? []
          : [{ labels: { ...run, slo }, value: unit === 'ns' ? value / NS_PER_SECOND : value }],
      ),
    },
  ];
}
