import type { ClientHttp2Stream } from 'node:http2';
import type { ErrorData } from '../../core/model-output.ts';
import { Http2Response } from '../../protocol/http2-response.ts';
import type { Http2Request } from '../../protocol/http2-request.ts';
import type { ConnectionTools } from '../connection.ts';
import type { Timed } from '../deadlines.ts';
import { Exchange, type ExchangeTools, type ReadOutcome } from '../exchange.ts';
import { CANCELLED, CANCELLED_BY_PLAN, timedOut } from '../failure.ts';
import { CancelTimer } from '../planned-cancels.ts';
import type { SentSample } from '../waiting-samples.ts';
import { sessionBroke, sessionEnded, streamReset } from './http2-failure.ts';
import type { SampleSession } from './sample-session.ts';

/** Whoever sends samples on streams. At each call the stream is idle again. */
export interface StreamOwner {
  /** Its sample has ended. */
  onSampleEnd(stream: SampleStream, nowNs: number): void;
  /** The server did not take its request, and said so: it can be sent again. */
  onUnseen(stream: SampleStream, sample: SentSample): void;
}

const NO_ERROR = 0;
const CANCEL = 8;
/** Of node:http2, for a stream that ends with a code; others are about the session. */
const CODED_ERRORS: ReadonlySet<string | undefined> = new Set([
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_SESSION_ERROR',
]);
const NOTHING = new Uint8Array(0);

/** `ending`: the sample is over, the message around its response is not. */
type StreamState = 'idle' | 'busy' | 'ending';

/**
 * The stream of one sample; reused from sample to sample. Stamps are taken first thing when node:http2 hands over what it has read: it has
 * taken the frames apart by then, and those of other streams that came before in the same read have been handled.
 */
export class SampleStream implements Timed {
  deadlineNs = 0;
  previous: Timed | undefined;
  next: Timed | undefined;
  readonly #tools: ConnectionTools;
  readonly #owner: StreamOwner;
  readonly #exchange: Exchange;
  readonly #response: Http2Response;
  readonly #cancelTimer: CancelTimer;
  #session: SampleSession | undefined;
  #stream: ClientHttp2Stream | undefined;
  #state: StreamState = 'idle';
  /** Of the sample on it, or the latest. */
  #seq = 0;
  #row = 0;
  #issuedNs = 0;
  #isResent = false;

