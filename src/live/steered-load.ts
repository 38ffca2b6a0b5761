import type { RunHistory, RunMark, RunMarkKind } from '../core/run-history.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { Json } from '../metrics/snapshot.ts';
import { numberOrNull } from './snapshot-index.ts';

/** What a run was asked to do, by its plan and by whoever steered it since. */
export interface SteeredLoad {
  /** Name of the phase under way; null until one began and for a snapshot that does not tell. */
  readonly phase: string | null;
  readonly isPaused: boolean;
  readonly isStopping: boolean;
  /** As it is asked for now; null in closed loop, and for a run that is over and was asked for several. */
  readonly requestedRatePerSecond: number | null;
  /** The same in closed loop; null in open loop and for a burst. */
  readonly requestedConcurrency: number | null;
}

type RunFields = { readonly [key: string]: Json };

/**
 * What a run is asked to do after all its marks. Each phase begins as planned, whatever was done to the one before. When it `isOver`
 * the numbers beside are of all its load.
 */
export function steeringOf(run: RunFields, marks: readonly RunMark[], isOver: boolean): SteeredLoad {
  const phaseAt = marks.findLastIndex(({ kind }) => kind === 'phase');
  const inPhase = marks.slice(phaseAt + 1);
  const last = (...kinds: readonly RunMarkKind[]) => inPhase.findLast(({ kind }) => kinds.includes(kind));
  const asked = (kind: 'rate' | 'concurrency', planned: number | null) => {
    const changed = last(kind)?.value ?? null;
    return isOver && changed !== null ? null : (changed ?? planned);
  };
  return {
    phase: marks[phaseAt]?.text ?? null,
    isPaused: last('pause', 'resume')?.kind === 'pause',
    isStopping: marks.some(({ kind }) => kind === 'stop' || kind === 'cancel'),
    requestedRatePerSecond: asked('rate', numberOrNull(run.requested_rate_per_second)),
    requestedConcurrency: asked('concurrency', numberOrNull(run.requested_concurrency)),
  };
}

/** How far a plan is, and what {@link planProgress} tells that from. */
export interface PlanProgress {
  /** How much of the measured phase's plan is done, 0 to 1; null where nobody can tell. */
  readonly planShare: number | null;
  /** How long the rest of its issuing takes; null where nobody can tell. */
  readonly remainingNs: number | null;
}

export interface PlanPosition {
  readonly issued: number;
  readonly plannedSamples: number | null;
  readonly plannedDurationNs: number | null;
  /** Since the measured phase began, pauses left out. */
  readonly phaseElapsedNs: number;
  /** The rate samples are issued at, as asked for or as seen. */
  readonly ratePerSecond: number | null;
}

/** A plan ends by number or by duration, whichever comes first. */
export function planProgress(position: PlanPosition): PlanProgress {
  const { issued, plannedSamples, plannedDurationNs, phaseElapsedNs, ratePerSecond } = position;
  const byNumber: PlanProgress = {
    planShare: plannedSamples === null ? null : issued / plannedSamples,
    remainingNs:
      plannedSamples === null || ratePerSecond === null || ratePerSecond === 0
        ? null
        : ((plannedSamples - issued) / ratePerSecond) * NS_PER_SECOND,
  };
  const byDuration: PlanProgress = {
    planShare: plannedDurationNs === null ? null : phaseElapsedNs / plannedDurationNs,
    remainingNs: plannedDurationNs === null ? null : plannedDurationNs - phaseElapsedNs,
  };
  const { planShare, remainingNs } =
    (byNumber.planShare ?? -1) > (byDuration.planShare ?? -1) ? byNumber : byDuration;
  return {
    planShare: planShare === null ? null : Math.min(1, Math.max(0, planShare)),
    remainingNs: remainingNs === null ? null : Math.max(0, remainingNs),
  };
}

/**
 * How long the phase under way has gone on without its pauses, which its duration leaves out, in a session that has gone on for
 * `elapsedNs`; undefined when the history does not tell.
 */
export function phaseElapsedNs(history: RunHistory | undefined, elapsedNs: number): number | undefined {
  const { marks = [], start_ns: startNs = 0 } = history ?? {};
  const began = marks.findLastIndex(({ kind }) => kind === 'phase');
  if (began === -1) return undefined;
  const nowNs = startNs + elapsedNs;
  let pausedNs = 0;
  let pausedAtNs: number | undefined;
  for (const { kind, at_ns: atNs } of marks.slice(began)) {
    if (kind === 'pause') pausedAtNs ??= atNs;
    if (kind === 'resume' && pausedAtNs !== undefined) {
      pausedNs += atNs - pausedAtNs;
      pausedAtNs = undefined;
    }
  }
  if (pausedAtNs !== undefined) pausedNs += Math.max(0, nowNs - pausedAtNs);
  return Math.max(0, nowNs - marks[began]!.at_ns - pausedNs);
}
