import type { WordView } from '../core/byte-words.ts';
import type { ErrorData } from '../core/model-output.ts';
import {
  type AnswerReader,
  answerTooLong,
  MAX_ANSWER_BYTES,
  NO_CHUNK,
  type StreamAccumulator,
} from '../protocol/adapter.ts';
import { HttpResponseParser, type HttpResponseSink } from '../protocol/http-response.ts';
import type { LearnedHead } from '../protocol/learned-head.ts';
import { SseParser, type SseSink } from '../protocol/sse.ts';
import { ByteCollector } from './byte-collector.ts';
import {
  BODY_TRUNCATED,
  CLOSED_UNANSWERED,
  httpStatusFailure,
  SHOWN_BYTES,
  STREAM_TRUNCATED,
  unreadableResponse,
} from './failure.ts';
import { NO_CHANNEL, type SampleRecorder } from './sample-recorder.ts';

/**
 * What a read meant to the sample: it goes `on`; it has ended and the connection is `free` for the next; it has ended and the
 * connection is `spent`.
 */
export type ReadOutcome = 'on' | 'free' | 'spent';

/** What the exchanges with one endpoint share; the more of it, the less each read has to fetch from memory. */
export interface ExchangeTools {
  readonly reader: AnswerReader;
  readonly recorder: SampleRecorder;
  readonly head: LearnedHead;
  readonly words: WordView;
}

/** How the body of a response is read. */
type BodyKind = 'unknown' | 'error' | 'whole' | 'stream';

/** How an event stream begins that does not say what it is. */
const DATA_FIELD = [...'data:'].map((letter) => letter.charCodeAt(0));

/**
 * The response to one sample at a time on one connection, from its first byte to the record of its end. Reused from sample
 * to sample; a chunk costs no allocation.
 *
 * Every stamp is that of the read that brought the bytes. A stream is complete when its message ends (HTTP), not at its terminator; without
 * a terminator it is an error.
 */
export class Exchange implements HttpResponseSink, SseSink {
  readonly #tools: ExchangeTools;
  readonly #recorder: SampleRecorder;
  readonly #parser: HttpResponseParser;
  readonly #body = new ByteCollector();
  #bodyBytes = 0;
  readonly #errorBody = new ByteCollector(SHOWN_BYTES);
  #sse: SseParser | undefined;
  #answer: StreamAccumulator | undefined;
  #seq = 0;
  #readNs = 0;
  #bodyKind: BodyKind = 'unknown';
  #hasEnded = false;
  #failure: ErrorData | undefined;
  #hasChunk = false;
  /** Bit n: channel n was opened. */
  #channels = 0;

  constructor(tools: ExchangeTools) {
    this.#tools = tools;
    this.#recorder = tools.recorder;
    this.#parser = new HttpResponseParser(this, tools.head);
  }

  /**
   * The request of sample `seq` goes out; what is read from now on answers it.
   * @hot
   */
  begin(seq: number): void {
    this.#seq = seq;
    this.#bodyKind = 'unknown';
    this.#hasEnded = false;
    this.#failure = undefined;
    this.#hasChunk = false;
    this.#channels = 0;
  }

