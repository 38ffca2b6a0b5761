/** Parts into which a run is cut; with fewer values no trend is told. */
const PARTS = 6;
/** Pairs of neighbouring parts in which the backlog may fall all the same. */
const MOST_FALLS = 1;
/** By which share of itself the backlog has grown to the last part, at least; from the second part, as in the first one the load is built up. */
const LEAST_GROWTH = 0.5;
/** And by how many requests: three in place of two are no backlog. */
const FEWEST_MORE = 4;

/**
 * Whether the requests in flight kept growing over an open-loop run: the server falls behind, and the times of a longer
 * run would be longer. `inFlight`: a value for each stretch of equal length.
 */
export function keepsGrowing(inFlight: readonly number[]): boolean {
  if (inFlight.length < PARTS) return false;
  const means = Array.from({ length: PARTS }, (_, part) => {
    const from = Math.floor((part * inFlight.length) / PARTS);
    const to = Math.floor(((part + 1) * inFlight.length) / PARTS);
    return inFlight.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  });
  const falls = means.filter((value, i) => i > 0 && value < means[i - 1]!).length;
  const [early, last] = [means[1]!, means.at(-1)!];
  const isHighest = last >= Math.max(...means);
  return falls <= MOST_FALLS && isHighest && last - early >= Math.max(FEWEST_MORE, LEAST_GROWTH * early);
}
