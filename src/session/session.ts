import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../core/errors.ts';
import { EventKind } from '../core/event-types.ts';
import type { Log } from '../core/log.ts';
import { NS_PER_MS, type RunClock } from '../core/time.ts';
import type { PlacedPhase } from '../engine/settings.ts';
import type { PhasePlan } from '../plan/plan.ts';
import type { PlanChange, Steering } from '../plan/steered-time.ts';
import { limitedTo, samplesLeft } from '../plan/sample-limit.ts';
import { SteeredPhase, type SteeringState } from './steered-phase.ts';

/** What the engine tells of a phase it has finished. */
export interface PhaseCounts {
  /** Drawn from the plan: each was sent or, given up by the run before that, was not. With conversations, the turns that became due. */
  readonly tickets: number;
  /** Conversations that were begun. */
  readonly conversations: number;
  /** Conversations that the end of issuing cut off. */
  readonly cutOff: number;
  readonly sent: number;
  readonly notSent: number;
  readonly endedBy: 'count' | 'duration' | 'idle' | 'stop';
  /** Part of the engine was lost, and what it sent since it told last is not among the counts; default false. */
  readonly areCountsPartial?: boolean | undefined;
  /** Numbers that it used up, where that is more than were drawn; default: as many as tickets and conversations. */
  readonly numbered?: { readonly samples: number; readonly conversations: number } | undefined;
  /** The engine has recorded that tracking stopped, before the end; default false. */
  readonly hasStoppedMeasuring?: boolean | undefined;
}

/** Why issuing ended; `limit`: the plan had more samples than a phase or a run can number; `until`: there were enough of them. */
export type EndOfIssuing = PhaseCounts['endedBy'] | 'limit' | 'until';

/** What the session needs of the engine. */
export interface LoadEngine {
  /** Time it needs to hear of a phase before that begins, and of a change before that takes effect, ns; default: those of threads of ours. */
  readonly leadNs?: number | undefined;
  /** Begins a phase; called again only once the one before has finished. */
  runPhase(phase: PlacedPhase): PhaseRun;
  /** Changes the plan of the phase under way, ahead of the time at which it takes effect. */
  changePlan(change: PlanChange): void;
  /** Issues nothing more in the phase under way; without one, does nothing. */
  stopIssuing(): void;
  /** Ends what is in flight as cancelled samples. */
  cancelInFlight(): void;
}

/** A phase under way. */
export interface PhaseRun {
  /** Settles (never rejects) once no further request will be issued, and before `finished` does. */
  readonly issuingDone: Promise<void>;
  /** Resolves when issuing is over, nothing is in flight and every event was handed over. Rejects when a worker died. */
  readonly finished: Promise<PhaseCounts>;
}

export interface PhaseResult extends Omit<PhaseCounts, 'endedBy'> {
  readonly name: string;
  readonly kind: PhasePlan['kind'];
  readonly endedBy: EndOfIssuing;
  /** From the start order to the last event, ns since the run's origin. */
  readonly startedNs: number;
  readonly endedNs: number;
  /** The drain ran out and what was in flight was cancelled. */
  readonly drainTimedOut: boolean;
}

export interface SessionOutcome {
  /** The phases that were carried out or stopped, in order; not one that failed. */
  readonly phases: readonly PhaseResult[];
  /** `stop` kept requests of the plan from being issued, or `cancel` was called. */
  readonly stoppedEarly: boolean;
  /** Why the engine could not carry out the plan, when it could not. */
  readonly failure: string | undefined;
}

export interface SessionOptions {
  readonly engine: LoadEngine;
  readonly clock: RunClock;
  readonly phases: readonly PhasePlan[];
  /** How long requests in flight may take once a phase has issued its last, ms; Infinity = as long as they need. */
  readonly drainTimeoutMs: number;
  /** Records a session event with the current time and hands it on at once. */
  readonly record: (kind: EventKind) => void;
  /** Told of each phase before it begins. */
  readonly onPhase?: (plan: PhasePlan) => void;
  /** Told of each phase that was carried out or stopped, once all of its events were handed over. */
  readonly onPhaseEnd?: (result: PhaseResult) => void;
  readonly log: Log;
}

/** Time between the start order and the plan's time 0, so that every worker holds the plan when it begins. */
const START_LEAD_NS = 5 * NS_PER_MS;
/** The longest a timer of Node can wait, 24.8 days; beyond it a time-out is none. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What a phase counts on from. */
type PhaseNumbers = Pick<PlacedPhase, 'firstSampleSeq' | 'firstConversation'>;

type PhaseEnd = Omit<PhaseResult, 'name' | 'kind' | 'startedNs' | 'endedNs'>;

const NOTHING_ISSUED: PhaseEnd = {
  ...{ tickets: 0, conversations: 0, cutOff: 0, sent: 0, notSent: 0 },
  endedBy: 'stop',
  drainTimedOut: false,
};

/**
 * Runs the phases of a plan one after another and brackets them with the session's events:
 * STARTED, (START tracking, samples, drain, STOP tracking) for a performance phase, ENDED.
 *
 * Every phase is drained, a warm-up too, so that no sample outlives its phase: STOP comes after the drain, and ENDED in every case.
 */
export class Session {
  readonly #options: SessionOptions;
  #isStopped = false;
  #isCancelled = false;
  #isFinished = false;
  /** The phase that is being issued. */
  #steered: SteeredPhase | undefined;
  #isIssued = false;
  /** When the latest change takes effect. */
  #lastChangeNs = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** How the phase under way is steered; undefined when nothing is being issued. */
  get steering(): SteeringState | undefined {
    return this.#isStopped ? undefined : this.#steered?.stateAt(this.#options.clock.nowNs());
  }

