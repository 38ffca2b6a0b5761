import {
  ALSO_DONE,
  answerTooLong,
  type FinalOutput,
  MAX_ANSWER_BYTES,
  type ReportedTokens,
  ResponseFormatError,
  type StreamAccumulator,
} from './adapter.ts';
import { ChoiceTexts } from './choice-texts.ts';
import { type ChunkCode, chunkOf, NO_CHUNK, TOOL_CHUNK } from './chunk-code.ts';
import { isBlankMessage, isDoneMessage } from './control-message.ts';
import { type FrameReader, NO_PARTS } from './frame-reader.ts';
import { joinChoices } from './joined-choices.ts';
import { type JsonObject, parseJsonObject } from './json.ts';
import { channelsOf } from './openai-choice.ts';
import { laterTokens, refuseError, refuseLooseError, sumOfTokens, UNKNOWN_TOKENS } from './openai-reply.ts';
import { type MemoryAccount, NO_ACCOUNT } from './response-memory.ts';

const NO_CHUNKS: readonly ChunkCode[] = [];
const OPEN_BRACE = 0x7b;
const SPACE = 0x20;

/**
 * Collects the messages of a stream whose API ends it by a message of its own; the APIs differ in how a message is read
 * ({@link FrameReader}). `[DONE]`, which gateways add, means nothing here. Each message is parsed: about 2 µs.
 */
export class FrameAccumulator implements StreamAccumulator {
  moreChunks: readonly ChunkCode[] = NO_CHUNKS;
  readonly #reader: FrameReader;
  readonly #account: MemoryAccount;
  /** All of the response's; those of earlier responses are kept to be used again. */
  readonly #choices: ChoiceState[] = [];
  #choiceCount = 1;
  #endedCount = 0;
  #firstChunkTokens = NaN;
  /** Of the messages that brought tool calls. */
  #toolCallBytes = 0;
  #hasFrame = false;
  #hasChunk = false;

  constructor(reader: FrameReader, account: MemoryAccount = NO_ACCOUNT) {
    this.#reader = reader;
    this.#account = account;
  }

  get isDone(): boolean {
    return this.#endedCount === this.#choiceCount;
  }

  reset(choices: number): void {
    this.#reader.reset();
    for (const choice of this.#choices) choice.clear();
    while (this.#choices.length < choices) this.#choices.push(new ChoiceState(this.#account));
    this.#choiceCount = choices;
    this.#endedCount = 0;
    this.#firstChunkTokens = NaN;
    this.#account.resize(this.#toolCallBytes, 0);
    this.#toolCallBytes = 0;
    this.#hasFrame = false;
    this.#hasChunk = false;
    this.moreChunks = NO_CHUNKS;
  }

  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): ChunkCode {
    this.moreChunks = NO_CHUNKS;
    if (isBlankMessage(buffer, start, end) || isDoneMessage(buffer, start, end)) return NO_CHUNK;
    if (isNamed && !beginsAsObject(buffer, start, end)) return NO_CHUNK;
    const frame = parseJsonObject(buffer, start, end);
    refuseError(frame);
    const chunk = this.#take(frame, end - start);
    if (this.isDone && chunk !== NO_CHUNK) this.moreChunks = ALSO_DONE;
    return chunk;
  }

  onLooseData(buffer: Uint8Array, start: number, end: number): void {
    refuseLooseError(buffer, start, end);
  }

  answer(): FinalOutput {
    const choices = this.#all();
    return {
      ...joinChoices(choices.map(({ texts }) => texts)),
      tokens: sumOfTokens(choices.map(({ tokens }) => tokens)),
      firstChunkTokens: this.#firstChunkTokens,
    };
  }

  incompleteness(): ResponseFormatError | undefined {
    if (this.#reader.endsUntold === true) {
      return this.#hasFrame ? undefined : new ResponseFormatError('empty_answer', 'the stream holds nothing');
    }
    const whole = this.#all().filter(({ isEnded, texts }) => isEnded || texts.finishReason !== null).length;
    if (whole === this.#choiceCount) return undefined;
    const why =
      this.#choiceCount === 1
        ? 'without the message that ends it'
        : `when ${whole} of the ${this.#choiceCount} choices finished`;
    return new ResponseFormatError('stream_truncated', `the stream ended ${why}`);
  }

  #all(): readonly ChoiceState[] {
    return this.#choices.slice(0, this.#choiceCount);
  }

  #take(frame: JsonObject, bytes: number): ChunkCode {
    const { choice: index = 0, parts: told, finishReason = null, tokens, ends } = this.#reader.read(frame);
    this.#hasFrame = true;
    const number = index % this.#choiceCount;
    const choice = this.#choices[number]!;
    const parts = told === undefined ? NO_PARTS : { ...NO_PARTS, ...told };
    if (parts.toolCalls.length > 0) this.#keepToolCalls(bytes);
    choice.texts.add(parts);
    if (finishReason !== null) choice.texts.finishReason = finishReason;
    if (tokens !== undefined) choice.tokens = laterTokens(choice.tokens, tokens);
    if (ends === true && !choice.isEnded) {
      choice.isEnded = true;
      this.#endedCount += 1;
    }
    this.#checkLength();
    // A piece of a tool call is a chunk even when it is empty, as the first one of Anthropic's is.
    const channels = channelsOf(parts) | (parts.toolCalls.length > 0 ? TOOL_CHUNK : 0);
    const chunk = chunkOf(number, channels);
    if (chunk !== NO_CHUNK && !this.#hasChunk) this.#noteFirstChunk(tokens);
    return chunk;
  }

  /** A running count beside the first chunk tells how many tokens that holds. */
  #noteFirstChunk(tokens: ReportedTokens | undefined): void {
    this.#hasChunk = true;
    if (tokens !== undefined && tokens.completionTokens > 0) this.#firstChunkTokens = tokens.completionTokens;
  }

  #keepToolCalls(bytes: number): void {
    this.#account.resize(0, bytes);
    this.#toolCallBytes += bytes;
  }

  #checkLength(): void {
    let length = this.#toolCallBytes;
    for (let choice = 0; choice < this.#choiceCount; choice++) length += this.#choices[choice]!.texts.length;
    if (length > MAX_ANSWER_BYTES) throw answerTooLong();
  }
}

/** What one choice of a stream has said so far. */
class ChoiceState {
  readonly texts: ChoiceTexts;
  tokens: ReportedTokens = UNKNOWN_TOKENS;
  isEnded = false;

  constructor(account: MemoryAccount) {
    this.texts = new ChoiceTexts(account);
  }

  clear(): void {
    this.texts.clear();
    this.tokens = UNKNOWN_TOKENS;
    this.isEnded = false;
  }
}

/** Nobody knows every kind of named event: one that does not even begin as an object is none of the API's. */
function beginsAsObject(buffer: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && buffer[at]! <= SPACE) at += 1;
  return buffer[at] === OPEN_BRACE;
}
