import { type PhaseConfig, phaseConfigs } from '../../config/run-phases.ts';
import type { RunConfig } from '../../config/schema.ts';
import { valueOfStage } from '../../config/stages.ts';
import { InferometerError } from '../../core/errors.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../core/time.ts';
import { arrivalsBefore, meanArrivalRate } from '../../plan/arrivals/replay.ts';
import {
  type ArrivalSettings,
  isOpenLoop,
  type OpenLoopSettings,
  type PhasePlan,
  type ReplaySettings,
  type StopRule,
} from '../../plan/plan.ts';
import { ConcurrencyProfile, type ConcurrencyStage } from '../../plan/concurrency-profile.ts';
import { RateProfile, type RateStage } from '../../plan/rate-profile.ts';
import type { PreparedPart } from './prepare.ts';

/** Name of the phase that `--warmup` adds. */
const WARMUP = 'warmup';
/** Added to the seed for the sample order of the warm-up, so that it does not send what is measured next. */
const WARMUP_ORDER_SEED_OFFSET = 1;
/** Between the seeds of one phase and the next. */
const PHASE_SEED_STEP = 2;

/** An average is told, not followed. */
const AVERAGE_DIGITS = 4;

/** The requests that a phase sends: see `PreparedPart`. */
type PhasePart = Pick<PreparedPart, 'firstTicket' | 'ticketCount' | 'dueNs'>;

/**
 * The phases of a configuration, in order: a warm-up if it has one, then those it names, or one. `parts`: what each of them sends.
 *
 * Throws `INFEROMETER_PLAN_REPLAY` (input) for the warm-up of a trace that has no rate.
 */
export function phasesOf(config: RunConfig, parts: readonly PhasePart[]): readonly PhasePlan[] {
  const phases = phaseConfigs(config).map((phase, index) => phasePlan(phase, index, parts[index]!));
  if (config.warmup === undefined) return phases;
  const { config: first } = phaseConfigs(config)[0]!;
  return [warmupOf(first, config.warmup, phases[0]!), ...phases];
}

/** What the run log says where a phase begins. */
export function phaseMark({ name, kind }: PhasePlan): string {
  return kind === 'performance' || name === WARMUP ? name : `${name} (not measured)`;
}

function phasePlan({ name, isMeasured, config }: PhaseConfig, index: number, part: PhasePart): PhasePlan {
  const stop = stopOf(config);
  const { firstTicket: firstRow, ticketCount: datasetSize, dueNs } = part;
  // Each has arrivals and an order of its own, as it has prompts; the first has those of a run without phases.
  const seed = config.seed + index * PHASE_SEED_STEP;
  const arrivals = dueNs === undefined ? arrivalsOf(config, seed) : replayOf(config, dueNs);
  const order = { order: config.sample_order, datasetSize, firstRow, seed };
  return {
    name,
    kind: isMeasured ? 'performance' : 'warmup',
    arrivals,
    order,
    stop: withinStages(stopRuleOf(stop, datasetSize, stagesNs(arrivals) < Infinity), arrivals),
    ...(arrivals.pattern === 'replay' ? inItsOrder(config, arrivals, order) : {}),
  };
}

/** Before the first phase, with what that sends. */
function warmupOf(config: RunConfig, limits: StopLimits, { arrivals, order }: PhasePlan): PhasePlan {
  const { datasetSize, firstRow } = order;
  return {
    name: WARMUP,
    kind: 'warmup',
    order: {
      order: config.sample_order,
      ...{ datasetSize, firstRow },
      seed: config.seed + WARMUP_ORDER_SEED_OFFSET,
    },
    // At the rate that measuring begins with.
    arrivals: arrivals.pattern === 'replay' ? atItsMeanRate(config, arrivals) : atFirst(arrivals),
    stop: stopRuleOf(limits, datasetSize),
  };
}

/** What bounds a run: one that waits for a figure has a longest duration. */
function stopOf({ stop, until }: RunConfig): RunConfig['stop'] {
  return until === undefined ? stop : { ...stop, duration_ms: until.max_duration_ms };
}

/** With the number of samples that is only known with the dataset; itself where there is one already, or nothing says how many. */
export function withSamples(
  config: RunConfig,
  datasetSize: number,
  samplesOf: ((datasetSize: number) => number) | undefined,
): RunConfig {
  if (samplesOf === undefined || config.stop.samples !== undefined) return config;
  return { ...config, stop: { ...config.stop, samples: samplesOf(datasetSize) } };
}

/** Each row once, at its time. */
function replayOf(config: RunConfig, dueNs: SharedArrayBuffer): ReplaySettings {
  const mean = meanArrivalRate(dueNs, stopRuleOf(stopOf(config), 0).maxDurationNs);
  const ratePerSecond = mean === null ? null : Number(mean.toPrecision(AVERAGE_DIGITS));
  return { pattern: 'replay', dueNs, ratePerSecond };
}

/** A replay ends with its last row, unless its duration is over before that. */
function inItsOrder(
  config: RunConfig,
  { dueNs }: ReplaySettings,
  order: PhasePlan['order'],
): Pick<PhasePlan, 'order' | 'stop'> {
  const { datasetSize } = order;
  const rule = stopRuleOf(stopOf(config), datasetSize);
  const endsBefore = arrivalsBefore(dueNs, rule.maxDurationNs) < datasetSize;
  const maxSamples = endsBefore ? rule.maxSamples : Math.min(rule.maxSamples, datasetSize);
  return { order: { ...order, order: 'sequential' }, stop: { ...rule, maxSamples } };
}

