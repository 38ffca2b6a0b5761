/** How a point of the curve has to be measured. */
export interface CurvePoint {
  readonly concurrency: number;
  readonly region: 'ultra low' | 'low' | 'medium' | 'high';
}

const ULTRA_LOW_END = 32;
/** Two in each of the three regions, with the highest concurrency as one of them. */
const POINTS_A_REGION = 2;

/**
 * The concurrencies of a Pareto curve as MLPerf Endpoints v1.0 wants them (§5.3 to §5.5 of its rules): one in the ultra-low region and at
 * least one in each of the low, medium and high regions, which part what lies between the lowest and the highest in three on a logarithmic
 * scale; seven or more in all. Here: the single user, two in each region, the last at `highest`. Returns what is wrong instead.
 */
export function endpointsCurve(highest: number): readonly CurvePoint[] | string {
  const lowest = 1;
  if (!Number.isInteger(highest) || highest <= ULTRA_LOW_END + 1)
    return `the highest concurrency must be a whole number above ${ULTRA_LOW_END + 1}`;
  const third = Math.log2(highest - lowest) / 3;
  const ends = [
    lowest,
    roundHalfEven(lowest + 2 ** third),
    roundHalfEven(lowest + 2 ** (2 * third)),
    highest,
  ] as const;
  const regions = ['low', 'medium', 'high'] as const;
  const inRegions = regions.flatMap((region, i) => {
    const [from, to] = [ends[i]! + 1, ends[i + 1]!];
    return spread(from, to).map((concurrency) => ({ concurrency, region }));
  });
  return [{ concurrency: lowest, region: 'ultra low' }, ...inRegions];
}

/** The middle of a range on a logarithmic scale, and its end. */
function spread(from: number, to: number): readonly number[] {
  const inner = Array.from({ length: POINTS_A_REGION }, (_, i) =>
    Math.round(from * (to / from) ** ((i + 1) / POINTS_A_REGION)),
  );
  return [...new Set(inner)];
}

/** As Python's `round`, which the rules use. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
