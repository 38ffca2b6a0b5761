import type { WordView } from '../core/byte-words.ts';
import { mayBeSameModel } from '../core/model-name.ts';
import type { ErrorData } from '../core/model-output.ts';
import { AnswerFlag } from '../events/event-batch.ts';
import {
  type AnswerReader,
  answerTooLong,
  type FinalOutput,
  MAX_ANSWER_BYTES,
  ResponseFormatError,
  type StreamAccumulator,
} from '../protocol/adapter.ts';
import { channelsOfChunk, choiceOfChunk, type ChunkCode, NO_CHUNK } from '../protocol/chunk-code.ts';
import { ContentDecoder } from '../protocol/content-decoder.ts';
import { isBlankMessage, isDoneMessage } from '../protocol/control-message.ts';
import type { FrameParser, FrameSink } from '../protocol/framing.ts';
import { HttpResponseParser } from '../protocol/http-response.ts';
import type { LearnedHead } from '../protocol/learned-head.ts';
import { jsonObjectIn } from '../protocol/json.ts';
import { modelNameIn } from '../protocol/json-field.ts';
import type { MessageParser, MessageSink } from '../protocol/message-parser.ts';
import { ofOtherApi, otherApiOf } from '../protocol/other-api.ts';
import { refuseLooseError, toldFailure } from '../protocol/openai-reply.ts';
import { MemoryAccount } from '../protocol/response-memory.ts';
import { type BodyKind, skipPreamble } from './body-kind.ts';
import { ByteCollector } from './byte-collector.ts';
import {
  ANSWERED_IN_TLS,
  BODY_TRUNCATED,
  CLOSED_UNANSWERED,
  httpStatusFailure,
  SHOWN_BYTES,
  unreadableResponse,
} from './failure.ts';
import type { SampleRecorder } from './sample-recorder.ts';

/**
 * What a read meant to the sample: it goes `on`; it has ended and the connection is `free` for the next, or `spent`; or it has ended, and
 * the end of the message that would free the connection is still to come (`ending`).
 */
export type ReadOutcome = 'on' | 'free' | 'ending' | 'spent';

/** Oddities of a server that fail no sample; counted over all exchanges that share it. */
export interface ProtocolTally {
  /** Messages behind the terminator of their stream. */
  strayMessages: number;
  /** The name in a response that is none of {@link ExchangeTools.models}. */
  otherModel: string | undefined;
}

/** A header of responses that later requests repeat. */
export interface KeptHeader {
  /** In lower case. */
  readonly header: string;
  readonly onValue: (seq: number, value: string) => void;
}

/** What the exchanges with one endpoint share; the more of it, the less each read has to fetch from memory. */
export interface ExchangeTools {
  readonly reader: AnswerReader;
  readonly recorder: SampleRecorder;
  readonly head: LearnedHead;
  readonly words: WordView;
  /** Requests ask for a stream. */
  readonly streaming: boolean;
  /** What they request, for the message of a server that has no such thing. */
  readonly target?: string | undefined;
  readonly tally: ProtocolTally;
  /** Names of the models that are requested; undefined where responses name none. */
  readonly models?: readonly string[] | undefined;
  /** Told of each successful response before it is recorded, where later requests repeat it. One it has no room for has failed. */
  readonly onResponse?: ((seq: number, final: FinalOutput) => void) | undefined;
  /** A header of successful responses whose value is handed on. */
  readonly kept?: KeptHeader | undefined;
  /** Of all responses of the process; see `createResponseMemory`. */
  readonly responseMemory?: SharedArrayBuffer | undefined;
}

/**
 * The response to one sample at a time, on one connection or stream, from its first byte to the record of its end. Reused from sample
 * to sample; a chunk costs no allocation.
 *
 * Every stamp is that of the read that brought the bytes. A stream is complete at its terminator, whatever becomes of the HTTP message
 * around it; one without a terminator at the end of its message, if it is complete by the rules of the API.
 */
export class Exchange implements MessageSink, FrameSink {
  readonly #tools: ExchangeTools;
  readonly #recorder: SampleRecorder;
  readonly #parser: MessageParser;
  /** What this connection's responses hold. */
  readonly #account: MemoryAccount;
  readonly #body: ByteCollector;
  #bodyBytes = 0;
  readonly #errorBody = new ByteCollector(SHOWN_BYTES);
  #frames: FrameParser | undefined;
  #answer: StreamAccumulator | undefined;
  #decoder: ContentDecoder | undefined;
  #seq = 0;
  #choices = 1;
  #readNs = 0;
  #bodyKind: BodyKind = 'unknown';
  #isAnswered = false;
  #hasEnded = false;
  /** The terminator of the stream was seen. */
  #isStreamDone = false;
  #isRecorded = false;
  /** When the sample was recorded as succeeded; NaN until then. */
  #succeededNs = NaN;
  #failure: ErrorData | undefined;
  #hasChunk = false;
  /** The first response of the connection has begun. */
  #hasLooked = false;
  /** Bit n: channel n was opened. */
  #channels = 0;

