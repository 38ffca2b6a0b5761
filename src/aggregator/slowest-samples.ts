import type { SampleSeq } from '../core/ids.ts';
import type { SlowSample } from '../core/run-history.ts';
import { RowFlag, type SampleTable } from './sample-table.ts';

const KEPT = 20;

/** The slowest samples by latency. A sample that is not one of them costs a comparison, and nothing is allocated for any. */
export class SlowestSamples {
  readonly #table: SampleTable;
  readonly #latenciesNs = new Float64Array(KEPT);
  readonly #seqs = new Float64Array(KEPT);
  readonly #duesNs = new Float64Array(KEPT);
  readonly #issuedNs = new Float64Array(KEPT);
  readonly #firstNs = new Float64Array(KEPT);
  readonly #chunks = new Float64Array(KEPT);
  readonly #errored = new Uint8Array(KEPT);
  /** In which order they were kept. */
  readonly #turns = new Float64Array(KEPT);
  #turn = 0;
  #count = 0;
  /** Position and latency of the fastest one kept, the last of those, once there are enough. */
  #fastest = 0;
  #thresholdNs = -Infinity;

  constructor(table: SampleTable) {
    this.#table = table;
  }

  /** A sample has ended, and its row is still there. Of equally slow ones the first to end stay. @hot */
  onComplete(seq: SampleSeq, slot: number, timestampNs: number): void {
    const latencyNs = timestampNs - this.#table.issuedNs[slot]!;
    if (latencyNs > this.#thresholdNs) this.#keep(seq, slot, latencyNs);
  }

  /** Slowest first. */
  samples(): readonly SlowSample[] {
    const samples = Array.from({ length: this.#count }, (_, at): SlowSample => {
      const [dueNs, ttftNs] = [this.#duesNs[at]!, this.#firstNs[at]! - this.#issuedNs[at]!];
      return {
        seq: this.#seqs[at]!,
        due_ns: Number.isNaN(dueNs) ? null : dueNs,
        issued_ns: this.#issuedNs[at]!,
        latency_ns: this.#latenciesNs[at]!,
        ttft_ns: Number.isNaN(ttftNs) ? null : ttftNs,
        chunks: this.#chunks[at]!,
        errored: this.#errored[at] === 1,
      };
    });
    return samples.sort((a, b) => b.latency_ns - a.latency_ns || a.seq - b.seq);
  }

  #keep(seq: SampleSeq, slot: number, latencyNs: number): void {
    const { dueNs, issuedNs, recvFirstNs, chunks, flags } = this.#table;
    const at = this.#count < KEPT ? this.#count++ : this.#fastest;
    this.#turns[at] = this.#turn++;
    this.#latenciesNs[at] = latencyNs;
    this.#seqs[at] = seq;
    this.#duesNs[at] = dueNs[slot]!;
    this.#issuedNs[at] = issuedNs[slot]!;
    this.#firstNs[at] = recvFirstNs[slot]!;
    this.#chunks[at] = chunks[slot]!;
    this.#errored[at] = (flags[slot]! & (RowFlag.errored | RowFlag.cancelled)) === 0 ? 0 : 1;
    if (this.#count < KEPT) return;
    let fastest = 0;
    for (let i = 1; i < KEPT; i++) {
      const slowerNs = this.#latenciesNs[i]! - this.#latenciesNs[fastest]!;
      if (slowerNs < 0 || (slowerNs === 0 && this.#turns[i]! > this.#turns[fastest]!)) fastest = i;
    }
    this.#fastest = fastest;
    this.#thresholdNs = this.#latenciesNs[fastest]!;
  }
}
