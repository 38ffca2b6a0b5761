import type { PromptData } from '../../core/model-output.ts';
import type { ArenaMemory } from '../../dataset/arena.ts';
import { writePromptData } from '../../events/payload.ts';
import { encodeGatheredPrompts } from '../../events/prompts-codec.ts';
import { MsgpackWriter } from '../../transport/msgpack-writer.ts';

/** Bytes of prompts gathered into one frame, about. */
const BYTES_PER_FRAME = 2 ** 20;

/** What each dataset row asks, as unsealed frames of the run log: each prompt once, however often it is sent. */
export class PromptFrames {
  readonly #writer = new MsgpackWriter();
  readonly #frames: Uint8Array[] = [];
  readonly #memory: ArenaMemory | undefined;
  #firstRow = 0;
  /** Where each prompt ends that the writer has. */
  #ends: number[] = [];

  /** `memory`: that of the requests, of which this takes its part. */
  constructor(memory?: ArenaMemory) {
    this.#memory = memory;
  }

  /** Adds the next row. */
  add(prompt: PromptData): void {
    writePromptData(this.#writer, prompt);
    this.#ends.push(this.#writer.length);
    if (this.#writer.length >= BYTES_PER_FRAME) this.#close();
  }

  /** All of them. */
  finish(): readonly Uint8Array[] {
    if (this.#ends.length > 0) this.#close();
    return this.#frames;
  }

  #close(): void {
    const frame = encodeGatheredPrompts(this.#firstRow, this.#writer.written(), this.#ends);
    this.#memory?.take(frame.length);
    this.#frames.push(frame);
    this.#firstRow += this.#ends.length;
    this.#ends = [];
    this.#writer.clear();
  }
}