  /** `createParser`: of what the server sends; default: of HTTP/1.1. */
  constructor(tools: ExchangeTools, createParser?: (sink: MessageSink) => MessageParser) {
    this.#tools = tools;
    this.#recorder = tools.recorder;
    this.#account = new MemoryAccount(tools.responseMemory);
    this.#body = new ByteCollector(Infinity, this.#account);
    this.#parser = createParser?.(this) ?? new HttpResponseParser(this, tools.head, tools.kept?.header);
  }

  /**
   * The request of sample `seq` goes out; what is read from now on answers it. `choices`: how many it asks for.
   * @hot
   */
  begin(seq: number, choices: number): void {
    this.#seq = seq;
    this.#choices = choices;
    this.#bodyKind = 'unknown';
    this.#isAnswered = false;
    this.#hasEnded = false;
    this.#isStreamDone = false;
    this.#isRecorded = false;
    this.#succeededNs = NaN;
    this.#failure = undefined;
    this.#errorBody.reset();
    this.#hasChunk = false;
    this.#channels = 0;
    this.#decoder = undefined;
  }

  /** Whether a byte of the response has come. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** When it last read something, of any sample; 0 for never. */
  get lastReadNs(): number {
    return this.#readNs;
  }

  /** When the response was complete, ns since the run's origin; NaN for a sample that has not succeeded. */
  get succeededNs(): number {
    return this.#succeededNs;
  }

