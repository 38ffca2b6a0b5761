import type { SampleSeq } from '../core/ids.ts';

/** Errors of samples that never end are forgotten beyond so many. */
const KEPT = 4096;

/** How samples without a row, those of a warm-up, have failed so far: their flags, as a row would have them. */
export class UntrackedFailures {
  readonly #flags = new Map<SampleSeq, number>();

  add(seq: SampleSeq, flag: number): void {
    if (this.#flags.size >= KEPT && !this.#flags.has(seq))
      this.#flags.delete(this.#flags.keys().next().value!);
    this.#flags.set(seq, (this.#flags.get(seq) ?? 0) | flag);
  }

  /** The flags of a sample that ends; 0 for one that did not fail. @hot */
  take(seq: SampleSeq): number {
    if (this.#flags.size === 0) return 0;
    const flags = this.#flags.get(seq) ?? 0;
    this.#flags.delete(seq);
    return flags;
  }
}
