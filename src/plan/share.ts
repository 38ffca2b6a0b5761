import { InferometerError } from '../core/errors.ts';
import { scheduleAtRate, unitArrivals } from './arrivals/arrival-processes.ts';
import { ConcurrencyProfile, ConcurrencySteps } from './concurrency-profile.ts';
import {
  type ConcurrencySettings,
  isOpenLoop,
  type OpenLoopSettings,
  type PhasePlan,
  type PlanSegment,
  type PlanShare,
  type StopRule,
  WHOLE_PLAN,
} from './plan.ts';
import { RecordedArrivals } from './arrivals/replay.ts';
import { RateProfile } from './rate-profile.ts';
import { createSampleOrder, type SampleOrder } from './sample-order.ts';
import { type PlanChange, SteeredTime } from './steered-time.ts';
import { checkedStopRule } from './stop-rule.ts';
import { drawTicket, MAX_TICKETS } from './tickets.ts';

/**
 * What worker `workerIndex` of `workerCount` issues in a phase, on the load generator that has the segment.
 *
 * Open loop: arrival i of the segment belongs to worker i mod `workerCount`; each worker derives the whole schedule and order and passes over the
 * others' entries. A replay ends with its last arrival. A duration limit ends the schedule at the first due time that reaches it, however late the workers are. After
 * changes (`SteeredTime`) the shares are still those of one schedule, also when they came to the workers at different times.
 * Closed loop: workers draw from `ticketCounter`, which holds how many samples of the segment were issued; see `createTicketCounter`.
 *
 * The caller must issue each sample it advanced to. Throws `InferometerError` for a plan that can't be followed.
 */
export function createPlanShare(
  plan: PhasePlan,
  workerIndex: number,
  workerCount: number,
  ticketCounter: Int32Array,
  segment = WHOLE_PLAN,
): PlanShare {
  checkPart('worker', workerIndex, workerCount);
  checkPart('segment', segment.index, segment.count);
  const { arrivals } = plan;
  const stop = checkedStopRule(plan.stop);
  const order = createSampleOrder(plan.order);
  if (!isOpenLoop(arrivals)) {
    const steps = arrivals.pattern === 'concurrency' ? concurrencySteps(arrivals) : undefined;
    return new ClosedLoopShare(order, stop, ticketCounter, steps, segment);
  }
  const times = openLoopTimes(arrivals, stop);
  const maxSamples = Math.min(stop.maxSamples, times.count);
  const first = numberInPlan(workerIndex, segment);
  return new OpenLoopShare(times, order, maxSamples, first, segment.count * workerCount);
}

/** How many of the first `total` numbers of a plan are in a segment. */
export function segmentSize(total: number, { index, count }: PlanSegment): number {
  return total === Infinity ? Infinity : Math.max(0, Math.ceil((total - index) / count));
}

/** The number in the whole plan of what is number `at` in a segment. @hot */
export function numberInPlan(at: number, { index, count }: PlanSegment): number {
  return index + count * at;
}

/** The arrivals of a plan and the clock they are on. */
interface OpenLoopTimes {
  /** Times of the plan, in the units of its clock, in ascending order. */
  readonly next: () => number;
  readonly time: SteeredTime;
  /** How many there are; Infinity for a process that never ends. */
  readonly count: number;
}

function openLoopTimes(arrivals: OpenLoopSettings, { maxDurationNs }: StopRule): OpenLoopTimes {
  if (arrivals.pattern === 'replay') {
    const recorded = new RecordedArrivals(arrivals.dueNs);
    const time = new SteeredTime(arrivals.ratePerSecond, maxDurationNs);
    return { next: () => recorded.nextDueNs(), time, count: recorded.count };
  }
  const { pattern, ratePerSecond, stages, seed = 0, burstiness = 1 } = arrivals;
  const options = { seed, burstiness };
  const count = Infinity;
  if (stages === undefined) {
    const schedule = scheduleAtRate(pattern, ratePerSecond, options);
    const time = new SteeredTime(ratePerSecond, maxDurationNs);
    return { next: () => schedule.nextDueNs(), time, count };
  }
  const unit = unitArrivals(pattern, options);
  const time = new SteeredTime(new RateProfile(stages), maxDurationNs);
  return { next: () => unit.next(), time, count };
}

class OpenLoopShare implements PlanShare {
  index: number;
  row = 0;
  dueNs = 0;
  isUsedUp = false;
  readonly nextConcurrencyNs = Infinity;
  readonly #nextPlanTime: () => number;
  readonly #time: SteeredTime;
  readonly #order: SampleOrder;
  readonly #maxSamples: number;
  /** From one of its arrivals to the next. */
  readonly #stride: number;
  /** Arrivals whose times were read from the schedule, and the time of the last one. */
  #scheduled = 0;
  #planTime = 0;

