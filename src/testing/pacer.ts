import { assertNever } from '../core/errors.ts';
import { NS_PER_MS, type RunClock } from '../core/time.ts';

/** Something to be done at a time, and perhaps again at a later one. */
export interface PacedTask {
  /** When to run, ns on the pacer's clock. Read after each run that asks for another. */
  dueNs: number;
  /** Does what is due; true when it has a new `dueNs`. */
  run(): boolean;
}

/**
 * `economy` sleeps until the due time and is late by up to 1.5 ms; `precise` turns the event loop without sleep when something is
 * due within 2 ms, which costs up to a core.
 */
export type Pacing = 'economy' | 'precise';

const SPIN_NS = 2 * NS_PER_MS;

/** Runs tasks at their due times with one timer: the earliest of a binary heap. Log n a task and run. */
export class Pacer {
  readonly #clock: RunClock;
  readonly #pacing: Pacing;
  readonly #heap: PacedTask[] = [];
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** When the timer or immediate looks at the heap again. */
  #wakeNs = Infinity;
  #closed = false;

  constructor(clock: RunClock, pacing: Pacing) {
    this.#clock = clock;
    this.#pacing = pacing;
  }

  schedule(task: PacedTask): void {
    this.#push(task);
    if (task.dueNs < this.#wakeNs) this.#arm();
  }

  /** Runs a task that is due already at once, and schedules what is left of it. */
  runOrSchedule(task: PacedTask): void {
    if (task.dueNs > this.#clock.nowNs() || task.run()) this.schedule(task);
  }

  /** Forgets all tasks. */
  close(): void {
    this.#closed = true;
    this.#heap.length = 0;
    this.#disarm();
  }

  #arm(): void {
    this.#disarm();
    const next = this.#heap[0];
    if (next === undefined || this.#closed) return;
    this.#wakeNs = next.dueNs;
    const remainingNs = next.dueNs - this.#clock.nowNs();
    switch (this.#pacing) {
      case 'economy':
        this.#sleep(remainingNs);
        break;
      case 'precise':
        if (remainingNs > SPIN_NS) this.#sleep(remainingNs - SPIN_NS);
        else this.#immediate = setImmediate(() => this.#wake());
        break;
      default:
        assertNever(this.#pacing);
    }
  }

  #sleep(ns: number): void {
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.floor(ns / NS_PER_MS)));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#wakeNs = Infinity;
  }

  #wake(): void {
    // No task scheduled from within a run needs to arm: that is done once, at the end.
    this.#wakeNs = -Infinity;
    const nowNs = this.#clock.nowNs();
    while (this.#heap.length > 0 && this.#heap[0]!.dueNs <= nowNs) {
      const task = this.#removeFirst();
      if (task.run()) this.#push(task);
    }
    this.#arm();
  }

  #push(task: PacedTask): void {
    const heap = this.#heap;
    let position = heap.push(task) - 1;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (heap[parent]!.dueNs <= task.dueNs) break;
      heap[position] = heap[parent]!;
      position = parent;
    }
    heap[position] = task;
  }

  #removeFirst(): PacedTask {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let position = 0;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.dueNs < heap[child]!.dueNs) child += 1;
      if (heap[child]!.dueNs >= last.dueNs) break;
      heap[position] = heap[child]!;
      position = child;
    }
    heap[position] = last;
    return first;
  }
}
