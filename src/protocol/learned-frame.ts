import { channelsOfChunk, type ChunkCode, NO_CHUNK } from './chunk-code.ts';
import { isJsonObject } from './json.ts';
import { LearnedJson, NO_VARIABLE } from './learned-json.ts';
import { chunkOfChoice, type Choice, choicesOf, type PartsReader } from './openai-choice.ts';
import { CONTENT_CHUNK, REASONING_CHUNK, REFUSAL_CHUNK } from './chunk-code.ts';

/** Keys whose values change from frame to frame or from response to response: the texts, and what nobody reads. */
const VARIABLE_KEYS = [
  ...['content', 'reasoning_content', 'reasoning', 'thinking', 'refusal', 'text'],
  ...['id', 'created', 'obfuscation'],
] as const;

/** Finds nothing of a text that is in no channel of its own. */
const NO_TEXT = undefined;

/** A frame that adds to one text of one choice and says nothing else, as one server writes it. */
export class LearnedFrame {
  readonly #json = new LearnedJson(VARIABLE_KEYS);
  #channel: ChunkCode = NO_CHUNK;
  #index = 0;
  #text = NO_VARIABLE;

  /** The choice that the frame that matched last adds to, as the server numbers it. */
  get index(): number {
    return this.#index;
  }

  /** Where the text of the frame that matched last lies: the inside of its string literal, not empty. */
  get textStart(): number {
    return this.#json.startOf(this.#text);
  }

  get textEnd(): number {
    return this.#json.endOf(this.#text);
  }

  /**
   * The channel that `buffer[start..end)` adds to when it is such a frame, as a bit; else {@link NO_CHUNK}.
   * @hot
   */
  match(buffer: Uint8Array, start: number, end: number): ChunkCode {
    return this.#json.matches(buffer, start, end) ? this.#channel : NO_CHUNK;
  }

  /** A frame was found to hold `choice` and nothing else, and did not match: learns it, if frames like it keep coming. */
  learn(buffer: Uint8Array, start: number, end: number, choice: Choice, readParts: PartsReader): void {
    const text = onlyTextOf(choice);
    const json = this.#json;
    if (text === NO_TEXT || !json.wantsToLearn()) return;
    const probed = json.learn(buffer, start, end);
    const [probedChoice] = isJsonObject(probed) ? choicesOf(probed, readParts) : [];
    const probedText = probedChoice && onlyTextOf(probedChoice);
    this.#channel = channelsOfChunk(chunkOfChoice(0, choice.parts));
    this.#index = choice.index;
    this.#text = json.variableOf(probedText, text);
    const isSame =
      probedChoice !== undefined &&
      probedChoice.index === choice.index &&
      chunkOfChoice(0, probedChoice.parts) === this.#channel;
    if (!isSame || this.#text === NO_VARIABLE) json.forget();
  }
}

/** The one text that a choice adds, when that is all it does. */
function onlyTextOf({ parts, finishReason, tokens }: Choice): string | undefined {
  if (finishReason !== null || tokens !== undefined || parts.toolCalls.length > 0) return NO_TEXT;
  switch (chunkOfChoice(0, parts)) {
    case CONTENT_CHUNK:
      return parts.content;
    case REASONING_CHUNK:
      return parts.reasoning;
    case REFUSAL_CHUNK:
      return parts.refusal;
    default:
      return NO_TEXT;
  }
}