  /** The last phase has issued its last: a stop would keep nothing back. */
  get isIssued(): boolean {
    return this.#isIssued;
  }

  /**
   * Changes the plan of the phase under way, some ms from now; a later phase begins as planned. Returns when that is, ns since the
   * run's origin, or undefined when it would change nothing or makes no sense: no phase is being issued, a rate in closed loop, a
   * pause within one.
   */
  steer(steering: Steering): number | undefined {
    if (this.#isStopped) return undefined;
    const change = this.#steered?.steer(steering, this.#options.clock.nowNs());
    if (change === undefined) return undefined;
    this.#options.engine.changePlan(change);
    this.#lastChangeNs = this.#steered!.runNsOf(change);
    return this.#lastChangeNs;
  }

  /** Issues nothing more, in this phase or a later one; what is in flight is drained. */
  stop(): void {
    this.#isStopped = true;
    this.#options.engine.stopIssuing();
  }

  /** Issues nothing more, as the plan has been done before its time: what is in flight is drained, and the run was not stopped early. */
  finish(): void {
    this.#isFinished = true;
    this.stop();
  }

  /** {@link stop}, and cancels what is in flight. */
  cancel(): void {
    this.#isCancelled = true;
    this.stop();
    this.#options.engine.cancelInFlight();
  }

  /** Carries the plan out, once. Never rejects for what the engine or the endpoint does: that is in the outcome. */
  async run(): Promise<SessionOutcome> {
    const { phases: plans, record, log } = this.#options;
    const phases: PhaseResult[] = [];
    let failure: string | undefined;
    const next = { firstSampleSeq: 0, firstConversation: 0 };
    record(EventKind.sessionStarted);
    for (const plan of plans) {
      if (this.#isStopped) break;
      try {
        const result = await this.#runPhase(plan, next);
        const { samples, conversations } = numbersOf(result);
        next.firstSampleSeq += samples;
        next.firstConversation += conversations;
        phases.push(result);
      } catch (error) {
        failure = `phase ${plan.name}: ${errorText(error)}`;
        log.error(failure);
        break;
      }
    }
    record(EventKind.sessionEnded);
    const isCutShort = phases.length < plans.length || phases.some(({ endedBy }) => endedBy === 'stop');
    return { phases, stoppedEarly: this.#isCancelled || (this.#isStopped && isCutShort), failure };
  }

  async #runPhase(plan: PhasePlan, numbers: PhaseNumbers): Promise<PhaseResult> {
    const { clock, record, onPhase, onPhaseEnd } = this.#options;
    const isTracked = plan.kind === 'performance';
    // A change of the phase before, made just before its end, is not one of this phase.
    await this.#until(this.#lastChangeNs);
    onPhase?.(plan);
    if (isTracked) record(EventKind.sessionStartTracking);
    const startedNs = clock.nowNs();
    let hasStopped = false;
    try {
      // Those told just now may have called stop, when the engine had nothing to stop yet.
      const end = this.#isStopped ? NOTHING_ISSUED : await this.#issue(plan, numbers, startedNs);
      hasStopped = end.hasStoppedMeasuring === true;
      const result = { name: plan.name, kind: plan.kind, ...end, startedNs, endedNs: clock.nowNs() };
      onPhaseEnd?.(result);
      return result;
    } finally {
      if (isTracked && !hasStopped) record(EventKind.sessionStopTracking);
    }
  }

  async #until(atNs: number): Promise<void> {
    // A timer counts whole ms of the loop's own time and may be up to one early.
    for (;;) {
      const waitNs = atNs - this.#options.clock.nowNs();
      if (waitNs <= 0) return;
      await sleep(Math.ceil(waitNs / NS_PER_MS));
    }
  }

  #issue(plan: PhasePlan, numbers: PhaseNumbers, nowNs: number): Promise<PhaseEnd> {
    const { leadNs } = this.#options.engine;
    const startNs = nowNs + (leadNs ?? START_LEAD_NS);
    const limited = limitedTo(samplesLeft(numbers.firstSampleSeq), plan);
    const run = this.#options.engine.runPhase({ plan: limited, ...numbers, startNs });
    this.#steered = new SteeredPhase(plan, startNs, leadNs);
    void run.issuingDone.then(() => {
      this.#steered = undefined;
      this.#isIssued = plan === this.#options.phases.at(-1);
    });
    return this.#drained(run, limited !== plan);
  }

  /** Waits for the end of a phase, and from the end of issuing on no longer than the drain may take. */
  async #drained(run: PhaseRun, isLimited: boolean): Promise<PhaseEnd> {
    const { engine, drainTimeoutMs, log } = this.#options;
    let drainTimedOut = false;
    let timer: NodeJS.Timeout | undefined;
    void run.issuingDone.then(() => {
      if (drainTimeoutMs > MAX_TIMER_MS) return;
      timer = setTimeout(() => {
        drainTimedOut = true;
        log.warning(
          `requests still in flight ${drainTimeoutMs / 1000} s after issuing ended; cancelling them`,
        );
        engine.cancelInFlight();
      }, drainTimeoutMs);
    });
    try {
      const counts = await run.finished;
      const endedBy = this.#endOf(counts, isLimited);
      return { ...counts, endedBy, drainTimedOut };
    } finally {
      clearTimeout(timer);
    }
  }

  #endOf({ endedBy }: PhaseCounts, isLimited: boolean): EndOfIssuing {
    if (isLimited && endedBy === 'count') return 'limit';
    return this.#isFinished && endedBy === 'stop' ? 'until' : endedBy;
  }
}

function numbersOf({ numbered, tickets, conversations }: PhaseResult): NonNullable<PhaseCounts['numbered']> {
  return numbered ?? { samples: tickets, conversations };
}
