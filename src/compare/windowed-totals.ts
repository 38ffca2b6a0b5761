import type { Throughput } from '../core/throughput.ts';
import { SAMPLE_OUTCOMES, type SampleColumns } from '../events/sample-columns.ts';
import { ThroughputRecorder } from '../stats/throughput-recorder.ts';

/** Something that came evenly over a time, or at one moment. */
export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
  readonly amount: number;
}

/** Bins of equal length from `startNs` to `endNs`, of which the windows count. */
export interface WindowedBinning {
  readonly startNs: number;
  readonly endNs: number;
  readonly binCount: number;
  readonly windows: Throughput['parts'];
}

const SUCCEEDED = SAMPLE_OUTCOMES.indexOf('succeeded');
const CANCELLED = SAMPLE_OUTCOMES.indexOf('cancelled');

/** The measured window of the samples at `positions`, as a report has it; empty when it is too short for one. */
export function measuredWindows(
  samples: SampleColumns,
  positions: readonly number[],
  resumedNs: readonly number[],
): Throughput['parts'] {
  const { issuedNs, completedNs, outcomes, measuringSinceNs } = samples;
  const recorder = new ThroughputRecorder();
  for (const timeNs of measuringSinceNs) recorder.start(timeNs);
  for (const timeNs of resumedNs) recorder.resume(timeNs);
  for (const i of positions) recorder.onIssued(issuedNs[i]!);
  for (const i of positions) {
    if (Number.isNaN(completedNs[i]!)) continue;
    if (outcomes[i] === CANCELLED) recorder.onCancelled(completedNs[i]!);
    else recorder.onEnded(issuedNs[i]!, completedNs[i]!, outcomes[i] === SUCCEEDED);
  }
  return recorder.throughput()?.parts ?? [];
}

/** The output tokens of a sample and when they came; none when the server did not tell how many. */
export function tokenSpan(samples: SampleColumns, i: number): readonly Span[] {
  const amount = samples.outputTokens[i]!;
  if (!(amount > 0)) return [];
  const [fromNs, toNs] = [samples.firstChunkNs[i]!, samples.lastChunkNs[i]!];
  const completedNs = samples.completedNs[i]!;
  return Number.isNaN(fromNs) || Number.isNaN(toNs)
    ? [{ fromNs: completedNs, toNs: completedNs, amount }]
    : [{ fromNs, toNs, amount }];
}

/** How much of the amounts lies in each bin and in a window. */
export function windowedBins(
  { startNs, endNs, binCount, windows }: WindowedBinning,
  spans: readonly Span[],
): Float64Array {
  const amounts = new Float64Array(binCount);
  const binNs = (endNs - startNs) / binCount;
  const binOf = (timeNs: number) =>
    Math.max(0, Math.min(binCount - 1, Math.floor((timeNs - startNs) / binNs)));
  for (const { fromNs, toNs, amount } of spans) {
    for (const { start_ns: openNs, end_ns: closeNs } of windows) {
      if (!(toNs > fromNs)) {
        if (toNs >= openNs && toNs < closeNs) amounts[binOf(toNs)]! += amount;
        continue;
      }
      const [partFromNs, partToNs] = [Math.max(fromNs, openNs), Math.min(toNs, closeNs)];
      for (let bin = binOf(partFromNs); partToNs > partFromNs && bin <= binOf(partToNs); bin++) {
        const binFromNs = bin === 0 ? -Infinity : startNs + bin * binNs;
        const binToNs = bin === binCount - 1 ? Infinity : startNs + (bin + 1) * binNs;
        const insideNs = Math.min(partToNs, binToNs) - Math.max(partFromNs, binFromNs);
        amounts[bin]! += (amount * Math.max(0, insideNs)) / (toNs - fromNs);
      }
    }
  }
  return amounts;
}
