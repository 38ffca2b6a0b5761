import type { Throughput } from '../core/throughput.ts';
import { countedText, durationText, numberText, percentText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import {
  energyIn,
  type EnergyPoint,
  type PowerFacts,
  readPowerFacts,
} from '../server-metrics/power-history.ts';
import type { Fact } from './own-text.ts';
import type { SteadyState } from './steady-state.ts';

/** What a run is told to have done in the stretch that its energy and its cost are for. */
export interface WorkDone {
  readonly window: 'steady state' | 'measured window';
  readonly parts: readonly { readonly startNs: number; readonly endNs: number }[];
  readonly windowNs: number;
  readonly requestsPerSecond: number;
  /** Null where no token was counted. */
  readonly outputTokensPerSecond: number | null;
}

/** What the servers drew; J and W, null where it is not known. */
export interface EnergyReport {
  readonly sources: readonly Omit<PowerFacts, 'energy'>[];
  readonly window: WorkDone['window'] | null;
  readonly windowNs: number;
  /** Share of the window in which the power of all sources was known. */
  readonly knownShare: number;
  readonly joules: number | null;
  readonly meanWatts: number | null;
  readonly joulesPerRequest: number | null;
  readonly joulesPerOutputToken: number | null;
  /** Why there are no figures; null where there are. */
  readonly reason: string | null;
}

/** With less of the window known, the rest would be a guess. */
const LEAST_KNOWN = 0.8;

/** The steady state where there is one, else the measured window; null for a run too short for that. */
export function workDone(throughput: Throughput | null, steady: SteadyState | null): WorkDone | null {
  if (steady?.isFound === true && steady.figures !== null) {
    const { fromNs, toNs, figures } = steady;
    return {
      ...{ window: 'steady state', parts: [{ startNs: fromNs, endNs: toNs }], windowNs: toNs - fromNs },
      requestsPerSecond: figures.requestsPerSecond,
      outputTokensPerSecond: figures.outputTokensPerSecond,
    };
  }
  if (throughput === null) return null;
  const { output_tokens_per_second: tokens } = throughput;
  return {
    window: 'measured window',
    parts: throughput.parts.map(({ start_ns: startNs, end_ns: endNs }) => ({ startNs, endNs })),
    windowNs: throughput.window_ns,
    requestsPerSecond: throughput.succeeded_per_second,
    outputTokensPerSecond: tokens > 0 ? tokens : null,
  };
}

/** Null for a run of which nobody measured the power. */
export function reportEnergy(
  { power }: { readonly [key: string]: unknown },
  done: WorkDone | null,
): EnergyReport | null {
  const facts = readPowerFacts(power);
  if (facts.length === 0) return null;
  const sources = facts.map(({ energy: _, ...source }) => source);
  const none = { joules: null, meanWatts: null, joulesPerRequest: null, joulesPerOutputToken: null };
  if (done === null)
    return { sources, window: null, windowNs: 0, knownShare: 0, ...none, reason: 'the run was too short' };
  const { window, windowNs, requestsPerSecond, outputTokensPerSecond } = done;
  const known = facts.map(({ source, energy }) => ({ source, ...knownIn(energy, done) }));
  const least = known.reduce((a, b) => (b.knownNs < a.knownNs ? b : a));
  const knownShare = least.knownNs / windowNs;
  if (!(knownShare >= LEAST_KNOWN)) {
    const reason = `${least.source} told the power in ${percentText(knownShare)} of the ${window}, and at least ${percentText(LEAST_KNOWN)} are needed`;
    return { sources, window, windowNs, knownShare, ...none, reason };
  }
  const meanWatts = known.reduce((sum, { joules, knownNs }) => sum + joules / (knownNs / NS_PER_SECOND), 0);
  const perUnit = (rate: number | null) => (rate !== null && rate > 0 ? meanWatts / rate : null);
  return {
    ...{ sources, window, windowNs, knownShare, meanWatts, reason: null },
    joules: meanWatts * (windowNs / NS_PER_SECOND),
    joulesPerRequest: perUnit(requestsPerSecond),
    joulesPerOutputToken: perUnit(outputTokensPerSecond),
  };
}

export function energyFacts(report: EnergyReport | null): readonly Fact[] {
  if (report === null) return [];
  return [
    ['Energy', energyText(report)],
    [
      'Power by',
      report.sources
        .map(({ source, devices, readings, failures, last_failure: failure }) => {
          const told =
            readings === 0
              ? 'no reading'
              : `${countedText(readings, 'reading')} of ${countedText(devices, 'device')}`;
          return `${source}: ${told}${failures === 0 ? '' : `, ${countedText(failures, 'failure')} (${failure})`}`;
        })
        .join('; '),
    ],
  ];
}

export function energyToJson({ sources, ...energy }: EnergyReport) {
  return {
    sources,
    window: energy.window?.replace(' ', '_') ?? null,
    window_ns: energy.windowNs,
    known_share: energy.knownShare,
    joules: energy.joules,
    mean_watts: energy.meanWatts,
    joules_per_request: energy.joulesPerRequest,
    joules_per_output_token: energy.joulesPerOutputToken,
    reason: energy.reason,
  };
}

function energyText(report: EnergyReport): string {
  const { joules, meanWatts, joulesPerRequest, joulesPerOutputToken, knownShare, window, reason } = report;
  if (joules === null || meanWatts === null) return `unknown: ${reason}`;
  const known = knownShare < 0.995 ? `, known for ${percentText(knownShare)} of it` : '';
  return [
    ...(joulesPerRequest === null ? [] : [`${numberText(joulesPerRequest)} J per request`]),
    ...(joulesPerOutputToken === null ? [] : [`${numberText(joulesPerOutputToken)} J per output token`]),
    `${numberText(meanWatts)} W on average, ${numberText(joules)} J in the ${durationText(report.windowNs)} of the ${window}${known}`,
  ].join('; ');
}

function knownIn(energy: readonly EnergyPoint[], { parts }: WorkDone) {
  return parts
    .map(({ startNs, endNs }) => energyIn(energy, startNs, endNs))
    .reduce((sum, { joules, knownNs }) => ({ joules: sum.joules + joules, knownNs: sum.knownNs + knownNs }));
}