/** What a warm-up sends has no times: it is drawn from the trace. */
function atItsMeanRate({ seed }: RunConfig, { ratePerSecond }: ReplaySettings): ArrivalSettings {
  if (ratePerSecond !== null) return { pattern: 'poisson', ratePerSecond, seed };
  throw new InferometerError(
    'INFEROMETER_PLAN_REPLAY',
    'input',
    '--warmup of a replay goes at the mean rate of the trace, but all requests of this one come at once; leave it out',
  );
}

function isStaged(
  arrivals: ArrivalSettings,
): arrivals is OpenLoopSettings & { readonly stages: readonly RateStage[] } {
  return isOpenLoop(arrivals) && arrivals.stages !== undefined;
}

/** A phase ends with its stages at the latest. */
function withinStages(stop: StopRule, arrivals: ArrivalSettings): StopRule {
  return { ...stop, maxDurationNs: Math.min(stop.maxDurationNs, stagesNs(arrivals)) };
}

/** How long its stages take; Infinity where it has none. */
function stagesNs(arrivals: ArrivalSettings): number {
  if (isStaged(arrivals)) return new RateProfile(arrivals.stages).totalNs;
  if (arrivals.pattern !== 'concurrency' || arrivals.stages === undefined) return Infinity;
  return new ConcurrencyProfile(arrivals.stages).totalNs;
}

/** A warm-up has no stages: it goes at the first rate, or concurrency, above 0 that they have. */
function atFirst(arrivals: ArrivalSettings): ArrivalSettings {
  if (arrivals.pattern === 'concurrency' && arrivals.stages !== undefined) {
    const values = arrivals.stages.flatMap(({ from, to }) => [from, to]);
    return { pattern: 'concurrency', concurrency: values.find((value) => value > 0)! };
  }
  if (!isStaged(arrivals)) return arrivals;
  const rates = arrivals.stages.flatMap(({ fromPerSecond, toPerSecond }) => [fromPerSecond, toPerSecond]);
  return { ...arrivals, stages: undefined, ratePerSecond: rates.find((rate) => rate > 0)! };
}

interface StopLimits {
  readonly samples?: number | undefined;
  readonly conversations?: number | undefined;
  readonly duration_ms?: number | undefined;
}

/** Without any limit a phase is one pass over the dataset, or over its stages. */
function stopRuleOf(limits: StopLimits, datasetSize: number, hasStages = false): StopRule {
  const { conversations, duration_ms: durationMs } = limits;
  const samples = limits.samples ?? conversations;
  return {
    maxSamples: samples ?? (durationMs === undefined && !hasStages ? datasetSize : Infinity),
    maxDurationNs: durationMs === undefined ? Infinity : durationMs * NS_PER_MS,
  };
}

function arrivalsOf(config: RunConfig, seed: number): ArrivalSettings {
  const { load } = config;
  const stop = stopOf(config);
  const { pattern, rate_per_second: ratePerSecond = 0, concurrency = 0, burstiness } = load;
  switch (pattern) {
    case 'burst':
      return { pattern };
    case 'concurrency': {
      const stages = concurrencyStagesOf(load);
      return { pattern, concurrency: stages?.[0]?.from ?? concurrency, stages };
    }
    case 'replay':
      throw new InferometerError(
        'INFEROMETER_PLAN_REPLAY',
        'internal',
        'replay: the due times of the trace must be known by now (got none)',
      );
    default: {
      const stages = stagesOf(load);
      const rate = stages === undefined ? ratePerSecond : averageRate(stages, stop.duration_ms);
      return { pattern, ratePerSecond: rate, stages, seed, burstiness };
    }
  }
}

/** The stages of a load as the plan has them; undefined for a load at one rate. */
export function stagesOf({ stages }: RunConfig['load']): readonly RateStage[] | undefined {
  return placedStages(stages)?.map(({ forNs, from, to }) => ({
    forNs,
    fromPerSecond: from,
    toPerSecond: to,
  }));
}

/** Those of a concurrency, likewise. */
function concurrencyStagesOf({ stages }: RunConfig['load']): readonly ConcurrencyStage[] | undefined {
  return placedStages(stages);
}

function placedStages(stages: RunConfig['load']['stages']) {
  let before = 0;
  const placed = stages?.map((stage) => {
    const to = valueOfStage(stage);
    const from = 'ramp_to_per_second' in stage || 'ramp_to_concurrency' in stage ? before : to;
    before = to;
    return { forNs: stage.duration_ms * NS_PER_MS, from, to };
  });
  // One that takes no time only says what the next ramp goes on from.
  return placed?.filter(({ forNs }) => forNs > 0);
}

/** Over the part of them that a run has time for. */
function averageRate(stages: readonly RateStage[], durationMs = Infinity): number {
  const profile = new RateProfile(stages);
  const durationNs = Math.min(profile.totalNs, durationMs * NS_PER_MS);
  return Number(((profile.countAt(durationNs) * NS_PER_SECOND) / durationNs).toPrecision(AVERAGE_DIGITS));
}
