import type { PromptData } from '../../core/model-output.ts';
import { PayloadEncoder } from '../../events/payload.ts';
import { encodePromptsFrame } from '../../events/prompts-codec.ts';

/** Bytes of prompts gathered into one frame, about. */
const BYTES_PER_FRAME = 2 ** 20;

/** What each dataset row asks, as unsealed frames of the run log: each prompt once, however often it is sent. */
export class PromptFrames {
  readonly #encoder = new PayloadEncoder();
  readonly #frames: Uint8Array[] = [];
  #firstRow = 0;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;

  /** Adds the next row. */
  add(prompt: PromptData): void {
    const bytes = this.#encoder.promptData(prompt);
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= BYTES_PER_FRAME) this.#close();
  }

  /** All of them. */
  finish(): readonly Uint8Array[] {
    if (this.#gathered.length > 0) this.#close();
    return this.#frames;
  }

  #close(): void {
    this.#frames.push(encodePromptsFrame({ firstRow: this.#firstRow, prompts: this.#gathered }));
    this.#firstRow += this.#gathered.length;
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}
