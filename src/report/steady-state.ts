import { SILENT_LOG } from '../core/log.ts';
import { countText, durationText, numberText, percentText } from '../core/quantity-text.ts';
import type { RunMark } from '../core/run-history.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { latencyNs, SAMPLE_OUTCOMES, type StoredSamples, timePerTokenNs } from '../events/sample-columns.ts';
import { SeriesSampler } from '../metrics/sampler.ts';
import type { SteadyChoice } from '../rules/steady-choice.ts';
import {
  steadinessOf,
  type SeriesSteadiness,
  type SteadyWindow,
  steadyWindow,
} from '../stats/steady-window.ts';
import { reportSeries, type SeriesReport } from './series-report.ts';
import { FEWEST_SAMPLES, steadyBins, type SteadyBins } from './steady-bins.ts';

/** The steady state of a run, or why there is none. */
export interface SteadyState {
  readonly isFound: boolean;
  /** `auto`: found out; `range`: somebody told. */
  readonly chosen: 'auto' | 'range';
  /** ns since the run's origin; of the part that was looked at where none was found. */
  readonly fromNs: number;
  readonly toNs: number;
  /** When the run started, on the same clock: from there people count. */
  readonly runStartNs: number;
  /** From the first measured issue to the last. */
  readonly measuredNs: number;
  /** Why there is none; null where there is one. */
  readonly reason: string | null;
  readonly tests: readonly (SeriesSteadiness & { readonly label: string })[];
  /** Null where there is none. */
  readonly figures: SteadyFigures | null;
}

/** Of the samples that were issued in the steady state. */
export interface SteadyFigures {
  readonly issued: number;
  /** Of these. */
  readonly succeeded: number;
  readonly errored: number;
  readonly ttft: SeriesReport;
  readonly tpot: SeriesReport;
  readonly latency: SeriesReport;
  /** Samples that succeeded in it, whenever they were issued. */
  readonly requestsPerSecond: number;
  /** Spread evenly from the first chunk of a sample to its last; null where no server told. */
  readonly outputTokensPerSecond: number | null;
}

/** A load that was changed by hand has no steady state of its own. */
const CHANGES: readonly RunMark['kind'][] = ['pause', 'resume', 'rate', 'concurrency'];
const [SUCCEEDED, ERRORED] = [SAMPLE_OUTCOMES.indexOf('succeeded'), SAMPLE_OUTCOMES.indexOf('errored')];
/** Values of a series kept in memory. */
const RAW_BUDGET_BYTES = 8 * 2 ** 20;

/** Of a run's samples, by the choice; `marks`: of the run. Three passes over the samples, and some ms for the tests. */
export function findSteadyState(
  samples: StoredSamples,
  choice: Exclude<SteadyChoice, { readonly kind: 'off' }>,
  { marks, runStartNs }: { readonly marks: readonly RunMark[]; readonly runStartNs: number },
  spillDirectory?: string,
): SteadyState {
  const bins = steadyBins(samples);
  const { startNs, endNs, binNs, series } = bins;
  const count = series[0]?.values.length ?? 0;
  const common = { runStartNs, measuredNs: Math.max(0, endNs - startNs) };
  if (choice.kind !== 'auto') {
    const [fromNs, toNs] = stretchOf(choice, bins, runStartNs);
    const [from, to] = [fromNs, toNs].map((ns) =>
      Math.min(count, Math.max(0, Math.round((ns - startNs) / binNs))),
    );
    const tests = series.map(({ label, values }) => ({ label, ...steadinessOf(values.slice(from, to)) }));
    const figures = figuresOf(samples, fromNs, toNs, spillDirectory);
    const reason = figures.issued === 0 ? 'no measured sample was issued in it' : null;
    return {
      ...{ ...common, chosen: 'range', isFound: reason === null, fromNs, toNs, reason },
      ...{ tests: to! - from! > 1 ? tests : [], figures: reason === null ? figures : null },
    };
  }
  const window = steadyWindow(series.map(({ values }) => values));
  const [fromNs, toNs] = [startNs + window.from * binNs, startNs + window.to * binNs];
  const change = marks.find(
    ({ kind, at_ns: atNs }) => CHANGES.includes(kind) && atNs > fromNs && atNs < toNs,
  );
  const reason = change === undefined ? reasonOf(window, bins, runStartNs) : changedText(change, runStartNs);
  return {
    ...{ ...common, chosen: 'auto', isFound: reason === null, fromNs, toNs, reason },
    tests: window.series.map((one, i) => ({ label: series[i]!.label, ...one })),
    figures: reason === null ? figuresOf(samples, fromNs, toNs, spillDirectory) : null,
  };
}

