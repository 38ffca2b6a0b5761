import { EventKind } from '../../core/event-types.ts';
import { decodeBatch } from '../../events/columnar-codec.ts';
import { extraOf, ISSUED_EXTRA } from '../../events/event-batch.ts';
import { FRAME_HEADER_BYTES } from '../../transport/frame.ts';

/** Finds when the first sample of a phase went out. Reads frames of events until one has it, and no further. */
export class StartWatch {
  readonly #onStarted: (lateNs: number) => void;
  #startNs: number | undefined;

  /** `lateNs`: after the sample was due or, in closed loop, after the phase began. */
  constructor(onStarted: (lateNs: number) => void) {
    this.#onStarted = onStarted;
  }

  /** A phase will begin then, ns since the run's origin. */
  expect(startNs: number): void {
    this.#startNs = startNs;
  }

  look(frame: Uint8Array): void {
    if (this.#startNs === undefined) return;
    const batch = decodeBatch(frame.subarray(FRAME_HEADER_BYTES));
    const at = batch.kinds.indexOf(EventKind.sampleIssued);
    if (at < 0) return;
    const issuedNs = batch.timestampsNs[at]!;
    const dueNs = extraOf(batch, at, ISSUED_EXTRA.dueNs);
    // In closed loop a sample is due when it is issued.
    const wantedNs = Number.isFinite(dueNs) && dueNs !== issuedNs ? dueNs : this.#startNs;
    this.#startNs = undefined;
    this.#onStarted(issuedNs - wantedNs);
  }
}
