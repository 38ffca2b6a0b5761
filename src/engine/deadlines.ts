import { NS_PER_MS, type RunClock } from '../core/time.ts';

/** Something that is to be told when it took too long. It is in one list at most. */
export interface Timed {
  /** Kept by the list. */
  deadlineNs: number;
  previous: Timed | undefined;
  next: Timed | undefined;
  onTimeout(nowNs: number): void;
}

/**
 * Deadlines that all lie equally far ahead, so that the order of starting is nearly always the order of ending: a linked list and one
 * timer for all, where a timer each would cost more than the request. Starting and stopping take constant time and no allocation;
 * starting as of a time before others began takes a step for each of those.
 *
 * A thread that was held up finds its timers due before it finds what came meanwhile. So when the timer fires, what has come is read first:
 * an item that it stops is not late, only this thread was.
 */
export class Deadlines {
  readonly timeoutMs: number;
  readonly #clock: RunClock;
  readonly #onTimer = () => {
    // Sockets are read between timers and immediates.
    this.#afterReading ??= setImmediate(this.#onRead);
  };
  readonly #onRead = () => this.#expire();
  #first: Timed | undefined;
  #last: Timed | undefined;
  #timer: NodeJS.Timeout | undefined;
  #afterReading: NodeJS.Immediate | undefined;
  /** When the timer goes off. */
  #timerNs = 0;

  constructor(clock: RunClock, timeoutMs: number) {
    this.#clock = clock;
    this.timeoutMs = timeoutMs;
  }

  /**
   * Begins to time an item, anew when it was timed already. `fromNs`: from when on, now or earlier.
   * @hot
   */
  start(item: Timed, fromNs: number): void {
    this.stop(item);
    item.deadlineNs = fromNs + this.timeoutMs * NS_PER_MS;
    let previous = this.#last;
    while (previous !== undefined && previous.deadlineNs > item.deadlineNs) previous = previous.previous;
    const next = previous === undefined ? this.#first : previous.next;
    item.previous = previous;
    item.next = next;
    if (previous === undefined) this.#first = item;
    else previous.next = item;
    if (next === undefined) this.#last = item;
    else next.previous = item;
    if (this.#timer === undefined || item.deadlineNs < this.#timerNs) this.#arm();
  }

  /**
   * Forgets an item; nothing happens when it is not timed.
   * @hot
   */
  stop(item: Timed): void {
    const { previous, next } = item;
    if (previous !== undefined) previous.next = next;
    else if (this.#first === item) this.#first = next;
    if (next !== undefined) next.previous = previous;
    else if (this.#last === item) this.#last = previous;
    item.previous = undefined;
    item.next = undefined;
  }

  /** Ends the timer. */
  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#afterReading);
    this.#timer = undefined;
    this.#afterReading = undefined;
  }

  /** The timer stays where it is when the first item is stopped: it finds the next one when it fires. */
  #arm(): void {
    const first = this.#first;
    if (first === undefined) return;
    clearTimeout(this.#timer);
    this.#timerNs = first.deadlineNs;
    const delayMs = Math.ceil((first.deadlineNs - this.#clock.nowNs()) / NS_PER_MS);
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(delayMs, 1), MAX_TIMER_MS));
  }

  #expire(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#afterReading = undefined;
    const nowNs = this.#clock.nowNs();
    for (let item = this.#first; item !== undefined && item.deadlineNs <= nowNs; item = this.#first) {
      this.stop(item);
      item.onTimeout(nowNs);
    }
    if (this.#timer === undefined) this.#arm();
  }
}

/** The longest a timer of Node can take. */
const MAX_TIMER_MS = 2 ** 31 - 1;