/** Where the part that somebody told begins and ends. */
function stretchOf(
  choice: Extract<SteadyChoice, { readonly kind: 'range' | 'share' }>,
  { startNs, endNs }: SteadyBins,
  runStartNs: number,
): readonly [fromNs: number, toNs: number] {
  if (choice.kind === 'range') return [runStartNs + choice.fromNs, runStartNs + choice.toNs];
  if (!(endNs >= startNs)) return [runStartNs, runStartNs];
  const at = (share: number) => startNs + share * (endNs - startNs);
  // The last sample belongs to a part that reaches to the end.
  return [at(choice.from), choice.to === 1 ? endNs + 1 : at(choice.to)];
}

function changedText({ kind, at_ns: atNs }: RunMark, runStartNs: number): string {
  const what = kind === 'pause' || kind === 'resume' ? 'paused' : 'changed by hand';
  return `the load was ${what} ${durationText(atNs - runStartNs)} after the start`;
}

function reasonOf(
  window: SteadyWindow,
  { ended, series, startNs, binNs }: SteadyBins,
  runStartNs: number,
): string | null {
  if (window.found) return null;
  const { why, culprit, from } = window;
  if (why === 'too_short')
    return `too few measured samples ended: ${countText(ended)} of at least ${FEWEST_SAMPLES}`;
  const { label } = series[culprit]!;
  const one = window.series[culprit]!;
  switch (why) {
    case 'drift':
      return `${label} drifts by ${signed(one.drift)} over it (trend test, p = ${chanceText(one.driftP)})`;
    case 'step': {
      const atNs = startNs + (from + one.stepAt) * binNs - runStartNs;
      return `${label} changes by ${signed(one.step)} ${durationText(atNs)} after the start (change-point test, p = ${chanceText(one.stepP)})`;
    }
    case 'variation':
      return `${label} varies too much: the means of ten parts scatter by ${percentText(one.variation)}`;
    case 'ramp':
      return `${label} was still building up, or dying down, for most of the run`;
  }
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${percentText(Math.abs(share))}`;
}

function chanceText(p: number): string {
  return p < 0.0001 ? 'below 0.0001' : numberText(p);
}

function figuresOf(
  samples: StoredSamples,
  fromNs: number,
  toNs: number,
  spillDirectory?: string,
): SteadyFigures {
  const samplerOf = (name: string, valueKind: 'int' | 'float') =>
    new SeriesSampler(
      name,
      {
        ...{ valueKind, hdrLow: 1, hdrHigh: 3.6e12, rawBudgetBytes: RAW_BUDGET_BYTES },
        ...(spillDirectory === undefined ? {} : { spillDirectory }),
      },
      SILENT_LOG,
    );
  const [ttft, tpot, latency] = [
    samplerOf('ttft_ns', 'int'),
    samplerOf('tpot_ns', 'float'),
    samplerOf('latency_ns', 'int'),
  ];
  let [issued, succeeded, errored, completed, tokens, counted] = [0, 0, 0, 0, 0, 0];
  for (const chunk of samples.chunks()) {
    for (let i = 0; i < chunk.count; i++) {
      if (chunk.measured[i] !== 1) continue;
      const [issuedNs, completedNs] = [chunk.issuedNs[i]!, chunk.completedNs[i]!];
      if (chunk.outcomes[i] === SUCCEEDED && completedNs >= fromNs && completedNs < toNs) completed += 1;
      if (chunk.outputTokens[i]! > 0) {
        counted += 1;
        const [firstNs, lastNs] = [chunk.firstChunkNs[i]!, chunk.lastChunkNs[i]!];
        tokens += chunk.outputTokens[i]! * shareIn(firstNs, lastNs, completedNs, fromNs, toNs);
      }
      if (!(issuedNs >= fromNs && issuedNs < toNs)) continue;
      issued += 1;
      if (chunk.outcomes[i] === SUCCEEDED) succeeded += 1;
      if (chunk.outcomes[i] === ERRORED) errored += 1;
      record(ttft, chunk.firstChunkNs[i]! - issuedNs);
      record(tpot, timePerTokenNs(chunk, i));
      record(latency, latencyNs(chunk, i));
    }
  }
  const seconds = (toNs - fromNs) / NS_PER_SECOND;
  const figures = {
    ...{ issued, succeeded, errored },
    ttft: reportSeries(ttft.build(true)),
    tpot: reportSeries(tpot.build(true)),
    latency: reportSeries(latency.build(true)),
    requestsPerSecond: completed / seconds,
    outputTokensPerSecond: counted === 0 ? null : tokens / seconds,
  };
  for (const sampler of [ttft, tpot, latency]) sampler.close();
  return figures;
}

function record(sampler: SeriesSampler, value: number): void {
  if (Number.isFinite(value)) sampler.record(value);
}

/** Which share of what came evenly from the first chunk to the last came in a window; at the completion, where nothing was streamed. */
function shareIn(firstNs: number, lastNs: number, completedNs: number, fromNs: number, toNs: number): number {
  if (!(lastNs > firstNs)) return completedNs >= fromNs && completedNs < toNs ? 1 : 0;
  return Math.max(0, Math.min(lastNs, toNs) - Math.max(firstNs, fromNs)) / (lastNs - firstNs);
}
