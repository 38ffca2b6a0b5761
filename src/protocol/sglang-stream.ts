import {
  answerTooLong,
  type FinalOutput,
  MAX_ANSWER_BYTES,
  type ReportedTokens,
  ResponseFormatError,
  type StreamAccumulator,
} from './adapter.ts';
import { channelBit, type ChunkCode, chunkOf, NO_CHUNK } from './chunk-code.ts';
import { isBlankMessage, isDoneMessage } from './control-message.ts';
import { parseJson } from './json.ts';
import { type MemoryAccount, NO_ACCOUNT } from './response-memory.ts';
import { GrowingText } from './growing-text.ts';
import { refuseLooseError, sumOfTokens, UNKNOWN_TOKENS } from './openai-reply.ts';
import { type SglangReply, sglangReply } from './sglang-reply.ts';

const CONTENT = channelBit('content');
const NO_CHUNKS: readonly ChunkCode[] = [];

/**
 * Collects the frames of SGLang's generate API.
 *
 * A frame has the whole text so far or, from a server with `--incremental-streaming-output`, only what is new: {@link GrowingText} finds
 * out which. A whole text may take back its end (half a character becomes a letter); it is a chunk when it is longer than before.
 */
export class SglangAccumulator implements StreamAccumulator {
  readonly moreChunks = NO_CHUNKS;
  readonly #account: MemoryAccount;
  /** Of the texts, as far as they were taken from the account. */
  #accountedBytes = 0;
  #inputs: Progress[] = [];
  #firstChunkTokens = NaN;
  #hasChunk = false;
  #isDone = false;

  constructor(account = NO_ACCOUNT) {
    this.#account = account;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  reset(choices: number): void {
    this.#account.resize(this.#accountedBytes, 0);
    this.#accountedBytes = 0;
    this.#inputs = Array.from({ length: choices }, () => ({
      text: new GrowingText(),
      finishReason: null,
      tokens: UNKNOWN_TOKENS,
      retractions: 0,
    }));
    this.#firstChunkTokens = NaN;
    this.#hasChunk = false;
    this.#isDone = false;
  }

  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): ChunkCode {
    if (isBlankMessage(buffer, start, end)) return NO_CHUNK;
    if (isDoneMessage(buffer, start, end)) {
      this.#isDone = true;
      return NO_CHUNK;
    }
    try {
      return this.#take(sglangReply(parseJson(buffer, start, end)));
    } catch (error) {
      if (isNamed && error instanceof ResponseFormatError && error.errorType === 'malformed_response') {
        return NO_CHUNK;
      }
      throw error;
    }
  }

  onLooseData(buffer: Uint8Array, start: number, end: number): void {
    if (isDoneMessage(buffer, start, end)) this.#isDone = true;
    else refuseLooseError(buffer, start, end);
  }

  answer(): FinalOutput {
    const output = this.#inputs.map(({ text }) => text.whole).join('');
    return {
      output: { output, reasoning: null, toolCalls: null },
      finishReason: this.#inputs.find(({ finishReason }) => finishReason !== null)?.finishReason ?? null,
      tokens: sumOfTokens(this.#inputs.map(({ tokens }) => tokens)),
      firstChunkTokens: this.#firstChunkTokens,
      isEmpty: output === '',
    };
  }

  incompleteness(): ResponseFormatError | undefined {
    const finished = this.#inputs.filter(({ finishReason }) => finishReason !== null).length;
    const count = this.#inputs.length;
    if (finished === count) return undefined;
    if (!this.#isDone) {
      return new ResponseFormatError('stream_truncated', 'the stream ended without its terminator');
    }
    if (finished === 0 && !this.#hasChunk) {
      return new ResponseFormatError('empty_answer', 'the stream holds nothing but its terminator');
    }
    // Without any reason, what was said of a choice stands for one.
    const whole = finished > 0 ? finished : this.#inputs.filter(({ text }) => text.whole !== '').length;
    if (whole === count) return undefined;
    const reason = `${whole} of the ${count} choices ${finished > 0 ? 'finished' : 'had begun'}`;
    return new ResponseFormatError('stream_truncated', `the stream ended when ${reason}`);
  }

  /** Text grows frame by frame; it is taken in steps that double. */
  #accountFor(bytes: number): void {
    this.#account.resize(this.#accountedBytes, bytes);
    this.#accountedBytes = bytes;
  }

  #take(reply: SglangReply): ChunkCode {
    const choice = reply.index % this.#inputs.length;
    const input = this.#inputs[choice]!;
    const before = input.tokens.completionTokens || 0;
    const counted = reply.tokens.completionTokens;
    const isRestarted = reply.retractions > input.retractions;
    const grew = input.text.take(reply.text, counted - before, reply.outputIds, counted, isRestarted);
    input.retractions = reply.retractions;
    input.finishReason = reply.finishReason ?? input.finishReason;
    input.tokens = reply.tokens;
    const { length } = input.text.whole;
    if (length > MAX_ANSWER_BYTES) throw answerTooLong();
    if (length > this.#accountedBytes) this.#accountFor(2 * length);
    if (counted === before || !grew) return NO_CHUNK;
    if (!this.#hasChunk) this.#firstChunkTokens = counted;
    this.#hasChunk = true;
    return chunkOf(choice, CONTENT);
  }
}

/** What one input's response says so far. */
interface Progress {
  readonly text: GrowingText;
  finishReason: string | null;
  tokens: ReportedTokens;
  retractions: number;
}
