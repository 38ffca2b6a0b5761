import { RandomSource } from '../../src/core/random.ts';

const MEDIAN_NS = 2e7;
const SPREAD = 0.8;

/** Latencies around 20 ms, log-normal, in whole ns; the same each time. */
export function latenciesNs(count: number): Float64Array {
  const random = new RandomSource(7);
  return Float64Array.from({ length: count }, () =>
    Math.round(MEDIAN_NS * Math.exp(SPREAD * random.normal())),
  );
}
