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
 * Deadlines that all lie equally far ahead, so that the order of starting is the order of ending: a linked list and one
 * timer for all, where a timer each would cost more than the request. Starting and stopping take constant time and no allocation.
 */
export class Deadlines {
  readonly timeoutMs: number;
  readonly #clock: RunClock;
  readonly #onTimer = () => this.#expire();
  #first: Timed | undefined;
  #last: Timed | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: RunClock, timeoutMs: number) {
    this.#clock = clock;
    this.timeoutMs = timeoutMs;
  }

  /**
   * Begins to time an item, anew when it was timed already.
   * @hot
   */
  start(item: Timed, nowNs: number): void {
    this.stop(item);
    item.deadlineNs = nowNs + this.timeoutMs * NS_PER_MS;
    item.previous = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    if (this.#timer === undefined) this.#arm(nowNs);
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
    this.#timer = undefined;
  }

  /** The timer stays where it is when the first item is stopped: it finds the next one when it fires. */
  #arm(nowNs: number): void {
    const first = this.#first;
    if (first === undefined) return;
    const delayMs = Math.ceil((first.deadlineNs - nowNs) / NS_PER_MS);
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(delayMs, 1), MAX_TIMER_MS));
  }

  #expire(): void {
    this.#timer = undefined;
    const nowNs = this.#clock.nowNs();
    for (let item = this.#first; item !== undefined && item.deadlineNs <= nowNs; item = this.#first) {
      this.stop(item);
      item.onTimeout(nowNs);
    }
    if (this.#timer === undefined) this.#arm(nowNs);
  }
}

/** The longest a timer of Node can take. */
const MAX_TIMER_MS = 2 ** 31 - 1;
