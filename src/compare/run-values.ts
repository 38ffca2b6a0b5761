import { NS_PER_SECOND } from '../core/time.ts';
import {
  meanChunkGapNs,
  SAMPLE_OUTCOMES,
  timePerTokenNs,
  type SampleColumns,
} from '../events/sample-columns.ts';
import { measuredWindows, tokenSpan, windowedBins } from './windowed-totals.ts';

/** A run as it is compared: the values of its measured samples, each in a bin of time. */
export interface RunValues {
  /** From the first measured sample's issue to the end of issuing, or of a burst, s: what the bins divide. */
  readonly durationS: number;
  readonly binCount: number;
  readonly series: readonly ValueSeries[];
  readonly totals: readonly BinTotals[];
  /** Samples that ended, by bin of issue, and those of them that failed. */
  readonly ended: Float64Array;
  readonly errored: Float64Array;
}

export type SeriesKey =
  'ttft_ns' | 'tpot_ns' | 'chunk_gap_ns' | 'latency_ns' | 'response_ttft_ns' | 'response_latency_ns';

/** One quantity over all samples that have it; `bins[i]` is when `values[i]` was seen. */
export interface ValueSeries {
  readonly key: SeriesKey;
  readonly values: Float64Array;
  readonly bins: Uint16Array;
}

/** What a run got done in each bin, as far as that lies in the measured window, and for how many seconds it does. */
export interface BinTotals {
  readonly key: 'samples_per_second' | 'output_tokens_per_second';
  readonly amounts: Float64Array;
  readonly coveredS: Float64Array;
}

/** Which of the samples are meant, and when issuing went on after a pause. */
export interface RunPart {
  readonly isPart?: (issuedNs: number) => boolean;
  readonly resumedNs?: readonly number[];
}

/** Most bins a run is cut into: enough to see how far correlation reaches, few enough to resample quickly. */
const MOST_BINS = 256;
/** Fewest samples a bin should have. */
const SAMPLES_PER_BIN = 4;

const SUCCEEDED = SAMPLE_OUTCOMES.indexOf('succeeded');
const ERRORED = SAMPLE_OUTCOMES.indexOf('errored');

/**
 * The values of the samples `isPart` takes (all by default), of those issued while the run was measuring, with the definitions
 * and populations of the report. Undefined when none of them ended.
 */
export function runValues(
  samples: SampleColumns,
  { isPart = () => true, resumedNs = [] }: RunPart = {},
): RunValues | undefined {
  const { issuedNs, completedNs, measured } = samples;
  const chosen = positionsWhere(samples.count, (i) => measured[i] === 1 && isPart(issuedNs[i]!));
  const endedOnes = chosen.filter((i) => completedNs[i]! >= 0);
  if (endedOnes.length === 0) return undefined;
  const startNs = chosen.reduce((least, i) => Math.min(least, issuedNs[i]!), Infinity);
  const lastIssuedNs = chosen.reduce((most, i) => Math.max(most, issuedNs[i]!), startNs + 1);
  const windows = measuredWindows(samples, chosen, resumedNs);
  const endNs = Math.max(lastIssuedNs, windows.at(-1)?.end_ns ?? startNs + 1);
  const binCount = Math.max(1, Math.min(MOST_BINS, Math.floor(endedOnes.length / SAMPLES_PER_BIN)));
  const binOf = (atNs: number) =>
    Math.min(binCount - 1, Math.floor(((atNs - startNs) / (endNs - startNs)) * binCount));
  const collect = (key: SeriesKey, valueOf: (i: number) => number): ValueSeries => {
    const having = endedOnes.filter((i) => !Number.isNaN(valueOf(i)));
    return {
      key,
      values: Float64Array.from(having, valueOf),
      bins: Uint16Array.from(having, (i) => binOf(issuedNs[i]!)),
    };
  };
  const count = (amountOf: (i: number) => number) => {
    const amounts = new Float64Array(binCount);
    for (const i of endedOnes) amounts[binOf(issuedNs[i]!)]! += amountOf(i);
    return amounts;
  };
  const binning = { startNs, endNs, binCount, windows };
  const coveredS = windowedBins(
    binning,
    windows.map(({ start_ns: fromNs, end_ns: toNs }) => {
      return { fromNs, toNs, amount: (toNs - fromNs) / NS_PER_SECOND };
    }),
  );
  const succeeded = (i: number) => samples.outcomes[i] === SUCCEEDED;
  return {
    durationS: (endNs - startNs) / 1e9,
    binCount,
    series: seriesOf(samples, collect, succeeded).filter(({ values }) => values.length > 0),
    totals: [
      {
        key: 'samples_per_second' as const,
        amounts: windowedBins(
          binning,
          endedOnes
            .filter(succeeded)
            .map((i) => ({ fromNs: completedNs[i]!, toNs: completedNs[i]!, amount: 1 })),
        ),
        coveredS,
      },
      {
        key: 'output_tokens_per_second' as const,
        amounts: windowedBins(
          binning,
          endedOnes.flatMap((i) => tokenSpan(samples, i)),
        ),
        coveredS,
      },
    ].filter(({ amounts }) => amounts.some((amount) => amount > 0)),
    ended: count(() => 1),
    errored: count((i) => (samples.outcomes[i] === ERRORED ? 1 : 0)),
  };
}

function seriesOf(
  samples: SampleColumns,
  collect: (key: SeriesKey, valueOf: (i: number) => number) => ValueSeries,
  succeeded: (i: number) => boolean,
): ValueSeries[] {
  const { issuedNs, dueNs, firstChunkNs, completedNs } = samples;
  return [
    collect('ttft_ns', (i) => firstChunkNs[i]! - issuedNs[i]!),
    collect('tpot_ns', (i) => timePerTokenNs(samples, i)),
    collect('chunk_gap_ns', (i) => meanChunkGapNs(samples, i)),
    collect('latency_ns', (i) => completedNs[i]! - issuedNs[i]!),
    collect('response_ttft_ns', (i) => firstChunkNs[i]! - dueNs[i]!),
    collect('response_latency_ns', (i) => (succeeded(i) ? completedNs[i]! - dueNs[i]! : NaN)),
  ];
}

function positionsWhere(count: number, isWanted: (i: number) => boolean): number[] {
  const positions: number[] = [];
  for (let i = 0; i < count; i++) if (isWanted(i)) positions.push(i);
  return positions;
}
