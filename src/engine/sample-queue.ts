/** What is known of a sample before it is sent. */
export interface Sample {
  readonly seq: number;
  /** Dataset row. */
  readonly row: number;
  /** ns since the run's origin; NaN in closed loop, where a sample is due when it is issued. */
  readonly dueNs: number;
}

const FIELDS = 3;
const INITIAL_SAMPLES = 64;

/** Samples waiting for a connection, first in, first out; 24 bytes each in a ring that grows. */
export class SampleQueue {
  #ring = new Float64Array(INITIAL_SAMPLES * FIELDS);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @hot */
  push(seq: number, row: number, dueNs: number): void {
    const capacity = this.#ring.length / FIELDS;
    if (this.#length === capacity) this.#grow(capacity);
    const at = ((this.#head + this.#length) % (this.#ring.length / FIELDS)) * FIELDS;
    this.#ring[at] = seq;
    this.#ring[at + 1] = row;
    this.#ring[at + 2] = dueNs;
    this.#length += 1;
  }

  /** Takes the oldest, or `undefined` when empty. */
  shift(): Sample | undefined {
    if (this.#length === 0) return undefined;
    const at = this.#head * FIELDS;
    this.#head = (this.#head + 1) % (this.#ring.length / FIELDS);
    this.#length -= 1;
    return { seq: this.#ring[at]!, row: this.#ring[at + 1]!, dueNs: this.#ring[at + 2]! };
  }

  /** Takes the first for which this holds, or `undefined`; the others keep their order. Costs a pass over the queue. */
  take(isWanted: (seq: number) => boolean): Sample | undefined {
    let taken: Sample | undefined;
    for (let left = this.#length; left > 0; left--) {
      const sample = this.shift()!;
      if (taken === undefined && isWanted(sample.seq)) taken = sample;
      else this.push(sample.seq, sample.row, sample.dueNs);
    }
    return taken;
  }

  /** Makes the one taken last the oldest again; before another is pushed, so there is room. */
  putBack({ seq, row, dueNs }: Sample): void {
    const capacity = this.#ring.length / FIELDS;
    this.#head = (this.#head + capacity - 1) % capacity;
    this.#length += 1;
    this.#ring.set([seq, row, dueNs], this.#head * FIELDS);
  }

  #grow(capacity: number): void {
    const grown = new Float64Array(2 * capacity * FIELDS);
    const cut = this.#head * FIELDS;
    grown.set(this.#ring.subarray(cut));
    grown.set(this.#ring.subarray(0, cut), this.#ring.length - cut);
    this.#ring = grown;
    this.#head = 0;
  }
}