  /**
   * Takes the bytes of a read, which are only looked at during the call.
   * @hot
   */
  read(buffer: Uint8Array, length: number, readNs: number): ReadOutcome {
    this.#readNs = readNs;
    let used = 0;
    try {
      used = this.#parser.feed(buffer, 0, length);
    } catch (error) {
      this.#failure ??= unreadableResponse(error);
    }
    if (this.#failure === undefined && !this.#hasEnded) {
      if (this.#bodyKind === 'whole') this.#body.settle();
      else if (this.#bodyKind === 'error') this.#errorBody.settle();
      return 'on';
    }
    this.#recordEnd();
    return this.#hasEnded && used === length && this.#parser.keepAlive ? 'free' : 'spent';
  }

  /** The peer has closed its end: the sample ends in one way or another. */
  endOfInput(atNs: number): void {
    this.#readNs = atNs;
    switch (this.#parser.finish()) {
      case 'idle':
        this.#failure ??= CLOSED_UNANSWERED;
        break;
      case 'truncated':
        this.#failure ??= this.#bodyKind === 'error' ? this.#statusFailure() : BODY_TRUNCATED;
        break;
      case 'complete':
    }
    this.#recordEnd();
  }

  /** The sample ends for a reason outside the response. */
  fail(failure: ErrorData, atNs: number): void {
    this.#recorder.failed(this.#seq, atNs, failure);
  }

  onHead(status: number): void {
    if (status < 200 || status > 299) {
      this.#bodyKind = 'error';
      this.#errorBody.reset();
    } else if (this.#parser.isEventStream) this.#openStream();
  }

  /** @hot */
  onBody(buffer: Uint8Array, start: number, end: number): void {
    if (this.#bodyKind === 'unknown') {
      if (beginsLikeStream(buffer, start, end)) this.#openStream();
      else this.#openBody();
    }
    if (this.#bodyKind === 'error') this.#errorBody.add(buffer, start, end);
    else if (this.#bodyKind === 'whole') this.#takeBody(buffer, start, end);
    else if (this.#failure === undefined) this.#sse!.feed(buffer, start, end);
  }

  onEnd(): void {
    this.#hasEnded = true;
  }

  /** @hot */
  onMessage(buffer: Uint8Array, start: number, end: number): void {
    if (this.#failure !== undefined) return;
    let chunk = NO_CHUNK;
    try {
      chunk = this.#answer!.onMessage(buffer, start, end);
    } catch (error) {
      this.#failure = unreadableResponse(error);
    }
    if (chunk === NO_CHUNK) return;
    const channel = chunk - 1;
    const isOpen = (this.#channels & (1 << channel)) !== 0;
    this.#recorder.chunk(this.#seq, this.#readNs, !this.#hasChunk, isOpen ? NO_CHANNEL : channel);
    this.#channels |= 1 << channel;
    this.#hasChunk = true;
  }

  #openStream(): void {
    this.#bodyKind = 'stream';
    this.#sse ??= new SseParser(this, this.#tools.words);
    this.#answer ??= this.#tools.reader.createAccumulator();
    this.#sse.reset();
    this.#answer.reset();
  }

  #openBody(): void {
    this.#bodyKind = 'whole';
    this.#body.reset();
    this.#bodyBytes = 0;
  }

  #takeBody(buffer: Uint8Array, start: number, end: number): void {
    this.#bodyBytes += end - start;
    if (this.#bodyBytes <= MAX_ANSWER_BYTES) this.#body.add(buffer, start, end);
    else this.#failure ??= unreadableResponse(answerTooLong());
  }

  #recordEnd(): void {
    if (this.#failure === undefined) this.#recordAnswer();
    if (this.#failure !== undefined) this.#recorder.failed(this.#seq, this.#readNs, this.#failure);
  }

  /** Records the answer that the ended message held, or notes the failure it is. */
  #recordAnswer(): void {
    if (this.#bodyKind === 'error') this.#failure = this.#statusFailure();
    else if (this.#bodyKind === 'stream') this.#recordStream(this.#sse!, this.#answer!);
    else this.#recordBody();
  }

  #recordBody(): void {
    if (this.#bodyKind === 'unknown') this.#openBody();
    try {
      this.#body.join();
      const { buffer, start, end } = this.#body;
      const final = this.#tools.reader.readBody(buffer, start, end);
      this.#recorder.completed(this.#seq, this.#readNs, final);
    } catch (error) {
      this.#failure = unreadableResponse(error);
    }
  }

  #recordStream(sse: SseParser, answer: StreamAccumulator): void {
    sse.finish();
    if (this.#failure !== undefined) return;
    if (answer.terminated) this.#recorder.completed(this.#seq, this.#readNs, answer.finish());
    else this.#failure = STREAM_TRUNCATED;
  }

  #statusFailure(): ErrorData {
    return httpStatusFailure(this.#parser.status, this.#errorBody.bytes());
  }
}

/** Of a beginning shorter than the field name, that is as far as it goes. */
function beginsLikeStream(buffer: Uint8Array, start: number, end: number): boolean {
  return DATA_FIELD.every((byte, index) => start + index >= end || buffer[start + index] === byte);
}
