import { NS_PER_MS, type RunClock } from '../core/time.ts';
import type { PlanShare, StopRule } from '../plan/plan.ts';
import type { PlanChange } from '../plan/steered-time.ts';
import type { PacingRecord } from './pacing-record.ts';
import type { Pacing } from './settings.ts';

/** How near a due time `precise` pacing stops sleeping: a timer of Node is late by up to 1.2 ms. */
const SPIN_NS = 2 * NS_PER_MS;
/** After so many samples in one turn, about half a ms, the event loop gets to read what has come. */
const MAX_SENDS_PER_TURN = 64;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Turns of conversations that follow others: due when those have ended, and in no need of a slot, as their conversation has one. */
export interface FollowUps {
  /** When the earliest known one is due, ns since the run's origin; Infinity when none is known. */
  readonly nextDueNs: number;
  /** Conversations that may still have some. */
  readonly open: number;
  /** Sends the earliest. */
  sendNext(): void;
  /** Those that are due before are due then. */
  holdUntil(atNs: number): void;
  /** None will be sent. */
  giveUp(): void;
}

export interface IssuerOptions {
  readonly clock: RunClock;
  readonly pacing: Pacing;
  readonly record: PacingRecord;
  /** What is sent when, drawn ticket by ticket. */
  readonly share: PlanShare;
  readonly stop: StopRule;
  /** When the plan's time 0 lies. */
  readonly startNs: number;
  /** Samples in flight at most, or conversations under way; Infinity in open loop. */
  readonly slots: number;
  /** This worker's slots at a concurrency of all workers, for a plan that changes it. */
  readonly slotsAt?: ((concurrency: number) => number) | undefined;
  /** Where tickets begin conversations. */
  readonly followUps?: FollowUps | undefined;
  /** Closed loop: what a ticket began has ended, and there is no other ticket. May be called more than once. */
  readonly onIdle?: (() => void) | undefined;
  /** Sends ticket `index` of the phase. `dueNs`: since the run's origin; NaN in closed loop. */
  readonly send: (index: number, row: number, dueNs: number) => void;
  /** Once: nothing more will be sent; `stopped`: although the share was not used up. */
  readonly onIssuingDone: (stopped: boolean) => void;
  /** Once, after `onIssuingDone`: nothing is in flight. `tickets`: how many were sent. */
  readonly onFinished: (tickets: number) => void;
}

/**
 * Issues one worker's share of a phase: the one loop behind every pattern.
 *
 * A sample goes out when it is due and a slot is free; open loop has slots without end, closed loop has due times in the past. The
 * schedule is absolute: what is late goes out at once and moves nothing behind it. A ticket is drawn ahead in open loop, whose share
 * belongs to this worker alone, and only for a free slot in closed loop, where workers draw from one counter. Slots are filled once what has
 * come was read: a write takes longer than a read, and would hold up the stamps of the answers behind it.
 *
 * Until a sample is due the thread sleeps; with `precise` pacing it sleeps until 2 ms before, then lets the event loop turn and looks
 * at the clock each time round. Answers are read meanwhile, and a due time that comes while they are is not missed.
 *
 * A phase with a duration is over when that is, not when its last sample went out: until then the plan may be changed.
 *
 * Where a ticket begins a conversation, it keeps its slot until that is over, and the turns that follow go out here, too.
 */
