import { errorText } from '../core/errors.ts';
import { EventKind } from '../core/event-types.ts';
import type { Log } from '../core/log.ts';
import { NS_PER_MS, type RunClock } from '../core/time.ts';
import type { PhasePlan } from '../plan/plan.ts';

/** A phase placed on the clock and numbered, as the engine runs it. */
export interface PlacedPhase {
  readonly plan: PhasePlan;
  /** Number of the phase's first sample; ticket i is sample `firstSampleSeq + i`. */
  readonly firstSampleSeq: number;
  /** When the plan's time 0 lies, ns since the run's origin. */
  readonly startNs: number;
}

export type EndOfIssuing = 'count' | 'duration' | 'stop';

/** What the session needs of the engine. */
export interface LoadEngine {
  /** Resolves when issuing is over, nothing is in flight and every event was handed over. Rejects when a worker died. */
  runPhase(phase: PlacedPhase): PhaseRun;
  stopIssuing(): void;
  /** Ends what is in flight as cancelled samples. */
  cancelInFlight(): void;
}

export interface PhaseRun {
  /** Settles (never rejects) once no further request will be issued. */
  readonly issuingDone: Promise<void>;
  readonly finished: Promise<{ readonly issued: number; readonly endedBy: EndOfIssuing }>;
}

export interface PhaseResult {
  readonly name: string;
  readonly kind: PhasePlan['kind'];
  readonly issued: number;
  readonly endedBy: EndOfIssuing;
  readonly startedNs: number;
  readonly endedNs: number;
  /** The drain ran out and what was in flight was cancelled. */
  readonly drainTimedOut: boolean;
}

export interface SessionOutcome {
  readonly phases: readonly PhaseResult[];
  /** `stop` or `cancel` was called before the plan was carried out. */
  readonly stoppedEarly: boolean;
  /** Why the engine could not carry out the plan, when it could not. */
  readonly failure: string | undefined;
}

export interface SessionOptions {
  readonly engine: LoadEngine;
  readonly clock: RunClock;
  readonly phases: readonly PhasePlan[];
  /** How long requests in flight may take once issuing is over, ms. */
  readonly drainTimeoutMs: number;
  /** Records a session event with the current time and hands it on at once. */
  readonly record: (kind: EventKind) => void;
  readonly onPhase?: (plan: PhasePlan) => void;
  readonly log: Log;
}

/** Time between the start order and the plan's time 0, so that every worker holds the plan when it begins. */
const START_LEAD_NS = 5 * NS_PER_MS;

/**
 * Runs the phases of a plan one after another and brackets them with the session's events:
 * STARTED, (START tracking, samples, drain, STOP tracking) for a performance phase, ENDED. STOP comes after the drain, ENDED in
 * every case.
 */
export class Session {
  readonly #options: SessionOptions;
  #stopRequested = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Issues nothing more, in this phase or a later one; what is in flight is drained. */
  stop(): void {
    this.#stopRequested = true;
    this.#options.engine.stopIssuing();
  }

  /** {@link stop}, and cancels what is in flight. */
  cancel(): void {
    this.stop();
    this.#options.engine.cancelInFlight();
  }

  /** Carries the plan out. Never rejects for what the engine or the endpoint does: that is in the outcome. */
  async run(): Promise<SessionOutcome> {
    const { phases, record, log } = this.#options;
    const results: PhaseResult[] = [];
    let failure: string | undefined;
    let nextSampleSeq = 0;
    record(EventKind.sessionStarted);
    for (const plan of phases) {
      if (this.#stopRequested) break;
      try {
        const result = await this.#runPhase(plan, nextSampleSeq);
        nextSampleSeq += result.issued;
        results.push(result);
      } catch (error) {
        failure = `phase ${plan.name}: ${errorText(error)}`;
        log.error(failure);
        break;
      }
    }
    record(EventKind.sessionEnded);
    return { phases: results, stoppedEarly: this.#stopRequested, failure };
  }

  async #runPhase(plan: PhasePlan, firstSampleSeq: number): Promise<PhaseResult> {
    const { engine, clock, record, onPhase } = this.#options;
    onPhase?.(plan);
    const tracked = plan.kind === 'performance';
    if (tracked) record(EventKind.sessionStartTracking);
    const startedNs = clock.nowNs();
    try {
      const run = engine.runPhase({ plan, firstSampleSeq, startNs: startedNs + START_LEAD_NS });
      const { drainTimedOut, finished } = await this.#drain(run);
      return {
        name: plan.name,
        kind: plan.kind,
        ...finished,
        startedNs,
        endedNs: clock.nowNs(),
        drainTimedOut,
      };
    } finally {
      if (tracked) record(EventKind.sessionStopTracking);
    }
  }

  async #drain(run: PhaseRun) {
    const { engine, drainTimeoutMs, log } = this.#options;
    let drainTimedOut = false;
    let timer: NodeJS.Timeout | undefined;
    void run.issuingDone.then(() => {
      timer = setTimeout(() => {
        drainTimedOut = true;
        log.warning(
          `requests still in flight ${drainTimeoutMs / 1000} s after issuing ended; cancelling them`,
        );
        engine.cancelInFlight();
      }, drainTimeoutMs);
    });
    try {
      const finished = await run.finished;
      return { drainTimedOut, finished };
    } finally {
      clearTimeout(timer);
    }
  }
}
