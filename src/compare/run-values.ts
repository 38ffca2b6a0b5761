import { NS_PER_SECOND } from '../core/time.ts';
import type { Throughput } from '../core/throughput.ts';
import {
  latencyNs,
  meanChunkGapNs,
  SAMPLE_OUTCOMES,
  type SampleColumns,
  type StoredSamples,
  timePerTokenNs,
} from '../events/sample-columns.ts';
import { BinnedValues, type ValuesByBin } from '../stats/binned-values.ts';
import { ThroughputRecorder } from '../stats/throughput-recorder.ts';
import { WindowedTotals } from './windowed-totals.ts';

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

/** One quantity over all samples that have it, by the bin in which each was issued. */
export interface ValueSeries extends ValuesByBin {
  readonly key: SeriesKey;
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
const CANCELLED = SAMPLE_OUTCOMES.indexOf('cancelled');
const CANCELLED_BY_PLAN = SAMPLE_OUTCOMES.indexOf('cancelled_by_plan');

/** The quantities, each with its value for a sample; NaN for one that has none. */
const SERIES: readonly (readonly [SeriesKey, valueOf: (samples: SampleColumns, i: number) => number])[] = [
  ['ttft_ns', ({ firstChunkNs, issuedNs }, i) => firstChunkNs[i]! - issuedNs[i]!],
  ['tpot_ns', timePerTokenNs],
  ['chunk_gap_ns', meanChunkGapNs],
  ['latency_ns', latencyNs],
  ['response_ttft_ns', ({ firstChunkNs, dueNs }, i) => firstChunkNs[i]! - dueNs[i]!],
  [
    'response_latency_ns',
    ({ outcomes, completedNs, dueNs }, i) => (outcomes[i] === SUCCEEDED ? completedNs[i]! - dueNs[i]! : NaN),
  ],
];

/**
 * The values of the samples `isPart` takes (all by default), of those issued while the run was measuring, with the definitions
 * and populations of the report. Undefined when none of them ended. Goes through the samples twice, in bounded memory: see
 * {@link BinnedValues}.
 */
export function runValues(
  samples: StoredSamples,
  { isPart = () => true, resumedNs = [] }: RunPart = {},
): RunValues | undefined {
  const isChosen = ({ measured, issuedNs }: SampleColumns, i: number) =>
    measured[i] === 1 && isPart(issuedNs[i]!);
  const span = spanOf(samples, isChosen, resumedNs);
  if (span.endedCount === 0) return undefined;
  const { startNs, endNs, windows } = span;
  const binCount = Math.max(1, Math.min(MOST_BINS, Math.floor(span.endedCount / SAMPLES_PER_BIN)));
  const binning = { startNs, endNs, binCount, windows };
  const series = SERIES.map(([key, valueOf]) => ({ key, valueOf, values: new BinnedValues(binCount) }));
  const [succeeded, tokens, covered] = [0, 0, 0].map(() => new WindowedTotals(binning)) as [
    WindowedTotals,
    WindowedTotals,
    WindowedTotals,
  ];
  const [ended, errored] = [new Float64Array(binCount), new Float64Array(binCount)];
  for (const { start_ns: fromNs, end_ns: toNs } of windows)
    covered.add(fromNs, toNs, (toNs - fromNs) / NS_PER_SECOND);
  for (const chunk of samples.chunks()) {
    for (let i = 0; i < chunk.count; i++) {
      const completedNs = chunk.completedNs[i]!;
      if (!(completedNs >= 0) || !isChosen(chunk, i)) continue;
      const elapsed = (chunk.issuedNs[i]! - startNs) / (endNs - startNs);
      const bin = Math.min(binCount - 1, Math.floor(elapsed * binCount));
      ended[bin]! += 1;
      if (chunk.outcomes[i] === ERRORED) errored[bin]! += 1;
      if (chunk.outcomes[i] === SUCCEEDED) succeeded.add(completedNs, completedNs, 1);
      addTokens(tokens, chunk, i);
      for (const { valueOf, values } of series) {
        const value = valueOf(chunk, i);
        if (!Number.isNaN(value)) values.add(value, bin);
      }
    }
  }
  const coveredS = covered.amounts;
  return {
    durationS: (endNs - startNs) / NS_PER_SECOND,
    binCount,
    series: series
      .map(({ key, values }) => ({ key, ...values.finish() }))
      .filter(({ values }) => values.length > 0),
    totals: [
      { key: 'samples_per_second' as const, amounts: succeeded.amounts, coveredS },
      { key: 'output_tokens_per_second' as const, amounts: tokens.amounts, coveredS },
    ].filter(({ amounts }) => amounts.some((amount) => amount > 0)),
    ended,
    errored,
  };
}

/** From when to when the chosen samples are looked at, and the measured window in it, as a report has it. */
function spanOf(
  samples: StoredSamples,
  isChosen: (chunk: SampleColumns, i: number) => boolean,
  resumedNs: readonly number[],
) {
  let [startNs, lastIssuedNs, endedCount] = [Infinity, -Infinity, 0];
  const recorder = new ThroughputRecorder();
  for (const timeNs of samples.measuringSinceNs) recorder.start(timeNs);
  for (const timeNs of resumedNs) recorder.resume(timeNs);
  for (const chunk of samples.chunks()) {
    for (let i = 0; i < chunk.count; i++) {
      if (!isChosen(chunk, i)) continue;
      const [issuedNs, completedNs, outcome] = [chunk.issuedNs[i]!, chunk.completedNs[i]!, chunk.outcomes[i]];
      startNs = Math.min(startNs, issuedNs);
      lastIssuedNs = Math.max(lastIssuedNs, issuedNs);
      recorder.onIssued(issuedNs);
      if (!(completedNs >= 0)) continue;
      endedCount += 1;
      if (outcome === CANCELLED || outcome === CANCELLED_BY_PLAN) recorder.onCancelled(completedNs);
      else recorder.onEnded(issuedNs, completedNs, outcome === SUCCEEDED);
    }
  }
  const windows: Throughput['parts'] = recorder.throughput()?.parts ?? [];
  const endNs = Math.max(startNs + 1, lastIssuedNs, windows.at(-1)?.end_ns ?? 0);
  return { startNs, endNs, endedCount, windows };
}

/** The output tokens of a sample and when they came; none when the server did not tell how many. */
function addTokens(
  totals: WindowedTotals,
  { outputTokens, firstChunkNs, lastChunkNs, completedNs }: SampleColumns,
  i: number,
): void {
  const amount = outputTokens[i]!;
  if (!(amount > 0)) return;
  const [fromNs, toNs] = [firstChunkNs[i]!, lastChunkNs[i]!];
  const isStreamed = !Number.isNaN(fromNs) && !Number.isNaN(toNs);
  totals.add(isStreamed ? fromNs : completedNs[i]!, isStreamed ? toNs : completedNs[i]!, amount);
}
