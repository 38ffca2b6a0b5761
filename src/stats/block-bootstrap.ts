/** Where random numbers come from; `below(n)` is a whole number in [0, n), each equally likely. */
export interface BlockRandom {
  below(bound: number): number;
}

/**
 * One replicate of a circular block bootstrap: how often each of `weights.length` bins of time is drawn, when blocks of
 * `blockLength` neighbouring bins (the last bin's neighbour is the first) are drawn with replacement until there are as many
 * bins as before; the last block is cut. Overwrites `weights`.
 *
 * Bins keep the order inside a block, so what is correlated in time stays together. Source: Politis and Romano, A circular
 * block-resampling procedure for stationary data (1992).
 */
export function drawBlockWeights(weights: Uint32Array, blockLength: number, random: BlockRandom): void {
  const bins = weights.length;
  weights.fill(0);
  for (let drawn = 0; drawn < bins; drawn += blockLength) {
    const start = random.below(bins);
    const length = Math.min(blockLength, bins - drawn);
    for (let i = 0; i < length; i++) weights[(start + i) % bins]! += 1;
  }
}
