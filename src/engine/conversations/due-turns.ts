/** A turn whose due time is known. */
export interface DueTurn {
  /** ns since the run's origin. */
  dueNs: number;
}

/** Turns by due time, the earliest first: a binary heap. */
export class DueTurns<Turn extends DueTurn> {
  readonly #heap: Turn[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the earliest is due; Infinity when there is none. */
  get nextDueNs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0]!.dueNs;
  }

  push(turn: Turn): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]!.dueNs <= turn.dueNs) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = turn;
  }

  /** Takes the earliest; undefined when there is none. */
  shift(): Turn | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.dueNs < heap[below]!.dueNs) below += 1;
      if (heap[below]!.dueNs >= last.dueNs) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }

  /** Those that are due before are due then. The order stays what it was. */
  holdUntil(atNs: number): void {
    for (const turn of this.#heap) turn.dueNs = Math.max(turn.dueNs, atNs);
  }

  /** Takes those of a kind, in no order. Costs a pass over all. */
  take(isTaken: (turn: Turn) => boolean): readonly Turn[] {
    const taken: Turn[] = [];
    for (const turn of this.#heap.splice(0)) {
      if (isTaken(turn)) taken.push(turn);
      else this.push(turn);
    }
    return taken;
  }

  /** Takes all, in no order. */
  clear(): readonly Turn[] {
    return this.#heap.splice(0);
  }
}