  constructor(
    { next, time }: OpenLoopTimes,
    order: SampleOrder,
    maxSamples: number,
    first: number,
    stride: number,
  ) {
    this.#nextPlanTime = next;
    this.#time = time;
    this.#order = order;
    this.#maxSamples = maxSamples;
    this.#stride = stride;
    this.index = first - stride;
  }

  get endNs(): number {
    return this.#time.endNs;
  }

  /** @hot */
  advance(_elapsedNs: number): boolean {
    const next = this.index + this.#stride;
    if (next >= this.#maxSamples) {
      this.isUsedUp = true;
      return false;
    }
    while (this.#scheduled <= next) {
      this.#planTime = this.#nextPlanTime();
      this.#scheduled += 1;
    }
    const dueNs = this.#time.dueNs(this.#planTime);
    if (dueNs >= this.#time.endNs) return false;
    this.index = next;
    this.dueNs = dueNs;
    this.row = this.#order.rowOf(next);
    return true;
  }

  putBack(): void {
    this.index -= this.#stride;
  }

  takeConcurrency(): number {
    throw new InferometerError(
      'INFEROMETER_PLAN_CONCURRENCY',
      'internal',
      'an open loop has no concurrency to change (got a request for one)',
    );
  }

  isPausedAt(elapsedNs: number): boolean {
    return this.#time.isPausedAt(elapsedNs);
  }

  change(change: PlanChange): void {
    this.#time.apply(change);
  }
}

class ClosedLoopShare implements PlanShare {
  index = -1;
  row = 0;
  readonly dueNs = 0;
  isUsedUp = false;
  readonly #order: SampleOrder;
  readonly #time: SteeredTime;
  readonly #ticketLimit: number;
  readonly #ticketCounter: Int32Array;
  readonly #segment: PlanSegment;
  /** Changes of the concurrency that the plan has; undefined once somebody set it by hand. */
  #steps: ConcurrencySteps | undefined;

  constructor(
    order: SampleOrder,
    { maxSamples, maxDurationNs }: StopRule,
    ticketCounter: Int32Array,
    steps: ConcurrencySteps | undefined,
    segment: PlanSegment,
  ) {
    this.#steps = steps;
    this.#order = order;
    this.#time = new SteeredTime(null, maxDurationNs);
    this.#segment = segment;
    this.#ticketLimit = segmentSize(Math.min(maxSamples, MAX_TICKETS), segment);
    this.#ticketCounter = ticketCounter;
  }

  get endNs(): number {
    return this.#time.endNs;
  }

  /** @hot */
  advance(elapsedNs: number): boolean {
    if (this.isUsedUp || this.#time.isPausedAt(elapsedNs)) return false;
    const ticket = elapsedNs >= this.#time.endNs ? -1 : drawTicket(this.#ticketCounter, this.#ticketLimit);
    if (ticket < 0) {
      this.isUsedUp = true;
      return false;
    }
    this.index = numberInPlan(ticket, this.#segment);
    this.row = this.#order.rowOf(this.index);
    return true;
  }

  /** The plan's time of closed loop is the time that is not paused. */
  get nextConcurrencyNs(): number {
    return this.#steps === undefined ? Infinity : this.#time.dueNs(this.#steps.atNs);
  }

  takeConcurrency(): number {
    const { concurrency } = this.#steps!;
    this.#steps!.advance();
    return concurrency;
  }

  /** A ticket of the shared counter cannot be given back, and need not: it is drawn when it is sent. */
  putBack(): void {
    throw new InferometerError(
      'INFEROMETER_PLAN_TICKET',
      'internal',
      `ticket ${this.index} of a closed loop was put back; it must be sent`,
    );
  }

  isPausedAt(elapsedNs: number): boolean {
    return this.#time.isPausedAt(elapsedNs);
  }

  change(change: PlanChange): void {
    this.#time.apply(change);
    if (change.kind === 'concurrency') this.#steps = undefined;
  }
}

function concurrencySteps({ concurrency, stages }: ConcurrencySettings): ConcurrencySteps | undefined {
  if (stages !== undefined) return new ConcurrencySteps(new ConcurrencyProfile(stages));
  checkConcurrency(concurrency);
  return undefined;
}

function checkPart(what: string, index: number, count: number): void {
  const valid = Number.isInteger(index) && Number.isInteger(count);
  if (valid && index >= 0 && index < count) return;
  throw new InferometerError(
    'INFEROMETER_PLAN_WORKER',
    'internal',
    `plan share: there is no ${what} ${index} of ${count}; they are numbered from 0`,
  );
}

function checkConcurrency(concurrency: number): void {
  if (Number.isInteger(concurrency) && concurrency > 0) return;
  throw new InferometerError(
    'INFEROMETER_PLAN_CONCURRENCY',
    'input',
    `concurrency must be a whole number above 0 (got ${concurrency})`,
  );
}
