import type { SeenSample } from '../../../src/app/calibration/seen-samples.ts';
import type { ServerTruth } from '../../../src/app/calibration/server-truth.ts';
import { quantileOfSorted } from '../../../src/stats/quantile.ts';

export const METRICS = ['ttft_ns', 'chunk_delta_ns', 'tpot_ns', 'sample_latency_ns'] as const;
export type Metric = (typeof METRICS)[number];
export const PERCENTILES = [50, 90, 99] as const;

/** A percentile as the client saw it and as it was, ns. The truth lies between `trueLowNs` and `trueHighNs`: see {@link figuresOf}. */
export interface Figure {
  readonly metric: Metric;
  readonly percentile: number;
  readonly observedNs: number;
  readonly trueNs: number;
  readonly trueLowNs: number;
  readonly trueHighNs: number;
}

export interface Figures {
  readonly figures: readonly Figure[];
  /** Samples that failed, or whose truth the server does not have. */
  readonly unmatched: number;
}

/**
 * The percentiles of a run beside the true ones. A true time ends just before the server's write and begins with the request as the client
 * sent it, so that nothing the server does late is held against the client, and whatever lies between that write and the client's
 * stamp is. The server may have been held up between its stamp and the kernel's taking the bytes; it stamps each write at its end too,
 * and a true time is known to lie between the two. A row of the dataset must have been sent once only.
 */
export function figuresOf(samples: readonly SeenSample[], truths: readonly ServerTruth[]): Figures {
  const truthOfRow = new Map(truths.map((truth) => [truth.promptNumber, truth]));
  const [observed, truth, least, most] = [emptyValues(), emptyValues(), emptyValues(), emptyValues()];
  let unmatched = 0;
  for (const { row, issuedNs, chunksNs, completedNs, failed } of samples) {
    const known = truthOfRow.get(row);
    if (failed || completedNs === null || known?.tokensNs.length !== chunksNs.length) {
      unmatched += 1;
      continue;
    }
    const { tokensNs, tokensEarlierNs, tokensLaterNs, endNs, endLaterNs } = known;
    const early = tokensNs.map((ns, i) => ns - tokensEarlierNs[i]!);
    const late = tokensNs.map((ns, i) => ns + tokensLaterNs[i]!);
    add(observed, issuedNs, chunksNs, chunksNs, completedNs);
    add(truth, issuedNs, tokensNs, tokensNs, endNs);
    add(least, issuedNs, late, early, endNs);
    add(most, issuedNs, early, late, endNs + endLaterNs);
  }
  const figures = METRICS.flatMap((metric) => {
    const [seen, real, low, high] = [observed, truth, least, most].map((values) =>
      Float64Array.from(values[metric]).sort(),
    ) as [Float64Array, Float64Array, Float64Array, Float64Array];
    if (seen.length === 0) return [];
    return PERCENTILES.map((percentile) => ({
      metric,
      percentile,
      observedNs: quantileOfSorted(seen, percentile),
      trueNs: quantileOfSorted(real, percentile),
      trueLowNs: quantileOfSorted(low, percentile),
      trueHighNs: quantileOfSorted(high, percentile),
    }));
  });
  return { figures, unmatched };
}

type Values = Readonly<Record<Metric, number[]>>;

function emptyValues(): Values {
  return { ttft_ns: [], chunk_delta_ns: [], tpot_ns: [], sample_latency_ns: [] };
}

/** Where a time begins with a chunk, that came as in `beginsNs`; where it ends with one, as in `endsNs`. */
function add(
  values: Values,
  issuedNs: number,
  beginsNs: readonly number[],
  endsNs: readonly number[],
  endNs: number,
): void {
  values.ttft_ns.push(endsNs[0]! - issuedNs);
  for (let i = 1; i < endsNs.length; i++) values.chunk_delta_ns.push(endsNs[i]! - beginsNs[i - 1]!);
  if (endsNs.length > 1) values.tpot_ns.push((endsNs.at(-1)! - beginsNs[0]!) / (endsNs.length - 1));
  values.sample_latency_ns.push(endNs - issuedNs);
}
