import type { EventBatch } from '../../../events/event-batch.ts';
import type { FramePlace } from '../../../runlog/read.ts';
import type { Frame } from '../../../transport/frame.ts';

const STRETCH_BYTES = 2 ** 20;

interface Stretch extends FramePlace {
  firstNs: number;
  lastNs: number;
}

/** Where in a run log the events of which time are, by stretches of about 1 MiB: some 50 bytes of memory for each. */
export class LogStretches {
  readonly #stretches: Stretch[] = [];

  /** Notes a frame of events that begins at `offset`; frames come in their order. */
  add(batch: EventBatch, { seq }: Frame, offset: number): void {
    let stretch = this.#stretches.at(-1);
    if (stretch === undefined || offset - stretch.offset >= STRETCH_BYTES) {
      stretch = { offset, seq, firstNs: Infinity, lastNs: -Infinity };
      this.#stretches.push(stretch);
    }
    for (const atNs of batch.timestampsNs) {
      if (atNs < stretch.firstNs) stretch.firstNs = atNs;
      if (atNs > stretch.lastNs) stretch.lastNs = atNs;
    }
  }

  /** From which frame to read, and before which byte to stop, to have every event of a time; undefined where there is none. */
  placeOf(
    fromNs: number,
    toNs: number,
  ): { readonly from: FramePlace; readonly endOffset: number } | undefined {
    const isInside = ({ firstNs, lastNs }: Stretch) => firstNs <= toNs && lastNs >= fromNs;
    const from = this.#stretches.find(isInside);
    if (from === undefined) return undefined;
    const last = this.#stretches.findLastIndex(isInside);
    return { from, endOffset: this.#stretches[last + 1]?.offset ?? Infinity };
  }
}
