import { CHANNELS, type Channel } from '../core/event-types.ts';
import type { ToolCall } from '../core/model-output.ts';
import { type ChunkCode, type FinalOutput, NO_CHUNK, type StreamAccumulator } from './adapter.ts';
import { isBlankMessage, isDoneMessage } from './control-message.ts';
import { EscapedText } from './escaped-text.ts';
import { isJsonObject, type JsonObject, malformed, parseJsonObject } from './json.ts';
import { LearnedJson, NO_VARIABLE } from './learned-json.ts';
import { refuseError, UNKNOWN_USAGE, type Usage, usageOf } from './openai-reply.ts';

/** The text of a choice in a frame. */
export interface DeltaText {
  readonly channel: Exclude<Channel, 'tool'>;
  /** Not empty. */
  readonly text: string;
}

/** What the first choice of a frame brought. */
export interface Delta {
  readonly text: DeltaText | null;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: string | null;
}

/** Reads a choice of a frame. Throws `ResponseFormatError` for one of another shape. */
export type DeltaReader = (choice: JsonObject) => Delta;

const CONTENT_CHUNK = CHANNELS.indexOf('content') + 1;
const REASONING_CHUNK = CHANNELS.indexOf('reasoning') + 1;
const TOOL_CHUNK = CHANNELS.indexOf('tool') + 1;

/** Keys whose values change from frame to frame or from answer to answer: the texts, and what nobody reads. */
const VARIABLE_KEYS = ['content', 'reasoning_content', 'reasoning', 'text', 'id', 'created'] as const;

/**
 * Collects the frames of an OpenAI stream; the APIs differ in how a choice is read.
 *
 * Only the first choice counts. A frame holds at most one chunk: content, else reasoning; a tool call without text is a chunk only when
 * it is the first of the sample. The last finish reason that is not empty stays. A frame that differs from one before, of this sample
 * or another, in nothing but its text and id is not parsed ({@link LearnedJson}): about 0.2 µs against 2 µs, and no allocation.
 */
export class OpenAiAccumulator implements StreamAccumulator {
  readonly #readDelta: DeltaReader;
  readonly #content = new EscapedText();
  readonly #reasoning = new EscapedText();
  readonly #learned = new LearnedJson(VARIABLE_KEYS);
  #learnedCode: ChunkCode = NO_CHUNK;
  /** The variable of the learned frame that is its text. */
  #learnedText = NO_VARIABLE;
  #toolCalls: (readonly ToolCall[])[] = [];
  #finishReason: string | null = null;
  #usage: Usage = UNKNOWN_USAGE;
  #hasChunk = false;
  #isDone = false;

  constructor(readDelta: DeltaReader) {
    this.#readDelta = readDelta;
  }

  get terminated(): boolean {
    return this.#isDone || this.#finishReason !== null;
  }

  reset(): void {
    this.#content.clear();
    this.#reasoning.clear();
    if (this.#toolCalls.length > 0) this.#toolCalls = [];
    this.#finishReason = null;
    this.#usage = UNKNOWN_USAGE;
    this.#hasChunk = false;
    this.#isDone = false;
  }

  /** @hot */
  onMessage(buffer: Uint8Array, start: number, end: number): ChunkCode {
    const learned = this.#learned;
    if (!learned.matches(buffer, start, end)) return this.#takeMessage(buffer, start, end);
    const text = this.#learnedCode === CONTENT_CHUNK ? this.#content : this.#reasoning;
    text.appendEscaped(buffer, learned.startOf(this.#learnedText), learned.endOf(this.#learnedText));
    this.#hasChunk = true;
    return this.#learnedCode;
  }

  finish(): FinalOutput {
    const content = this.#content.firstAndRest();
    const hasReasoning = !this.#reasoning.isEmpty;
    return {
      output: {
        output: hasReasoning ? content.join('') : content,
        reasoning: hasReasoning ? this.#reasoning.firstAndRest() : null,
        toolCalls: this.#toolCalls.length > 0 ? this.#toolCalls : null,
      },
      finishReason: this.#finishReason,
      ...this.#usage,
    };
  }

  #takeMessage(buffer: Uint8Array, start: number, end: number): ChunkCode {
    if (isBlankMessage(buffer, start, end)) return NO_CHUNK;
    if (isDoneMessage(buffer, start, end)) {
      this.#isDone = true;
      return NO_CHUNK;
    }
    const frame = parseJsonObject(buffer, start, end);
    refuseError(frame);
    const delta = this.#deltaOf(frame);
    const usage = usageOf(frame);
    if (usage !== null) this.#usage = usage;
    if (delta === null) return NO_CHUNK;
    const isPlain = usage === null && delta.toolCalls.length === 0 && !delta.finishReason;
    if (isPlain && delta.text !== null && this.#learned.wantsToLearn()) {
      this.#learn(buffer, start, end, chunkCode(delta.text));
    }
    return this.#takeDelta(delta);
  }

  #deltaOf(frame: JsonObject): Delta | null {
    const choices = frame.choices ?? [];
    if (!Array.isArray(choices)) throw malformed('choices: wanted a list');
    const [choice] = choices as readonly unknown[];
    if (choice === undefined) return null;
    if (!isJsonObject(choice)) throw malformed('choices[0]: wanted an object');
    return this.#readDelta(choice);
  }

  #takeDelta({ text, toolCalls, finishReason }: Delta): ChunkCode {
    if (finishReason) this.#finishReason = finishReason;
    if (toolCalls.length > 0) this.#toolCalls.push(toolCalls);
    const isFirst = !this.#hasChunk;
    if (text !== null) {
      this.#hasChunk = true;
      (text.channel === 'content' ? this.#content : this.#reasoning).append(text.text);
      return chunkCode(text);
    }
    if (toolCalls.length === 0 || !isFirst) return NO_CHUNK;
    this.#hasChunk = true;
    return TOOL_CHUNK;
  }

  /** Learns a frame that holds a chunk of a text and nothing else. */
  #learn(buffer: Uint8Array, start: number, end: number, chunk: ChunkCode): void {
    const text = this.#deltaOf(this.#learned.learn(buffer, start, end) as JsonObject)?.text ?? null;
    this.#learnedText = this.#learned.variableOf(text?.text);
    this.#learnedCode = chunk;
    if (text === null || chunkCode(text) !== chunk || this.#learnedText === NO_VARIABLE)
      this.#learned.forget();
  }
}

function chunkCode({ channel }: DeltaText): ChunkCode {
  return channel === 'content' ? CONTENT_CHUNK : REASONING_CHUNK;
}
