import { type ChunkCode, NO_CHUNK } from './adapter.ts';
import type { JsonObject } from './json.ts';
import { LearnedJson, NO_VARIABLE } from './learned-json.ts';
import { chunkCode, type DeltaReader, deltaOf, type DeltaText } from './openai-delta.ts';

/** Keys whose values change from frame to frame or from answer to answer: the texts, and what nobody reads. */
const VARIABLE_KEYS = ['content', 'reasoning_content', 'reasoning', 'text', 'id', 'created'] as const;

/** A frame that holds a chunk of a text and nothing else, as one server writes it. */
export class LearnedFrame {
  readonly #json = new LearnedJson(VARIABLE_KEYS);
  #chunk: ChunkCode = NO_CHUNK;
  #text = NO_VARIABLE;

  /** Where the text of the frame that matched last lies: the inside of its string literal, not empty. */
  get textStart(): number {
    return this.#json.startOf(this.#text);
  }

  get textEnd(): number {
    return this.#json.endOf(this.#text);
  }

  /**
   * The chunk in `buffer[start..end)` when it is such a frame, else {@link NO_CHUNK}.
   * @hot
   */
  match(buffer: Uint8Array, start: number, end: number): ChunkCode {
    return this.#json.matches(buffer, start, end) ? this.#chunk : NO_CHUNK;
  }

  /** Such a frame was found to hold `wanted`, and did not match: learns it, if frames like it keep coming. */
  learn(buffer: Uint8Array, start: number, end: number, wanted: DeltaText, readDelta: DeltaReader): void {
    const json = this.#json;
    if (!json.wantsToLearn()) return;
    const text = deltaOf(json.learn(buffer, start, end) as JsonObject, readDelta)?.text ?? null;
    this.#text = json.variableOf(text?.text, wanted.text);
    this.#chunk = chunkCode(wanted);
    if (text?.channel !== wanted.channel || this.#text === NO_VARIABLE) json.forget();
  }
}
