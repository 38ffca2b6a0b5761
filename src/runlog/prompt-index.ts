import { closeSync, readSync } from 'node:fs';
import { openRegularFileSync } from '../core/careful-read.ts';
import { decodePrompts } from '../events/prompts-codec.ts';
import type { Frame } from '../transport/frame.ts';

/**
 * Where the prompts of a run log stand. Holds 16 bytes a row and reads a prompt from the log when asked, so that a
 * dataset of any size can be joined to its events. Close it after use.
 */
export class PromptIndex {
  readonly #file: number;
  readonly #offsets: number[] = [];
  readonly #sizes: number[] = [];

  constructor(path: string) {
    this.#file = openRegularFileSync(path);
  }

  /** Notes the rows of a `prompts` frame whose body begins at `bodyOffset` of the log. */
  add(frame: Frame, bodyOffset: number): void {
    const { firstRow, prompts } = decodePrompts(frame.body);
    for (const [i, prompt] of prompts.entries()) {
      this.#offsets[firstRow + i] = bodyOffset + (prompt.byteOffset - frame.body.byteOffset);
      this.#sizes[firstRow + i] = prompt.length;
    }
  }

  /** The `PromptData` of a row as MessagePack, or `undefined` when the log has none. */
  promptOf(row: number): Uint8Array | undefined {
    const offset = this.#offsets[row];
    const size = this.#sizes[row];
    if (offset === undefined || size === undefined || size === 0) return undefined;
    const prompt = new Uint8Array(size);
    readSync(this.#file, prompt, 0, size, offset);
    return prompt;
  }

  close(): void {
    closeSync(this.#file);
  }
}