  constructor(exchangeTools: ExchangeTools, tools: ConnectionTools, owner: StreamOwner) {
    let response: Http2Response | undefined;
    this.#tools = tools;
    this.#owner = owner;
    this.#exchange = new Exchange(
      exchangeTools,
      (sink) => (response = new Http2Response(sink, exchangeTools.kept?.header)),
    );
    this.#response = response!;
    this.#cancelTimer = new CancelTimer(tools.clock, (nowNs) => {
      if (this.#state === 'busy') this.#fail(CANCELLED_BY_PLAN, nowNs);
    });
  }

  get seq(): number {
    return this.#seq;
  }

  /** When the response was complete; NaN for a sample that has not succeeded. */
  get succeededNs(): number {
    return this.#exchange.succeededNs;
  }

  /** The session that its sample is on, or was. */
  get session(): SampleSession {
    return this.#session!;
  }

  /**
   * Hands the request of a sample that asks for `choices` to the session, which must have room. `issuedNs`: the time right before that, or an
   * earlier one to count from.
   */
  send(
    session: SampleSession,
    request: Http2Request,
    choices: number,
    { seq, row, issuedNs }: SentSample,
    isResent: boolean,
  ): void {
    const { headers, body } = request;
    this.#session = session;
    this.#seq = seq;
    this.#row = row;
    this.#issuedNs = issuedNs;
    this.#isResent = isResent;
    this.#state = 'busy';
    this.#response.reset();
    this.#exchange.begin(seq, choices);
    const { isUnused } = session;
    const startedMs = performance.now();
    const stream = session.open(headers, body.length === 0, this);
    this.#stream = stream;
    if (body.length > 0) stream.end(body);
    if (isUnused) {
      stream.once('finish', () =>
        this.#tools.connectionTimer?.add('request_sent', performance.now() - startedMs),
      );
    }
    this.#listen(stream);
    this.#tools.answerDeadlines.start(this, issuedNs);
    const { plannedCancels } = this.#tools;
    if (plannedCancels !== undefined) this.#cancelTimer.start(plannedCancels, seq, issuedNs);
  }

  /** When it last read something of a sample; 0 for never. */
  get lastReadNs(): number {
    return this.#exchange.lastReadNs;
  }

  /** Ends the sample as cancelled, if there is one. */
  cancel(nowNs: number): void {
    if (this.#state === 'busy') this.#fail(CANCELLED, nowNs);
    else if (this.#state === 'ending') this.#end(nowNs);
  }

  /** Forgets the sample on it, and is of no use any more. */
  close(): void {
    this.#stopTimers();
    this.#cancelTimer.stop();
    this.#reset();
    this.#state = 'idle';
    this.#exchange.close();
  }

  onTimeout(nowNs: number): void {
    if (this.#state === 'ending') this.#end(nowNs);
    else this.#fail(timedOut(this.#tools.answerDeadlines.timeoutMs), nowNs);
  }

  /** The session is over. `failure`: why, where it broke. */
  onSessionClosed(failure: ErrorData | undefined, nowNs: number): void {
    this.#stream = undefined;
    if (this.#state === 'ending') this.#end(nowNs);
    else if (this.#state === 'busy' && failure !== undefined) this.#fail(failure, nowNs);
    else if (this.#state === 'busy') {
      this.#exchange.endOfInput(nowNs);
      this.#end(nowNs);
    }
  }

  /** What is told of a stream that was given up meanwhile is passed over. */
  #listen(stream: ClientHttp2Stream): void {
    const { clock, lateness } = this.#tools;
    stream.on('response', (headers) => {
      const nowNs = clock.nowNs();
      if (this.#stream !== stream) return;
      lateness?.read(nowNs);
      this.#response.takeHead(headers[':status'] ?? 0, headers);
      this.#take(NOTHING, nowNs);
    });
    stream.on('data', (bytes: Buffer) => {
      const nowNs = clock.nowNs();
      if (this.#stream !== stream) return;
      lateness?.read(nowNs);
      this.#take(bytes, nowNs);
    });
    stream.on('end', () => {
      if (this.#stream !== stream) return;
      if (stream.rstCode === NO_ERROR) this.#onMessageEnd(stream, clock.nowNs());
      else this.#onReset(stream.rstCode, stream.id, clock.nowNs());
    });
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#stream !== stream) return;
      if (CODED_ERRORS.has(error.code)) this.#onReset(stream.rstCode, stream.id, clock.nowNs());
      else this.onSessionClosed(sessionBroke(error), clock.nowNs());
    });
    stream.on('close', () => {
      if (this.#stream === stream) this.#onReset(stream.rstCode, stream.id, clock.nowNs());
    });
  }

  #onMessageEnd(stream: ClientHttp2Stream, nowNs: number): void {
    // A server that answers before it has read the request does not want the rest.
    if (!stream.writableFinished) stream.close(CANCEL);
    this.#stream = undefined;
    this.#response.end();
    this.#take(NOTHING, nowNs);
  }

  #take(bytes: Uint8Array, nowNs: number): void {
    const outcome: ReadOutcome = this.#exchange.read(bytes, bytes.length, nowNs);
    if (outcome === 'on') return;
    if (outcome === 'ending') this.#awaitEnd(nowNs);
    else this.#end(nowNs);
  }

  /** The response is complete; its message should end soon. */
  #awaitEnd(nowNs: number): void {
    if (this.#state === 'ending') return;
    this.#tools.answerDeadlines.stop(this);
    this.#state = 'ending';
    this.#tools.endingDeadlines.start(this, nowNs);
  }

  #onReset(code: number, streamId: number | undefined, nowNs: number): void {
    this.#stream = undefined;
    if (this.#state === 'ending') {
      this.#end(nowNs);
      return;
    }
    const { goaway } = this.session;
    const isAbove = goaway !== undefined && streamId !== undefined && streamId > goaway.lastStreamId;
    if (isAbove && !this.#exchange.isAnswered && !this.#isResent) this.#handBack();
    else {
      const endsSession = goaway !== undefined && goaway.code !== NO_ERROR && goaway.code === code;
      this.#fail(endsSession ? sessionEnded(code) : streamReset(code), nowNs);
    }
  }

  #handBack(): void {
    this.#stopTimers();
    this.#state = 'idle';
    this.session.onStreamEnd(this);
    this.#owner.onUnseen(this, { seq: this.#seq, row: this.#row, issuedNs: this.#issuedNs });
  }

  #fail(failure: ErrorData, nowNs: number): void {
    this.#exchange.fail(failure, nowNs);
    this.#end(nowNs);
  }

  #end(nowNs: number): void {
    this.#stopTimers();
    this.#reset();
    this.#state = 'idle';
    this.session.onStreamEnd(this);
    this.#owner.onSampleEnd(this, nowNs);
  }

  /** A stream that goes on is reset, so that the server need not go on either. */
  #reset(): void {
    this.#stream?.close(CANCEL);
    this.#stream = undefined;
  }

  #stopTimers(): void {
    const { answerDeadlines, endingDeadlines } = this.#tools;
    (this.#state === 'ending' ? endingDeadlines : answerDeadlines).stop(this);
  }
}
