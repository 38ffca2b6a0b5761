/**
 * How long the blocks of a circular block bootstrap should be for the mean of a series that is correlated in time, in values,
 * from 1 to a quarter of the series.
 *
 * The lag at which the autocorrelation becomes noise is looked for; from the correlations up to twice that lag follow the long-run variance and
 * the length that minimises the error of its estimate. Source: Politis and White, Econometric Reviews 23 (2004), as corrected by
 * Patton, Politis and White 28 (2009). Cost: values × lags, some √n of them.
 */
export function blockLength(series: ArrayLike<number>): number {
  const n = series.length;
  const longest = Math.max(1, Math.floor(n / 4));
  if (n < 8) return longest;
  const quietLags = Math.max(5, Math.ceil(Math.sqrt(Math.log10(n))));
  const maxLag = Math.min(n - 1, Math.ceil(Math.sqrt(n)) + quietLags);
  const covariances = autocovariances(series, maxLag);
  const variance = covariances[0]!;
  if (!(variance > 0)) return 1;
  const noise = 2 * Math.sqrt(Math.log10(n) / n) * variance;
  const bandwidth = Math.min(2 * Math.max(lastLoudLag(covariances, noise, quietLags), 1), maxLag);
  let weighted = 0;
  let longRun = variance;
  for (let lag = 1; lag <= bandwidth; lag++) {
    const both = 2 * flatTop(lag / bandwidth) * covariances[lag]!;
    weighted += lag * both;
    longRun += both;
  }
  if (!(longRun > 0)) return 1;
  const error = (4 / 3) * longRun ** 2;
  const length = Math.cbrt(((2 * weighted ** 2) / error) * n);
  return Math.min(Math.max(1, Math.ceil(length)), longest);
}

/** The last lag before as many quiet ones in a row as it takes to believe them. */
function lastLoudLag(covariances: Float64Array, noise: number, quietLags: number): number {
  let quiet = 0;
  for (let lag = 1; lag < covariances.length; lag++) {
    quiet = Math.abs(covariances[lag]!) < noise ? quiet + 1 : 0;
    if (quiet === quietLags) return lag - quietLags;
  }
  return covariances.length - 1;
}

/** Weight of a lag: 1 in the lower half of the bandwidth, then falling to 0. */
function flatTop(share: number): number {
  return share <= 0.5 ? 1 : 2 * (1 - share);
}

function autocovariances(series: ArrayLike<number>, maxLag: number): Float64Array {
  const n = series.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += series[i]! / n;
  const covariances = new Float64Array(maxLag + 1);
  for (let lag = 0; lag <= maxLag; lag++) {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += (series[i]! - mean) * (series[i - lag]! - mean);
    covariances[lag] = sum / n;
  }
  return covariances;
}
