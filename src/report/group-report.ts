import {
  type DimensionFacts,
  type GroupFacts,
  groupSeriesName,
  PHASE_DIMENSION,
  readGroups,
} from '../core/sample-groups.ts';
import { countText, durationText, NOT_AVAILABLE, numberText } from '../core/quantity-text.ts';
import { wrapText } from '../core/wrap-text.ts';
import { percentileOf, reportSeries, type SeriesReport } from './series-report.ts';
import type { SnapshotInput } from './snapshot-input.ts';

/** The samples of a run by one thing in which they differ: by endpoint, by model, by phase. */
export interface DimensionReport {
  readonly dimension: string;
  readonly groups: readonly GroupReport[];
}

/** The samples of one endpoint, of one model, or of one phase. */
export interface GroupReport {
  readonly facts: GroupFacts;
  readonly ttft: SeriesReport;
  readonly tpot: SeriesReport;
  /** Of successes. */
  readonly latency: SeriesReport;
}

/** Empty where all samples are alike. */
export function reportGroups(input: SnapshotInput): readonly DimensionReport[] {
  return readGroups(input.extras).map(({ dimension, groups }) => ({
    dimension,
    groups: groups.map((facts, position) => {
      const series = (name: 'ttft_ns' | 'tpot_ns' | 'latency_ns') =>
        reportSeries(input.series(groupSeriesName(dimension, position, name)));
      return { facts, ttft: series('ttft_ns'), tpot: series('tpot_ns'), latency: series('latency_ns') };
    }),
  }));
}

const HEADS = [
  ...['issued', 'succeeded', 'failed', 'TTFT p50', 'p99', 'TPOT p50', 'p99', 'latency p50', 'p99'],
  'output tokens/s',
] as const;

/** Of the columns behind the name; phases have rates over windows of their own. */
export function groupHeads({ dimension }: DimensionReport): readonly string[] {
  return dimension === PHASE_DIMENSION ? [...HEADS, 'requests/s', 'over'] : HEADS;
}

/** A row for each group, its name first. */
export function groupRows({ dimension, groups }: DimensionReport): readonly (readonly string[])[] {
  return groups.map(({ facts, ttft, tpot, latency }) => [
    facts.name,
    countText(facts.issued),
    countText(facts.succeeded),
    failedText(facts),
    ...[ttft, tpot, latency].flatMap((series) => [timeOf(series, 50), timeOf(series, 99)]),
    facts.output_tokens_per_second === null ? NOT_AVAILABLE : numberText(facts.output_tokens_per_second),
    ...(dimension === PHASE_DIMENSION ? windowCells(facts) : []),
  ]);
}

/** `By endpoint` and the like. */
export function dimensionTitle({ dimension }: Pick<DimensionFacts, 'dimension'>): string {
  return `By ${dimension}`;
}

/** Some lines for each group, wrapped to `width`; nothing where all samples are alike. */
export function groupLines(dimensions: readonly DimensionReport[], width: number): string[] {
  return dimensions.flatMap((dimension) => [
    '',
    `${dimensionTitle(dimension)}:`,
    ...dimension.groups.flatMap((group) => [
      `  ${group.facts.name}`,
      ...wrapText('    ', accountText(group.facts), width),
      ...wrapText('    ', timesText(group), width),
    ]),
  ]);
}

/** `50 issued = 48 succeeded + 2 errored (http_503 2); 1,234 output tokens/s`. */
function accountText(facts: GroupFacts): string {
  const { issued, succeeded, errored, cancelled, cancelled_by_plan: byPlan, not_sent: notSent } = facts;
  const inFlight = issued - succeeded - errored - cancelled - byPlan;
  const parts = [
    `${countText(succeeded)} succeeded`,
    ...(errored === 0 ? [] : [`${countText(errored)} errored${typesText(facts)}`]),
    ...(cancelled === 0 ? [] : [`${countText(cancelled)} cancelled`]),
    ...(byPlan === 0 ? [] : [`${countText(byPlan)} cancelled by plan`]),
    ...(inFlight === 0 ? [] : [`${countText(inFlight)} in flight`]),
  ];
  const { output_tokens_per_second: rate, succeeded_per_second: requestRate, window_ns: windowNs } = facts;
  return [
    `${countText(issued)} issued = ${parts.join(' + ')}`,
    ...(requestRate === undefined || windowNs === undefined
      ? []
      : [`${numberText(requestRate)} requests/s over ${durationText(windowNs)}`]),
    ...(notSent === 0 ? [] : [`${countText(notSent)} more were due but not sent`]),
    ...(rate === null || rate === 0 ? [] : [`${numberText(rate)} output tokens/s`]),
  ].join('; ');
}

function windowCells({ succeeded_per_second: rate, window_ns: windowNs }: GroupFacts): readonly string[] {
  if (rate === undefined || windowNs === undefined) return [NOT_AVAILABLE, NOT_AVAILABLE];
  return [numberText(rate), durationText(windowNs)];
}

function typesText({ errors_by_type: types }: GroupFacts): string {
  const told = Object.entries(types).map(([type, count]) => `${type} ${countText(count)}`);
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
}

function failedText(facts: GroupFacts): string {
  return facts.errored === 0 ? '0' : `${countText(facts.errored)}${typesText(facts)}`;
}

function timesText({ ttft, tpot, latency }: GroupReport): string {
  return (
    [
      ['TTFT', ttft],
      ['TPOT', tpot],
      ['latency', latency],
    ] as const
  )
    .filter(([, series]) => series.kind === 'values')
    .map(([label, series]) => `${label} p50 ${timeOf(series, 50)}, p99 ${timeOf(series, 99)}`)
    .join('; ');
}

function timeOf(series: SeriesReport, percentile: number): string {
  const ns = percentileOf(series, percentile);
  return ns === null ? NOT_AVAILABLE : durationText(ns);
}
