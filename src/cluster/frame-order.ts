/** A piece of a frame of a load generator's run log, as it arrives: frames that are too large for one message come in parts. */
export interface FramePart {
  /** Of the frame in that log. */
  readonly seq: number;
  /** From 0, and how many there are. */
  readonly part: number;
  readonly parts: number;
  readonly bytes: Uint8Array;
}

interface OpenFrame {
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
}

/**
 * Puts the frames of one load generator back into the order of its log: each once, none left out.
 *
 * A message may come twice or late, since it is published again when nothing says that it arrived. What comes early is held; the sender
 * limits how much that is.
 */
export class FrameOrder {
  #next: number;
  readonly #open = new Map<number, OpenFrame>();
  #repeated = 0;

  /** `first`: number of the first frame that comes. */
  constructor(first: number) {
    this.#next = first;
  }

  /** Number of the next frame in order: all before it were given. */
  get next(): number {
    return this.#next;
  }

  /** Parts that had arrived before. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Frames that are held because one before them is missing. */
  get held(): number {
    return this.#open.size;
  }

  /** The frames that are whole and in order now, by this part. */
  *take({ seq, part, parts, bytes }: FramePart): Generator<Uint8Array> {
    const open: OpenFrame = this.#open.get(seq) ?? { parts: Array<undefined>(parts), missing: parts };
    if (seq < this.#next || open.parts[part] !== undefined || parts !== open.parts.length) {
      this.#repeated += 1;
      return;
    }
    open.parts[part] = bytes;
    open.missing -= 1;
    this.#open.set(seq, open);
    for (let first = this.#open.get(this.#next); first?.missing === 0; first = this.#open.get(this.#next)) {
      this.#open.delete(this.#next);
      this.#next += 1;
      // All are there.
      yield joined(first.parts as readonly Uint8Array[]);
    }
  }
}

/** A buffer of its own, which the receiver may change. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
