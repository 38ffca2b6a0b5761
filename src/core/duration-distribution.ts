/** How spans of time are spread, in ms. A plain value: it crosses threads by structured clone. */
export type DurationDistribution =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly leastMs: number; readonly mostMs: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }
  /** The logarithm is normal with the deviation `sigma`. */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number };

/** Where random numbers come from: `RandomSource` and `KeyedRandom` are such. */
export interface UniformSource {
  /** In [0, 1). */
  uniform(): number;
}

/** The next span, ms, from 0 up. Costs two uniform draws at most, and allocates nothing. */
export function drawDurationMs(distribution: DurationDistribution, random: UniformSource): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.ms;
    case 'uniform':
      return distribution.leastMs + (distribution.mostMs - distribution.leastMs) * random.uniform();
    case 'exponential':
      return -Math.log(1 - random.uniform()) * distribution.meanMs;
    case 'lognormal':
      return distribution.medianMs * Math.exp(distribution.sigma * standardNormal(random));
  }
}

/** Box and Muller; the second value of the pair is dropped. */
function standardNormal(random: UniformSource): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
  return radius * Math.cos(2 * Math.PI * random.uniform());
}