  /**
   * Takes the bytes of a read, which are only looked at during the call.
   * @hot
   */
  read(buffer: Uint8Array, length: number, readNs: number): ReadOutcome {
    this.#readNs = readNs;
    this.#isAnswered = true;
    let used = 0;
    try {
      used = this.#parser.feed(buffer, 0, length);
    } catch (error) {
      this.#failure ??= this.#isFailureStatus ? this.#statusFailure() : unreadableResponse(error);
    }
    if (this.#failure === undefined && !this.#hasEnded && !this.#isStreamDone) {
      if (this.#bodyKind === 'whole') this.#settleBody();
      else if (this.#bodyKind === 'error') this.#errorBody.settle();
      if (this.#failure === undefined) return 'on';
    }
    if (!this.#isRecorded) this.#recordEnd();
    if (!this.#hasEnded) return this.#failure === undefined ? 'ending' : 'spent';
    return used === length && this.#parser.keepAlive ? 'free' : 'spent';
  }

  /** The peer has closed its end: the sample ends in one way or another. */
  endOfInput(atNs: number): void {
    this.#readNs = atNs;
    switch (this.#parser.finish()) {
      case 'idle':
        this.#failure ??= CLOSED_UNANSWERED;
        break;
      case 'tls':
        this.#failure = ANSWERED_IN_TLS;
        break;
      case 'truncated':
        this.#failure ??= this.#isFailureStatus ? this.#statusFailure() : BODY_TRUNCATED;
        break;
      case 'complete':
    }
    this.#recordEnd();
  }

  /** The sample ends for a reason outside the response. A status of failure that has come says more than the reason does. */
  fail(failure: ErrorData, atNs: number): void {
    this.#recorder.failed(this.#seq, atNs, this.#bodyKind === 'error' ? this.#statusFailure() : failure);
  }

  /** The connection is closed: gives back the memory of its responses. */
  close(): void {
    this.#account.release();
  }

  onHead(status: number): void {
    if (status < 200 || status > 299) {
      this.#bodyKind = 'error';
      this.#bodyBytes = 0;
    }
    const { kept } = this.#tools;
    if (kept !== undefined && this.#bodyKind !== 'error' && this.#parser.kept !== undefined) {
      kept.onValue(this.#seq, this.#parser.kept);
    }
    const { contentCoding } = this.#parser;
    if (contentCoding === undefined) return;
    this.#decoder = new ContentDecoder(contentCoding, (bytes) => this.#takeBytes(bytes, 0, bytes.length));
  }

  /** @hot */
  onBody(buffer: Uint8Array, start: number, end: number): void {
    if (this.#decoder === undefined) this.#takeBytes(buffer, start, end);
    else this.#decode(this.#decoder, buffer.subarray(start, end));
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (this.#decoder !== undefined) this.#decode(this.#decoder, undefined);
  }

  /** @hot */
  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): void {
    if (this.#failure !== undefined) return;
    if (this.#isStreamDone) {
      this.#takeStray(buffer, start, end);
      return;
    }
    const answer = this.#answer!;
    let chunk = NO_CHUNK;
    try {
      chunk = answer.onMessage(buffer, start, end, isNamed);
    } catch (error) {
      this.#failure = unreadableResponse(error);
    }
    if (chunk === NO_CHUNK) {
      this.#isStreamDone = answer.isDone;
      return;
    }
    this.#recordChunk(chunk);
    const { moreChunks } = answer;
    if (moreChunks.length === 0) return;
    for (const more of moreChunks) if (more !== NO_CHUNK) this.#recordChunk(more);
    this.#isStreamDone = answer.isDone;
  }

  onFailure(buffer: Uint8Array, start: number, end: number): void {
    if (this.#isStreamDone) this.#tools.tally.strayMessages += 1;
    else this.#failure ??= unreadableResponse(toldFailure(buffer, start, end));
  }

  onLooseData(buffer: Uint8Array, start: number, end: number): void {
    if (this.#failure !== undefined || this.#isStreamDone) return;
    try {
      this.#answer!.onLooseData(buffer, start, end);
      this.#isStreamDone = this.#answer!.isDone;
    } catch (error) {
      this.#failure = unreadableResponse(error);
    }
  }

  /** A status of failure has come, whatever else of its response can be read. */
  get #isFailureStatus(): boolean {
    return this.#parser.status >= 300;
  }

  #decode(decoder: ContentDecoder, bytes: Uint8Array | undefined): void {
    if (this.#failure !== undefined) return;
    try {
      if (bytes === undefined) decoder.end();
      else decoder.write(bytes);
    } catch (error) {
      // The body of a failed request only adds to its message.
      if (this.#bodyKind !== 'error' && !this.#isStreamDone) this.#failure = unreadableResponse(error);
    }
  }

  /** Takes the next bytes of the body, decompressed. @hot */
  #takeBytes(buffer: Uint8Array, start: number, end: number): void {
    let from = start;
    if (this.#bodyKind === 'unknown') {
      if (this.#tools.reader.framing.isBinary !== true) from = skipPreamble(buffer, start, end);
      if (from === end) return;
      this.#open(this.#isStream(buffer, from, end) ? 'stream' : 'whole');
      if (!this.#hasLooked) this.#lookForModel(buffer, from, end);
    }
    if (this.#bodyKind === 'error') this.#takeErrorBody(buffer, from, end);
    else if (this.#bodyKind === 'whole') this.#takeBody(buffer, from, end);
    else if (this.#failure === undefined) this.#feedStream(buffer, from, end);
  }

  /** Looks once a connection, at what came first of its first response: every server behind an address is seen, at no cost to the others. */
  #lookForModel(buffer: Uint8Array, start: number, end: number): void {
    this.#hasLooked = true;
    const { models, tally } = this.#tools;
    if (models === undefined || tally.otherModel !== undefined) return;
    const name = modelNameIn(buffer, start, end);
    if (name === undefined || models.some((model) => mayBeSameModel(model, name))) return;
    tally.otherModel = name;
  }

  #isStream(buffer: Uint8Array, start: number, end: number): boolean {
    const { reader, streaming } = this.#tools;
    return reader.framing.isStream(buffer, start, end, this.#parser.isEventStream, streaming);
  }

  #feedStream(buffer: Uint8Array, start: number, end: number): void {
    try {
      this.#frames!.feed(buffer, start, end);
    } catch (error) {
      this.#failure ??= unreadableResponse(error);
    }
  }

  #recordChunk(chunk: ChunkCode): void {
    const channels = channelsOfChunk(chunk);
    const opened = channels & ~this.#channels;
    this.#recorder.chunk(this.#seq, this.#readNs, !this.#hasChunk, choiceOfChunk(chunk), opened);
    this.#channels |= channels;
    this.#hasChunk = true;
  }

  /** A message behind the terminator belongs to no response. */
  #takeStray(buffer: Uint8Array, start: number, end: number): void {
    if (isBlankMessage(buffer, start, end) || isDoneMessage(buffer, start, end)) return;
    this.#tools.tally.strayMessages += 1;
  }

  #open(kind: BodyKind): void {
    this.#bodyKind = kind;
    if (kind === 'stream') {
      const { reader, words } = this.#tools;
      this.#frames ??= reader.framing.createParser(this, words, this.#account);
      this.#answer ??= reader.createAccumulator(this.#account);
      this.#frames.reset();
      this.#answer.reset(this.#choices);
    } else {
      this.#body.reset();
      this.#bodyBytes = 0;
    }
  }

  #takeBody(buffer: Uint8Array, start: number, end: number): void {
    if (this.#failure !== undefined) return;
    this.#bodyBytes += end - start;
    try {
      if (this.#bodyBytes > MAX_ANSWER_BYTES) throw answerTooLong();
      this.#body.add(buffer, start, end);
    } catch (error) {
      this.#failure = unreadableResponse(error);
    }
  }

  #settleBody(): void {
    try {
      this.#body.settle();
    } catch (error) {
      this.#failure = unreadableResponse(error);
    }
  }

  /** What a server says of a failure ends by itself soon; one that goes on without end is cut off, and the failure is still its status. */
  #takeErrorBody(buffer: Uint8Array, start: number, end: number): void {
    this.#bodyBytes += end - start;
    if (this.#bodyBytes <= MAX_ERROR_BODY_BYTES) this.#errorBody.add(buffer, start, end);
    else this.#failure ??= this.#statusFailure();
  }

  #recordEnd(): void {
    this.#isRecorded = true;
    if (this.#failure === undefined) this.#recordAnswer();
    if (this.#failure !== undefined) this.#recorder.failed(this.#seq, this.#readNs, this.#failure);
  }

  /** Records the answer that the ended message held, or notes the failure it is. */
  #recordAnswer(): void {
    // A body of no bytes is a stream without a terminator where one was announced.
    if (this.#bodyKind === 'unknown') this.#open(this.#parser.isEventStream ? 'stream' : 'whole');
    if (this.#bodyKind === 'error') this.#failure = this.#statusFailure();
    else if (this.#bodyKind === 'stream') this.#recordStream(this.#frames!, this.#answer!);
    else this.#recordBody();
  }

  #recordBody(): void {
    const body = this.#body;
    try {
      body.join();
    } catch (error) {
      this.#failure = unreadableResponse(error);
      return;
    }
    const { buffer, start, end } = body;
    try {
      const final = this.#tools.reader.readBody(buffer, start, end, this.#choices);
      const unstreamed = this.#tools.streaming ? AnswerFlag.unstreamed : 0;
      this.#recordSuccess(final, unstreamed);
    } catch (error) {
      this.#failure = unreadableResponse(errorOnFirstLine(buffer, start, end) ?? error);
    }
  }

  #recordStream(frames: FrameParser, answer: StreamAccumulator): void {
    try {
      if (!this.#isStreamDone) frames.finish();
    } catch (error) {
      this.#failure ??= unreadableResponse(error);
    }
    if (this.#failure !== undefined) return;
    const incompleteness = answer.incompleteness();
    if (incompleteness === undefined) this.#recordSuccess(answer.answer(), 0);
    else this.#failure = unreadableResponse(incompleteness);
  }

  #recordSuccess(final: FinalOutput, flags: number): void {
    try {
      this.#tools.onResponse?.(this.#seq, final);
    } catch (error) {
      this.#failure = unreadableResponse(error);
      return;
    }
    this.#recorder.completed(this.#seq, this.#readNs, final, flags);
    this.#succeededNs = this.#readNs;
  }

  #statusFailure(): ErrorData {
    const { status, retryAfter, location } = this.#parser;
    const { target } = this.#tools;
    return httpStatusFailure(status, this.#errorBody.bytes(), { retryAfter, location, target });
  }
}

/** Bytes of the body of a failed response, decompressed, that are read before its connection is closed. */
export const MAX_ERROR_BODY_BYTES = 2 ** 20;

const LF = 10;

/** A stream may begin with an error, or with a message of another API, on a line of its own, which looks like a body. */
function errorOnFirstLine(buffer: Uint8Array, start: number, end: number): ResponseFormatError | undefined {
  const lineEnd = buffer.subarray(start, end).indexOf(LF);
  if (lineEnd < 0) return undefined;
  try {
    refuseLooseError(buffer, start, start + lineEnd);
    // Ollama streams JSON lines, which another API's reader takes for a body.
    const other = otherApiOf(jsonObjectIn(buffer, start, start + lineEnd) ?? {});
    if (other !== undefined) return ofOtherApi(other);
  } catch (error) {
    if (error instanceof ResponseFormatError) return error;
    throw error;
  }
  return undefined;
}
