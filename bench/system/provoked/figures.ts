import type { SeenSample } from '../../../src/app/calibration/seen-samples.ts';
import type { ServerTruth } from '../../../src/app/calibration/server-truth.ts';

export const METRICS = ['ttft_ns', 'chunk_delta_ns', 'tpot_ns', 'sample_latency_ns'] as const;
export type Metric = (typeof METRICS)[number];
export const PERCENTILES = [50, 90, 99] as const;

/** A percentile as the client saw it and as it was, ns. */
export interface Figure {
  readonly metric: Metric;
  readonly percentile: number;
  readonly observedNs: number;
  readonly trueNs: number;
}

export interface Figures {
  readonly figures: readonly Figure[];
  /** Samples that failed, or whose truth the server does not have. */
  readonly unmatched: number;
}

/**
 * The percentiles of a run beside the true ones. A true time ends just before the server's write and begins with the request as the client
 * sent it, so that nothing the server does late is held against the client, and whatever lies between that write and the client's
 * stamp is. A row of the dataset must have been sent once only.
 */
export function figuresOf(samples: readonly SeenSample[], truths: readonly ServerTruth[]): Figures {
  const truthOfRow = new Map(truths.map((truth) => [truth.promptNumber, truth]));
  const observed = emptyValues();
  const truth = emptyValues();
  let unmatched = 0;
  for (const { row, issuedNs, chunksNs, completedNs, failed } of samples) {
    const known = truthOfRow.get(row);
    if (failed || completedNs === null || known?.tokensNs.length !== chunksNs.length) {
      unmatched += 1;
      continue;
    }
    add(observed, issuedNs, chunksNs, completedNs);
    add(truth, issuedNs, known.tokensNs, known.endNs);
  }
  const figures = METRICS.flatMap((metric) => {
    const [seen, real] = [
      Float64Array.from(observed[metric]).sort(),
      Float64Array.from(truth[metric]).sort(),
    ];
    if (seen.length === 0) return [];
    return PERCENTILES.map((percentile) => ({
      metric,
      percentile,
      observedNs: atPercentile(seen, percentile),
      trueNs: atPercentile(real, percentile),
    }));
  });
  return { figures, unmatched };
}

type Values = Readonly<Record<Metric, number[]>>;

function emptyValues(): Values {
  return { ttft_ns: [], chunk_delta_ns: [], tpot_ns: [], sample_latency_ns: [] };
}

function add(values: Values, issuedNs: number, chunksNs: readonly number[], endNs: number): void {
  const firstNs = chunksNs[0]!;
  values.ttft_ns.push(firstNs - issuedNs);
  for (let i = 1; i < chunksNs.length; i++) values.chunk_delta_ns.push(chunksNs[i]! - chunksNs[i - 1]!);
  if (chunksNs.length > 1) values.tpot_ns.push((endNs - firstNs) / (chunksNs.length - 1));
  values.sample_latency_ns.push(endNs - issuedNs);
}

function atPercentile(sorted: Float64Array, percentile: number): number {
  return sorted[Math.floor((sorted.length - 1) * (percentile / 100))]!;
}
