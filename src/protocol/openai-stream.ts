import {
  answerTooLong,
  type FinalOutput,
  MAX_ANSWER_BYTES,
  type ReportedTokens,
  ResponseFormatError,
  type StreamAccumulator,
} from './adapter.ts';
import { ChoiceTexts } from './choice-texts.ts';
import { type ChunkCode, chunkOf, NO_CHUNK } from './chunk-code.ts';
import { isBlankMessage, isDoneMessage } from './control-message.ts';
import { joinChoices } from './joined-choices.ts';
import { jsonObjectIn, parseJsonObject } from './json.ts';
import { ofOtherApi, otherApiOf } from './other-api.ts';
import type { LearnedFrame } from './learned-frame.ts';
import { channelsOf, type Choice, choicesOf, type PartsReader } from './openai-choice.ts';
import { type MemoryAccount, NO_ACCOUNT } from './response-memory.ts';
import {
  laterTokens,
  refuseError,
  refuseLooseError,
  refuseReason,
  tokensOfReply,
  UNKNOWN_TOKENS,
} from './openai-reply.ts';

const NO_CHUNKS: readonly ChunkCode[] = [];

/**
 * Collects the frames of an OpenAI stream; the APIs differ in how a choice is read.
 *
 * A frame holds at most one chunk for each choice, of one or more channels. A request for one choice gets one, however the server numbers
 * it. The last finish reason that is not empty stays. A frame that differs from one before, of this sample or another, in nothing but its
 * text and id is not parsed ({@link LearnedFrame}): about 0.2 µs against 2 µs, and no allocation.
 */
export class OpenAiAccumulator implements StreamAccumulator {
  moreChunks: readonly ChunkCode[] = NO_CHUNKS;
  readonly #readParts: PartsReader;
  readonly #learned: LearnedFrame;
  readonly #account: MemoryAccount;
  readonly #first: ChoiceTexts;
  /** All of the response's, `#first` at 0; those of earlier responses are kept to be used again. */
  readonly #choices: ChoiceTexts[];
  #choiceCount = 1;
  #tokens: ReportedTokens = UNKNOWN_TOKENS;
  #firstChunkTokens = NaN;
  /** Of the messages that brought tool calls. */
  #toolCallBytes = 0;
  #hasChunk = false;
  #isDone = false;
  /** That a message without choices is of. */
  #otherApi: string | undefined;

