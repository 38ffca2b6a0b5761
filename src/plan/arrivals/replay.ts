import { InferometerError } from '../../core/errors.ts';
import { durationText } from '../../core/quantity-text.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../core/time.ts';
import type { ArrivalSchedule } from './arrival-schedule.ts';

/** How the times of a trace become due times. */
export interface ReplayTiming {
  /** How many times as fast as the trace; 1 when it is left out. */
  readonly speed?: number | undefined;
  /** The longest gap between two arrivals, ms of the run; longer ones are cut to it. */
  readonly idleCapMs?: number | undefined;
}

/** The longest schedule: the clock of a run counts ns in a number. */
const MAX_SCHEDULE_NS = 2400 * 3600 * NS_PER_SECOND;

/**
 * The due times of a trace: whole ns since its first arrival, in memory that threads share, 8 bytes each. Each is rounded once, so rounding
 * never adds up. `timesMs`: on the clock of the trace, ascending.
 *
 * Throws `INFEROMETER_PLAN_REPLAY` (input) for a speed that is not above 0, and for a schedule of more than 100 days.
 */
export function replaySchedule(
  timesMs: Float64Array,
  { speed = 1, idleCapMs = Infinity }: ReplayTiming = {},
): SharedArrayBuffer {
  if (!(Number.isFinite(speed) && speed > 0)) {
    throw replayError(`speed: must be a finite number above 0 (got ${speed})`);
  }
  const dueNs = new Float64Array(new SharedArrayBuffer(timesMs.length * Float64Array.BYTES_PER_ELEMENT));
  const nsPerMs = NS_PER_MS / speed;
  const capNs = idleCapMs * NS_PER_MS;
  const firstMs = timesMs[0] ?? 0;
  let cutNs = 0;
  let beforeNs = 0;
  for (let i = 0; i < timesMs.length; i++) {
    const atNs = (timesMs[i]! - firstMs) * nsPerMs;
    // One that is the cap but for the last bits of its times is not cut.
    if (atNs - beforeNs > capNs) cutNs += atNs - beforeNs - capNs;
    beforeNs = atNs;
    dueNs[i] = Math.max(dueNs[i - 1] ?? 0, Math.round(atNs - cutNs));
  }
  const endNs = dueNs.at(-1) ?? 0;
  if (!(endNs <= MAX_SCHEDULE_NS)) {
    throw replayError(
      `the replay would take ${durationText(endNs)}; a run issues for ${durationText(MAX_SCHEDULE_NS)} at most:` +
        ' raise --speed, cut gaps by --idle-cap, or take a part by --from and --to',
    );
  }
  return dueNs.buffer;
}

/** Arrivals whose due times were written down. */
export class RecordedArrivals implements ArrivalSchedule {
  readonly #dueNs: Float64Array;
  #next = 0;

  constructor(dueNs: SharedArrayBuffer) {
    this.#dueNs = new Float64Array(dueNs);
  }

  get count(): number {
    return this.#dueNs.length;
  }

  /** Infinity behind the last one. @hot */
  nextDueNs(): number {
    return this.#next < this.#dueNs.length ? this.#dueNs[this.#next++]! : Infinity;
  }
}

/** How many arrivals are due before a time, ns since the first one. */
export function arrivalsBefore(dueNs: SharedArrayBuffer, endNs: number): number {
  const times = new Float64Array(dueNs);
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < endNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Arrivals a second on average: until `endNs` where the schedule goes on behind it, else from the first arrival to the last. Null where all
 * come at once.
 */
export function meanArrivalRate(dueNs: SharedArrayBuffer, endNs = Infinity): number | null {
  const times = new Float64Array(dueNs);
  const count = arrivalsBefore(dueNs, endNs);
  const [gaps, spanNs] = count < times.length ? [count, endNs] : [count - 1, times.at(-1) ?? 0];
  return gaps > 0 && spanNs > 0 ? (gaps * NS_PER_SECOND) / spanNs : null;
}

/** The most arrivals that come within one second. */
export function busiestSecond(dueNs: SharedArrayBuffer): number {
  const times = new Float64Array(dueNs);
  let most = 0;
  let first = 0;
  for (let last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= NS_PER_SECOND) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function replayError(message: string): InferometerError {
  return new InferometerError('INFEROMETER_PLAN_REPLAY', 'input', message);
}