export class Issuer {
  readonly #options: IssuerOptions;
  readonly #isOpenLoop: boolean;
  readonly #onTurn = () => {
    this.#immediate = undefined;
    this.#turn();
  };
  readonly #onWake = () => {
    this.#timer = undefined;
    this.#turn();
  };
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #slots: number;
  /** Below 0 when slots were taken away that are in use. */
  #freeSlots: number;
  /** Changes by hand that take effect later, and the slots from then on where it is the concurrency that changes. */
  readonly #pending: { readonly atNs: number; readonly slots: number | undefined }[] = [];
  /** The event loop was left to turn until a due time comes, and when. */
  #isSpinning = false;
  #spinningSinceNs = 0;
  #issued = 0;
  #ended = 0;
  /** The share stands at a ticket that was not sent yet. */
  #isDrawn = false;
  /** Other workers drew the last ticket. */
  #isExhausted = false;
  #isIssuing = true;
  #isFinished = false;

  constructor(options: IssuerOptions) {
    this.#options = options;
    this.#slots = options.slots;
    this.#freeSlots = options.slots;
    this.#isOpenLoop = options.slots === Infinity;
  }

  /** Begins; nothing is sent before the start time. */
  start(): void {
    this.#turn();
  }

  /** What a ticket of this phase has begun is over: its sample, or its conversation. */
  ticketEnded(): void {
    this.#ended += 1;
    this.#freeSlots += 1;
    if (this.#options.onIdle !== undefined && this.#isIssuing) this.#checkIdle(this.#options.onIdle);
    if (this.#isIssuing) {
      if (!this.#isOpenLoop || this.#options.followUps !== undefined) this.#yield();
      else if (!this.#isAhead()) this.#turn();
    }
    this.#checkFinished();
  }

  /** A follow-up was added. */
  followUpAdded(): void {
    if (this.#isIssuing) this.#yield();
  }

  /** The plan is changed for what was not sent yet; `slots`: those from then on, for a change of the concurrency. */
  change(change: PlanChange, slots?: number): void {
    if (!this.#isIssuing) return;
    const { share, followUps, startNs } = this.#options;
    if (this.#isDrawn) share.putBack();
    this.#isDrawn = false;

    if (change.kind === 'concurrency') this.#keepPlanned(change.atNs);
    share.change(change);
    if (change.kind === 'resume') followUps?.holdUntil(startNs + change.atNs);
    this.#pending.push({ atNs: change.atNs, slots });
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#turn();
  }

  /** Nothing more is sent, whatever the plan says. */
  stop(): void {
    this.#endIssuing(true);
  }

  /** The same, as the plan says so. */
  finish(): void {
    this.#endIssuing(false);
  }

  /** The shared counter has no ticket left. */
  exhausted(): void {
    if (this.#isOpenLoop) return;
    if (this.#options.followUps === undefined) this.#endIssuing(false);
    else {
      this.#isExhausted = true;
      if (this.#isIssuing) this.#yield();
    }
  }

  /** Looks for the ticket that takes the place of the one that has ended. */
  #checkIdle(onIdle: () => void): void {
    const { clock, share, startNs } = this.#options;
    if (this.#isOpenLoop || this.#freeSlots <= 0) return;
    this.#isDrawn ||= share.advance(clock.nowNs() - startNs);
    if (!this.#isDrawn) onIdle();
  }

  /** Open loop: the next sample is not due yet. */
  #isAhead(): boolean {
    const { clock, share, startNs } = this.#options;
    return !this.#isDrawn || startNs + share.dueNs > clock.nowNs();
  }

  /** @hot */
  #turn(): void {
    if (!this.#isIssuing) return;
    const { clock, share, stop, startNs, send, record, followUps } = this.#options;
    let elapsedNs = clock.nowNs() - startNs;
    if (this.#isSpinning) record.spun(elapsedNs + startNs - this.#spinningSinceNs);
    this.#isSpinning = false;
    if (elapsedNs < 0) {
      this.#wakeIn(-elapsedNs, startNs + elapsedNs);
      return;
    }
    if (this.#pending.length > 0) this.#takePending(elapsedNs);
    if (share.nextConcurrencyNs <= elapsedNs) this.#takePlanned(elapsedNs);
    let sends = followUps === undefined ? 0 : this.#sendFollowUps(followUps, elapsedNs);
    for (; this.#freeSlots > 0; sends++) {
      if (sends === MAX_SENDS_PER_TURN) {
        this.#yield();
        return;
      }
      if (!this.#isDrawn && !share.advance(elapsedNs)) break;
      this.#isDrawn = true;
      if (share.dueNs > elapsedNs) {
        // Sending has taken time: the next one may have become due.
        elapsedNs = clock.nowNs() - startNs;
        if (share.dueNs > elapsedNs) {
          const nextNs = Math.min(share.dueNs, this.#nextFollowUpNs(elapsedNs));
          this.#wakeIn(nextNs - elapsedNs, startNs + elapsedNs);
          return;
        }
      }
      this.#isDrawn = false;
      this.#freeSlots -= 1;
      this.#issued += 1;
      if (this.#isOpenLoop) {
        record.sent(elapsedNs - share.dueNs);
        send(share.index, share.row, startNs + share.dueNs);
      } else send(share.index, share.row, NaN);
      if (share.index + 1 >= stop.maxSamples && followUps === undefined) {
        this.#endIssuing(false);
        return;
      }
    }
    this.#rest(elapsedNs);
  }

  /** Sends those that are due, as many as one turn may. Returns how many. */
  #sendFollowUps(followUps: FollowUps, elapsedNs: number): number {
    const { share, startNs, record } = this.#options;
    let sends = 0;
    if (elapsedNs >= share.endNs || share.isPausedAt(elapsedNs)) return sends;
    for (; sends < MAX_SENDS_PER_TURN && followUps.nextDueNs <= startNs + elapsedNs; sends++) {
      record.sent(startNs + elapsedNs - followUps.nextDueNs);
      followUps.sendNext();
    }
    return sends;
  }

  /** When a follow-up is to be sent next, ns since the phase began; Infinity for none. */
  #nextFollowUpNs(elapsedNs: number): number {
    const { followUps, share, startNs } = this.#options;
    return followUps === undefined || share.isPausedAt(elapsedNs) ? Infinity : followUps.nextDueNs - startNs;
  }

  /** There is no ticket, or no slot for one: waits for what may change that, or ends. */
  #rest(elapsedNs: number): void {
    const { share, followUps } = this.#options;
    const isUsedUp = share.isUsedUp || this.#isExhausted;
    const { endNs } = share;
    const nextNs = this.#nextFollowUpNs(elapsedNs);
    const wakeNs = Math.min(endNs, this.#pending[0]?.atNs ?? Infinity, share.nextConcurrencyNs);
    if (elapsedNs >= endNs || (isUsedUp && (followUps === undefined || followUps.open === 0))) {
      this.#endIssuing(false);
    } else if (nextNs < wakeNs) this.#wakeIn(nextNs - elapsedNs, this.#options.startNs + elapsedNs);
    else if (this.#timer === undefined && wakeNs !== Infinity) this.#sleep(wakeNs - elapsedNs);
  }

  /** Takes slots, or takes them away, when the time has come; what is in flight goes on. */
  #takePending(elapsedNs: number): void {
    while (this.#pending.length > 0 && this.#pending[0]!.atNs <= elapsedNs) {
      const { slots } = this.#pending.shift()!;
      if (slots !== undefined) this.#setSlots(slots);
    }
  }

  /** The same for the changes that the plan has. */
  #takePlanned(elapsedNs: number): void {
    const { share, slotsAt } = this.#options;
    while (share.nextConcurrencyNs <= elapsedNs) this.#setSlots(slotsAt!(share.takeConcurrency()));
  }

  /** A concurrency set by hand ends those of the plan: keeps the changes that come before. */
  #keepPlanned(untilNs: number): void {
    const { share, slotsAt } = this.#options;
    for (let atNs = share.nextConcurrencyNs; atNs < untilNs; atNs = share.nextConcurrencyNs) {
      this.#pending.push({ atNs, slots: slotsAt!(share.takeConcurrency()) });
    }
  }

  #setSlots(slots: number): void {
    this.#freeSlots += slots - this.#slots;
    this.#slots = slots;
  }

  #wakeIn(remainingNs: number, nowNs: number): void {
    if (remainingNs <= 0) this.#yield();
    else if (this.#options.pacing === 'economy') this.#sleep(remainingNs);
    else if (remainingNs > SPIN_NS) this.#sleep(remainingNs - SPIN_NS);
    else {
      this.#isSpinning = true;
      this.#spinningSinceNs = nowNs;
      this.#yield();
    }
  }

  #yield(): void {
    this.#immediate ??= setImmediate(this.#onTurn);
  }

  #sleep(ns: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onWake, Math.min(Math.floor(ns / NS_PER_MS), MAX_TIMER_MS));
  }

  #endIssuing(stopped: boolean): void {
    if (!this.#isIssuing) return;
    this.#isIssuing = false;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#options.onIssuingDone(stopped);
    this.#options.followUps?.giveUp();
    this.#checkFinished();
  }

  #checkFinished(): void {
    if (this.#isIssuing || this.#isFinished || this.#ended < this.#issued) return;
    this.#isFinished = true;
    this.#options.onFinished(this.#issued);
  }
}
