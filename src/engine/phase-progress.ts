import { isOpenLoop, type PhasePlan } from '../plan/plan.ts';
import type { TicketCounts } from './worker-messages.ts';

/** Why issuing ended. */
export type EndOfIssuing = 'count' | 'duration' | 'idle' | 'stop';

/** Over all workers. */
export interface PhaseOutcome extends TicketCounts {
  readonly endedBy: EndOfIssuing;
  /** A worker has recorded that measuring stopped, before the end. */
  readonly hasStoppedMeasuring: boolean;
}

/** Puts together what the workers tell of one phase. Each worker is done, or dead, once. */
export class PhaseProgress {
  readonly issuingDone: Promise<void>;
  readonly finished: Promise<PhaseOutcome>;
  readonly isClosedLoop: boolean;
  readonly #plan: PhasePlan;
  readonly #issuingDone = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<PhaseOutcome>();
  readonly #issuing: Set<number>;
  readonly #working: Set<number>;
  #tickets = 0;
  #conversations = 0;
  #cutOff = 0;
  #sent = 0;
  #notSent = 0;
  #wasStopped = false;
  #hasStoppedMeasuring = false;
  #failure: Error | undefined;

  constructor(plan: PhasePlan, workerCount: number) {
    const workers = Array.from({ length: workerCount }, (_, index) => index);
    this.issuingDone = this.#issuingDone.promise;
    this.finished = this.#finished.promise;
    this.isClosedLoop = !isOpenLoop(plan.arrivals);
    this.#plan = plan;
    this.#issuing = new Set(workers);
    this.#working = new Set(workers);
  }

  /** The worker issues nothing more; `stopped`: although its share was not used up. */
  issuingDoneBy(workerIndex: number, stopped: boolean): void {
    this.#issuing.delete(workerIndex);
    this.#wasStopped ||= stopped;
    if (this.#issuing.size === 0) this.#issuingDone.resolve();
  }

  measuringStopped(): void {
    this.#hasStoppedMeasuring = true;
  }

  doneBy(workerIndex: number, { tickets, conversations, cutOff, sent, notSent }: TicketCounts): void {
    this.#tickets += tickets;
    this.#conversations += conversations;
    this.#cutOff += cutOff;
    this.#sent += sent;
    this.#notSent += notSent;
    this.#leave(workerIndex);
  }

  diedWith(workerIndex: number, error: Error): void {
    this.#failure ??= error;
    this.#leave(workerIndex);
  }

  /** The phase never began. */
  fail(error: Error): void {
    this.#failure = error;
    for (const workerIndex of this.#working) this.#leave(workerIndex);
  }

  #leave(workerIndex: number): void {
    this.issuingDoneBy(workerIndex, false);
    this.#working.delete(workerIndex);
    if (this.#working.size > 0) return;
    if (this.#failure !== undefined) this.#finished.reject(this.#failure);
    else {
      this.#finished.resolve({
        tickets: this.#tickets,
        conversations: this.#conversations,
        cutOff: this.#cutOff,
        sent: this.#sent,
        notSent: this.#notSent,
        endedBy: this.#endedBy(),
        hasStoppedMeasuring: this.#hasStoppedMeasuring,
      });
    }
  }

  #endedBy(): EndOfIssuing {
    if (this.#wasStopped) return 'stop';
    const begun = this.#conversations > 0 ? this.#conversations : this.#tickets;
    if (begun >= this.#plan.stop.maxSamples && this.#cutOff === 0) return 'count';
    return this.#hasStoppedMeasuring ? 'idle' : 'duration';
  }
}
