import type { ToolCall } from '../core/model-output.ts';
import {
  answerTooLong,
  type ChunkCode,
  type FinalOutput,
  MAX_ANSWER_BYTES,
  NO_CHUNK,
  type StreamAccumulator,
} from './adapter.ts';
import { isBlankMessage, isDoneMessage } from './control-message.ts';
import { EscapedText } from './escaped-text.ts';
import { parseJsonObject } from './json.ts';
import type { LearnedFrame } from './learned-frame.ts';
import {
  chunkCode,
  CONTENT_CHUNK,
  type Delta,
  type DeltaReader,
  deltaOf,
  TOOL_CHUNK,
} from './openai-delta.ts';
import { refuseError, UNKNOWN_USAGE, type Usage, usageOf } from './openai-reply.ts';

/**
 * Collects the frames of an OpenAI stream; the APIs differ in how a choice is read.
 *
 * Only the first choice counts. A frame holds at most one chunk: content, else reasoning; a tool call without text is a chunk only when
 * it is the first of the sample. The last finish reason that is not empty stays. A frame that differs from one before, of this sample
 * or another, in nothing but its text and id is not parsed ({@link LearnedFrame}): about 0.2 µs against 2 µs, and no allocation.
 */
export class OpenAiAccumulator implements StreamAccumulator {
  readonly #readDelta: DeltaReader;
  readonly #learned: LearnedFrame;
  readonly #content = new EscapedText();
  readonly #reasoning = new EscapedText();
  #toolCalls: (readonly ToolCall[])[] = [];
  #finishReason: string | null = null;
  #usage: Usage = UNKNOWN_USAGE;
  /** Of the messages that brought {@link #toolCalls}. */
  #toolCallBytes = 0;
  #hasChunk = false;
  #isDone = false;

  /** `learned` may be shared by all accumulators of a thread that read deltas in the same way. */
  constructor(readDelta: DeltaReader, learned: LearnedFrame) {
    this.#readDelta = readDelta;
    this.#learned = learned;
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
    this.#toolCallBytes = 0;
    this.#hasChunk = false;
    this.#isDone = false;
  }

  /** @hot */
  onMessage(buffer: Uint8Array, start: number, end: number): ChunkCode {
    const learned = this.#learned;
    const chunk = learned.match(buffer, start, end);
    if (chunk === NO_CHUNK) return this.#takeMessage(buffer, start, end);
    const text = chunk === CONTENT_CHUNK ? this.#content : this.#reasoning;
    text.appendEscaped(buffer, learned.textStart, learned.textEnd);
    this.#checkLength();
    this.#hasChunk = true;
    return chunk;
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
    const delta = deltaOf(frame, this.#readDelta);
    const usage = usageOf(frame);
    if (usage !== null) this.#usage = usage;
    if (delta === null) return NO_CHUNK;
    const isPlain = usage === null && delta.toolCalls.length === 0 && !delta.finishReason;
    if (isPlain && delta.text !== null) this.#learned.learn(buffer, start, end, delta.text, this.#readDelta);
    if (delta.toolCalls.length > 0) this.#toolCallBytes += end - start;
    const chunk = this.#takeDelta(delta);
    this.#checkLength();
    return chunk;
  }

  #checkLength(): void {
    const length = this.#content.length + this.#reasoning.length + this.#toolCallBytes;
    if (length > MAX_ANSWER_BYTES) throw answerTooLong();
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
}
