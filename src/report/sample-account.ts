import { readRunFacts } from './run-facts.ts';
import type { SnapshotInput } from './snapshot-input.ts';

/** What became of the tracked samples; each issued one ends as exactly one of succeeded, errored, cancelled and cancelled by plan. */
export interface SampleAccount {
  readonly issued: number;
  readonly succeeded: number;
  readonly errored: number;
  /** The run gave them up. */
  readonly cancelled: number;
  /** As users do who stop waiting: neither failed nor given up. */
  readonly cancelledByPlan: number;
  readonly inFlight: number;
  /** Were due, and given up before a byte of their request was sent; not among the issued. */
  readonly notSent: number;
  /** Issued minus all the others: 0 unless something is wrong. Null for a snapshot that can't tell. */
  readonly unaccounted: number | null;
  /**
   * Samples that the engine counted and that are neither among the issued nor among those not sent: 0 unless something is wrong; below 0
   * when samples were counted twice. Null before the end of the run, and for a snapshot of an earlier version.
   */
  readonly missing: number | null;
}

/**
 * The account of a snapshot. A foreign one counts completed (failed included) and failed samples only; then what is not
 * failed succeeded, the rest is in flight, and there is nothing to check.
 */
export function accountSamples(snapshot: SnapshotInput): SampleAccount {
  const count = (name: string) => Number(snapshot.counter(name));
  const issued = count('tracked_samples_issued');
  if (!snapshot.hasCounter('tracked_samples_succeeded')) {
    const completed = count('tracked_samples_completed');
    const errored = Math.min(completed, count('tracked_samples_failed'));
    return {
      issued,
      succeeded: completed - errored,
      errored,
      cancelled: 0,
      cancelledByPlan: 0,
      notSent: 0,
      inFlight: Math.max(0, issued - completed),
      unaccounted: null,
      missing: null,
    };
  }
  const succeeded = count('tracked_samples_succeeded');
  const errored = count('tracked_samples_errored');
  const cancelled = count('tracked_samples_cancelled');
  const cancelledByPlan = count('tracked_samples_cancelled_by_plan');
  const ended = succeeded + errored + cancelled + cancelledByPlan;
  const { in_flight: told } = snapshot.extras;
  const inFlight = typeof told === 'number' ? told : Math.max(0, issued - ended);
  const notSent = count('tracked_samples_not_sent');
  const { engine } = readRunFacts(snapshot);
  return {
    ...{ issued, succeeded, errored, cancelled, cancelledByPlan, inFlight, notSent },
    unaccounted: issued - ended - inFlight,
    missing: engine === null || snapshot.state !== 'complete' ? null : engine.tickets - issued - notSent,
  };
}