  /** `learned` may be shared by all accumulators of a thread that read choices in the same way. */
  constructor(readParts: PartsReader, learned: LearnedFrame, account = NO_ACCOUNT) {
    this.#account = account;
    this.#first = new ChoiceTexts(account);
    this.#choices = [this.#first];
    this.#readParts = readParts;
    this.#learned = learned;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  reset(choices: number): void {
    for (const choice of this.#choices) choice.clear();
    while (this.#choices.length < choices) this.#choices.push(new ChoiceTexts(this.#account));
    this.#choiceCount = choices;
    this.#tokens = UNKNOWN_TOKENS;
    this.#firstChunkTokens = NaN;
    this.#account.resize(this.#toolCallBytes, 0);
    this.#toolCallBytes = 0;
    this.#hasChunk = false;
    this.#isDone = false;
    this.#otherApi = undefined;
    this.moreChunks = NO_CHUNKS;
  }

  /** @hot */
  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): ChunkCode {
    const learned = this.#learned;
    const channel = learned.match(buffer, start, end);
    this.moreChunks = NO_CHUNKS;
    if (channel === NO_CHUNK) return this.#takeMessage(buffer, start, end, isNamed);
    const choice = this.#choiceOf(learned.index);
    this.#choices[choice]!.of(channel).appendEscaped(buffer, learned.textStart, learned.textEnd);
    this.#checkLength();
    this.#hasChunk = true;
    return chunkOf(choice, channel);
  }

  onLooseData(buffer: Uint8Array, start: number, end: number): void {
    if (isDoneMessage(buffer, start, end)) this.#isDone = true;
    else refuseLooseError(buffer, start, end);
  }

  answer(): FinalOutput {
    const choices = this.#choices.slice(0, this.#choiceCount);
    return {
      ...joinChoices(choices),
      tokens: this.#tokens,
      firstChunkTokens: this.#firstChunkTokens,
    };
  }

  incompleteness(): ResponseFormatError | undefined {
    const finished = this.#count(({ finishReason }) => finishReason !== null);
    if (finished === this.#choiceCount) return undefined;
    if (this.#otherApi !== undefined && finished === 0 && !this.#hasChunk) return ofOtherApi(this.#otherApi);
    if (!this.#isDone) {
      return new ResponseFormatError('stream_truncated', 'the stream ended without its terminator');
    }
    if (finished === 0 && !this.#hasChunk) {
      return new ResponseFormatError('empty_answer', 'the stream holds nothing but its terminator');
    }
    // Some servers never give a reason; what they said of a choice then stands for one.
    const whole = finished > 0 ? finished : this.#count((choice) => choice.hasSomething);
    if (whole === this.#choiceCount) return undefined;
    const reason = `${whole} of the ${this.#choiceCount} choices ${finished > 0 ? 'finished' : 'had begun'}`;
    return new ResponseFormatError('stream_truncated', `the stream ended when ${reason}`);
  }

  #count(has: (choice: ChoiceTexts) => boolean): number {
    let count = 0;
    for (let choice = 0; choice < this.#choiceCount; choice++) if (has(this.#choices[choice]!)) count += 1;
    return count;
  }

  /** A server may number one choice however it likes. @hot */
  #choiceOf(index: number): number {
    return index < this.#choiceCount ? index : index % this.#choiceCount;
  }

  #takeMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): ChunkCode {
    if (isBlankMessage(buffer, start, end)) return NO_CHUNK;
    if (isDoneMessage(buffer, start, end)) {
      this.#isDone = true;
      return NO_CHUNK;
    }
    const frame = (isNamed ? jsonObjectIn : parseJsonObject)(buffer, start, end);
    if (frame === undefined) return NO_CHUNK;
    refuseError(frame);
    if (frame.choices === undefined) {
      if (!isNamed) refuseReason(frame);
      this.#otherApi ??= otherApiOf(frame);
    }
    const choices = choicesOf(frame, this.#readParts);
    const tokens = tokensOfReply(frame);
    if (tokens === undefined && choices.length === 1) {
      this.#learned.learn(buffer, start, end, choices[0]!, this.#readParts);
    }
    if (choices.some(({ parts }) => parts.toolCalls.length > 0)) this.#keepToolCalls(end - start);
    const isFirst = !this.#hasChunk;
    const chunk = this.#takeChoices(choices);
    this.#takeTokens(tokens, choices, isFirst && chunk !== NO_CHUNK);
    this.#checkLength();
    return chunk;
  }

  #keepToolCalls(bytes: number): void {
    this.#account.resize(0, bytes);
    this.#toolCallBytes += bytes;
  }

  #takeChoices(choices: readonly Choice[]): ChunkCode {
    const chunks: ChunkCode[] = [];
    for (const { index, parts, finishReason } of choices) {
      const choice = this.#choiceOf(index);
      const texts = this.#choices[choice]!;
      texts.add(parts);
      if (finishReason !== null) texts.finishReason = finishReason;
      const channels = channelsOf(parts);
      if (channels !== 0) chunks.push(chunkOf(choice, channels));
    }
    if (chunks.length === 0) return NO_CHUNK;
    this.#hasChunk = true;
    if (chunks.length > 1) this.moreChunks = chunks.slice(1);
    return chunks[0]!;
  }

  #takeTokens(tokens: ReportedTokens | undefined, choices: readonly Choice[], isOfFirstChunk: boolean): void {
    for (const report of [tokens, ...choices.map((choice) => choice.tokens)]) {
      if (report !== undefined) this.#tokens = laterTokens(this.#tokens, report);
    }
    // A running count beside the first chunk tells how many tokens that holds.
    if (isOfFirstChunk && tokens !== undefined && tokens.completionTokens > 0) {
      this.#firstChunkTokens = tokens.completionTokens;
    }
  }

  #checkLength(): void {
    let length = this.#toolCallBytes;
    for (let choice = 0; choice < this.#choiceCount; choice++) length += this.#choices[choice]!.length;
    if (length > MAX_ANSWER_BYTES) throw answerTooLong();
  }
}
