import type { Frame } from '../transport/frame.ts';

/** Frames of the stream that wait for delivery, at most so many and so large; the log has what does not fit. */
export class StreamWindow {
  readonly #maxFrames: number;
  readonly #maxBytes: number;
  #frames: Frame[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxFrames: number, maxBytes: number) {
    this.#maxFrames = maxFrames;
    this.#maxBytes = maxBytes;
  }

  /** Takes the frame, or forgets it when there is no room. */
  offer(frame: Frame): void {
    if (this.#frames.length - this.#head >= this.#maxFrames) return;
    if (this.#bytes + frame.bytes.length > this.#maxBytes) return;
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
  }

  /** The oldest frame that is not older than `seq`; older ones are forgotten. */
  peekFrom(seq: number): Frame | undefined {
    let frame = this.#frames[this.#head];
    while (frame !== undefined && frame.seq < seq) {
      this.#bytes -= frame.bytes.length;
      this.#head++;
      frame = this.#frames[this.#head];
    }
    if (this.#head >= this.#maxFrames || this.#head === this.#frames.length) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    return frame;
  }
}
