/** A way to divide the samples of a run, such as by endpoint, and the values it has. */
export interface GroupDimension {
  /** `endpoint`, `model`, {@link AGENT_DIMENSION} or {@link PHASE_DIMENSION}. */
  readonly name: string;
  /** At least two; at most {@link MAX_GROUP_VALUES}, the last of which may be {@link OTHER_VALUES}. */
  readonly values: readonly string[];
}

/** The load generators that share a run. */
export const AGENT_DIMENSION = 'agent';
/** The measured phases of a run, which come one after another. */
export const PHASE_DIMENSION = 'phase';

/** Values of a dimension that have figures of their own. The rest share one. */
export const MAX_GROUP_VALUES = 64;
export const OTHER_VALUES = 'others';
/** Groups of a run: combinations of values. A code of 16 bits has room for them. */
export const MAX_GROUPS = 65_535;

/**
 * The dimension of a run with these values; undefined where all samples are alike. Values beyond the limit become `others`; values that
 * occur twice get numbers.
 */
export function groupDimension(name: string, values: readonly string[]): GroupDimension | undefined {
  if (values.length < 2) return undefined;
  const named = values.map((value, index) => {
    const nth = values.slice(0, index).filter((before) => before === value).length;
    return nth === 0 ? value : `${value} (${nth + 1})`;
  });
  const isLong = named.length > MAX_GROUP_VALUES;
  return { name, values: isLong ? [...named.slice(0, MAX_GROUP_VALUES - 1), OTHER_VALUES] : named };
}

/**
 * The number of a sample's group, which its issued record carries: the positions of its values, one for each dimension, as the digits of
 * one number. The first dimension is the lowest digit. Positions beyond the values of a dimension count as its last.
 */
export function groupNumber(dimensions: readonly GroupDimension[], positions: readonly number[]): number {
  let [group, weight] = [0, 1];
  for (const [at, { values }] of dimensions.entries()) {
    group += weight * Math.min(positions[at]!, values.length - 1);
    weight *= values.length;
  }
  return group;
}

/** The reverse of {@link groupNumber}; undefined for what is no group of these dimensions. */
export function groupPositions(
  dimensions: readonly GroupDimension[],
  group: number,
): readonly number[] | undefined {
  if (!(Number.isInteger(group) && group >= 0)) return undefined;
  let left = group;
  const positions = dimensions.map(({ values }) => {
    const position = left % values.length;
    left = Math.floor(left / values.length);
    return position;
  });
  return left === 0 ? positions : undefined;
}

/** The series of one value of a dimension: `endpoint_0_ttft_ns`. */
export function groupSeriesName(dimension: string, position: number, series: GroupSeries): GroupSeriesName {
  return `${dimension}_${position}_${series}`;
}

/** What is measured of each value of a dimension. */
export const GROUP_SERIES = ['ttft_ns', 'tpot_ns', 'latency_ns'] as const;
export type GroupSeries = (typeof GROUP_SERIES)[number];
export type GroupSeriesName = `${string}_${number}_${GroupSeries}`;

/** What a snapshot tells of one value of a dimension, beside its series; counts of measured samples. */
export interface GroupFacts {
  readonly name: string;
  readonly issued: number;
  readonly succeeded: number;
  readonly errored: number;
  readonly cancelled: number;
  readonly cancelled_by_plan: number;
  readonly not_sent: number;
  readonly errors_by_type: Readonly<Record<string, number>>;
  readonly output_tokens: number;
  /** Over the measured window of the run, for a phase over its own; null before there is one. */
  readonly output_tokens_per_second: number | null;
  /** Of a phase: its measured window, and the successes a second in it. */
  readonly window_ns?: number;
  readonly succeeded_per_second?: number;
}

export interface DimensionFacts {
  readonly dimension: string;
  readonly groups: readonly GroupFacts[];
}

const COUNTS = ['issued', 'succeeded', 'errored', 'cancelled', 'cancelled_by_plan', 'not_sent'] as const;

/** The groups in the extras of a snapshot; none where all samples are alike. Never throws: what is not ours is left out. */
export function readGroups(
  extras: { readonly [key: string]: unknown } | undefined,
): readonly DimensionFacts[] {
  const { groups } = extras ?? {};
  if (!Array.isArray(groups)) return [];
  return groups.filter(isDimension);
}

function isDimension(value: unknown): value is DimensionFacts {
  return (
    isFields(value) &&
    typeof value.dimension === 'string' &&
    Array.isArray(value.groups) &&
    value.groups.every(isGroup)
  );
}

function isGroup(value: unknown): boolean {
  if (!isFields(value) || typeof value.name !== 'string') return false;
  const rate = value.output_tokens_per_second;
  return (
    [...COUNTS, 'output_tokens'].every((name) => Number.isFinite(value[name])) &&
    (rate === null || Number.isFinite(rate)) &&
    [value.window_ns, value.succeeded_per_second].every((one) => one === undefined || Number.isFinite(one)) &&
    isFields(value.errors_by_type) &&
    Object.values(value.errors_by_type).every(Number.isFinite)
  );
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
