import { assertNever, InferometerError } from '../core/errors.ts';
import { type ArrivalSchedule, ConstantArrivals, PoissonArrivals } from './arrivals.ts';
import type { PhasePlan, PlanShare, StopRule } from './plan.ts';
import { createSampleOrder, type SampleOrder } from './sample-order.ts';
import { checkedStopRule } from './stop-rule.ts';
import { drawTicket, MAX_TICKETS } from './tickets.ts';

/**
 * What worker `workerIndex` of `workerCount` issues in a phase.
 *
 * Open loop: arrival i belongs to worker i mod `workerCount`; each worker derives the whole schedule and order and passes over the
 * others' entries. A duration limit ends the schedule at the first due time that reaches it, however late the workers are.
 * Closed loop: workers draw from `ticketCounter`, which holds how many samples were issued; see `createTicketCounter`.
 *
 * The caller must issue each sample it advanced to. Throws `InferometerError` for a plan that can't be followed.
 */
export function createPlanShare(
  plan: PhasePlan,
  workerIndex: number,
  workerCount: number,
  ticketCounter: Int32Array,
): PlanShare {
  checkWorker(workerIndex, workerCount);
  const { arrivals } = plan;
  const stop = checkedStopRule(plan.stop);
  const order = createSampleOrder(plan.order);
  switch (arrivals.pattern) {
    case 'burst':
      return new ClosedLoopShare(order, stop, ticketCounter);
    case 'concurrency':
      checkConcurrency(arrivals.concurrency);
      return new ClosedLoopShare(order, stop, ticketCounter);
    case 'constant':
      return new OpenLoopShare(
        new ConstantArrivals(arrivals.ratePerSecond),
        order,
        stop,
        workerIndex,
        workerCount,
      );
    case 'poisson':
      return new OpenLoopShare(
        new PoissonArrivals(arrivals.ratePerSecond, arrivals.seed),
        order,
        stop,
        workerIndex,
        workerCount,
      );
    default:
      return assertNever(arrivals);
  }
}

class OpenLoopShare implements PlanShare {
  index: number;
  row = 0;
  dueNs = 0;
  readonly #schedule: ArrivalSchedule;
  readonly #order: SampleOrder;
  readonly #stop: StopRule;
  readonly #workerCount: number;
  /** Arrivals whose due times were read from the schedule. */
  #scheduled = 0;
  #usedUp = false;

  constructor(
    schedule: ArrivalSchedule,
    order: SampleOrder,
    stop: StopRule,
    workerIndex: number,
    workerCount: number,
  ) {
    this.#schedule = schedule;
    this.#order = order;
    this.#stop = stop;
    this.#workerCount = workerCount;
    this.index = workerIndex - workerCount;
  }

  /** @hot */
  advance(_elapsedNs: number): boolean {
    if (this.#usedUp) return false;
    const next = this.index + this.#workerCount;
    if (next >= this.#stop.maxSamples) return this.#end();
    let dueNs = 0;
    while (this.#scheduled <= next) {
      dueNs = this.#schedule.nextDueNs();
      this.#scheduled += 1;
    }
    if (dueNs >= this.#stop.maxDurationNs) return this.#end();
    this.index = next;
    this.dueNs = dueNs;
    this.row = this.#order.rowOf(next);
    return true;
  }

  #end(): false {
    this.#usedUp = true;
    return false;
  }
}

class ClosedLoopShare implements PlanShare {
  index = -1;
  row = 0;
  readonly dueNs = 0;
  readonly #order: SampleOrder;
  readonly #maxDurationNs: number;
  readonly #ticketLimit: number;
  readonly #ticketCounter: Int32Array;
  #usedUp = false;

  constructor(order: SampleOrder, stop: StopRule, ticketCounter: Int32Array) {
    this.#order = order;
    this.#maxDurationNs = stop.maxDurationNs;
    this.#ticketLimit = Math.min(stop.maxSamples, MAX_TICKETS);
    this.#ticketCounter = ticketCounter;
  }

  /** @hot */
  advance(elapsedNs: number): boolean {
    if (this.#usedUp) return false;
    const ticket = elapsedNs >= this.#maxDurationNs ? -1 : drawTicket(this.#ticketCounter, this.#ticketLimit);
    if (ticket < 0) {
      this.#usedUp = true;
      return false;
    }
    this.index = ticket;
    this.row = this.#order.rowOf(ticket);
    return true;
  }
}

function checkWorker(workerIndex: number, workerCount: number): void {
  const valid = Number.isInteger(workerIndex) && Number.isInteger(workerCount);
  if (valid && workerIndex >= 0 && workerIndex < workerCount) return;
  throw new InferometerError(
    'INFEROMETER_PLAN_WORKER',
    'internal',
    `plan share: found worker ${workerIndex} of ${workerCount}, wanted a whole number below the count`,
  );
}

function checkConcurrency(concurrency: number): void {
  if (Number.isInteger(concurrency) && concurrency > 0) return;
  throw new InferometerError(
    'INFEROMETER_PLAN_CONCURRENCY',
    'input',
    `concurrency: found ${concurrency}, wanted a whole number above 0`,
  );
}
