import type { ArrivalProcessName } from './arrivals/arrival-processes.ts';
import type { ConcurrencyStage } from './concurrency-profile.ts';
import type { RateStage } from './rate-profile.ts';
import type { PlanChange } from './steered-time.ts';

/** When requests are wanted: in open loop they have due times, in closed loop (burst, concurrency) there are slots for them. */
export type ArrivalSettings = { readonly pattern: 'burst' } | ConcurrencySettings | OpenLoopSettings;

export interface ConcurrencySettings {
  readonly pattern: 'concurrency';
  /** Samples in flight; where there are stages, at their beginning. */
  readonly concurrency: number;
  /** The concurrency over time; without them it is the same throughout. */
  readonly stages?: readonly ConcurrencyStage[] | undefined;
}

/** Each request has a due time, drawn by a process or read from a trace. */
export type OpenLoopSettings = ProcessSettings | ReplaySettings;

export interface ProcessSettings {
  readonly pattern: ArrivalProcessName;
  /** On average, where there are stages. */
  readonly ratePerSecond: number;
  /** The rate over time; without them it is the same throughout. */
  readonly stages?: readonly RateStage[] | undefined;
  /** Of processes that draw. */
  readonly seed?: number | undefined;
  /** Of the gamma process. */
  readonly burstiness?: number | undefined;
}

/** Arrival i is row i of the dataset. */
export interface ReplaySettings {
  readonly pattern: 'replay';
  /** When each arrival is due, as Float64Array: whole ns since the phase began, ascending (see `replaySchedule`). */
  readonly dueNs: SharedArrayBuffer;
  /** On average; null where all arrivals come at once. A rate that is set by hand speeds the whole schedule up to this average. */
  readonly ratePerSecond: number | null;
  readonly stages?: undefined;
}

export function isOpenLoop(arrivals: ArrivalSettings): arrivals is OpenLoopSettings {
  return arrivals.pattern !== 'burst' && arrivals.pattern !== 'concurrency';
}

/** Which dataset row comes next. */
export interface SampleOrderSettings {
  readonly order: 'without_replacement' | 'with_replacement' | 'sequential';
  /** Rows of the phase; the first of them is row `firstRow` of all, default 0. */
  readonly datasetSize: number;
  readonly firstRow?: number | undefined;
  readonly seed: number;
}

/** Until when a phase issues; whichever limit is met first. Infinity = no such limit. */
export interface StopRule {
  readonly maxSamples: number;
  readonly maxDurationNs: number;
}

/**
 * The part of a plan that one load generator of several carries out: of the arrivals or tickets 0, 1, 2, … of a phase, every `count`-th
 * from `index` on.
 */
export interface PlanSegment {
  readonly index: number;
  readonly count: number;
}

/** All of it, for a load generator on its own. */
export const WHOLE_PLAN: PlanSegment = { index: 0, count: 1 };

/** A phase as a pure value (it crosses threads by structured clone). Every worker derives the same plan from it. */
export interface PhasePlan {
  readonly name: string;
  readonly kind: 'warmup' | 'performance';
  readonly arrivals: ArrivalSettings;
  readonly order: SampleOrderSettings;
  readonly stop: StopRule;
}

/**
 * One worker's share of a phase, drawn ticket by ticket.
 *
 * After `advance()` returned true, `index` is the ticket's number in the phase (all workers together number them
 * 0, 1, 2, … without a hole), `row` its dataset row, `dueNs` its due time since the phase began (0 in closed loop). False means that
 * there is no ticket as things stand: the share is used up, the duration is over before the next one is due, or the phase is paused.
 * Cost: one draw and no allocation.
 * @hot
 */
export interface PlanShare {
  readonly index: number;
  readonly row: number;
  readonly dueNs: number;
  /** For good: no change brings another ticket. */
  readonly isUsedUp: boolean;
  /** When the duration is over as things stand, ns since the phase began; Infinity without one, and while the phase is paused. */
  readonly endNs: number;
  /** Closed loop: when the plan changes the concurrency next, as things stand, ns since the phase began; Infinity for never. */
  readonly nextConcurrencyNs: number;
  /** The concurrency from then on; the next change is the one behind it. */
  takeConcurrency(): number;
  /** `elapsedNs`: time since the phase began, for the duration limit and pauses in closed loop. */
  advance(elapsedNs: number): boolean;
  /** Open loop: the ticket last advanced to was not sent; the next `advance` draws it again. */
  putBack(): void;
  /** Nothing is to be issued at that time since the phase began. */
  isPausedAt(elapsedNs: number): boolean;
  /** Holds for every ticket not yet drawn. */
  change(change: PlanChange): void;
}
