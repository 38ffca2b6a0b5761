import type { Socket } from 'node:net';
import type { ErrorData } from '../core/model-output.ts';
import { NS_PER_MS, NS_PER_SECOND, type RunClock } from '../core/time.ts';
import type { ConnectStage } from './connect-failure.ts';
import type { ConnectionTimer } from './connection-timer.ts';
import type { Connector } from './connector.ts';
import type { SocketListener } from './socket-listener.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { CANCELLED, CANCELLED_BY_PLAN, CLOSED_UNANSWERED, timedOut } from './failure.ts';
import type { LoopLateness } from './loop-lateness.ts';
import { hasPeerEnded } from './peer-end.ts';
import { CancelTimer, type PlannedCancels } from './planned-cancels.ts';
import type { SampleRecorder } from './sample-recorder.ts';
import type { SentSample } from './waiting-samples.ts';

/** What the connections of a worker share. */
export interface ConnectionTools {
  readonly clock: RunClock;
  readonly recorder: SampleRecorder;
  /** Undefined when lateness is not measured. */
  readonly lateness?: LoopLateness | undefined;
  /** Undefined when no sample is cancelled by plan. */
  readonly plannedCancels?: PlannedCancels | undefined;
  /** Undefined when nobody wants to know how long connections took. */
  readonly connectionTimer?: ConnectionTimer | undefined;
  /** For connecting, for answering, and for the end of a message whose response is complete. */
  readonly connectDeadlines: Deadlines;
  readonly answerDeadlines: Deadlines;
  readonly endingDeadlines: Deadlines;
}

/** Whoever opened the connection. At each call the connection is in the state that follows. */
export interface ConnectionOwner {
  /** It is `idle`, for the first time. */
  onOpen(connection: Connection, nowNs: number): void;
  /** It could not be opened and is `closed`. */
  onConnectFailed(connection: Connection, failure: ErrorData, nowNs: number): void;
  /** Its sample has ended; it is `idle` again, or `closed`. */
  onSampleEnd(connection: Connection, nowNs: number): void;
  /** It was idle and is `closed` now: by the peer, or because it sent what nobody asked for. */
  onIdleClosed(connection: Connection, nowNs: number): void;
  /** The peer had closed it when the request of `sample` arrived, so it never saw that. It is `closed`. */
  onUnseen(connection: Connection, sample: SentSample): void;
  /** The peer closed a connection that was used before, without a byte of an answer to its latest request. */
  onClosedUnanswered(): void;
}

/**
 * `ending`: the sample is over, the message around its response is not. `suspect`: the peer has closed without a byte of an answer, and
 * whether it has seen the request is still to be learned. `doubtful`: it has seen it and closed, and the server may speak TLS.
 */
type ConnectionState = 'connecting' | 'idle' | 'busy' | 'ending' | 'suspect' | 'doubtful' | 'closed';

/** A reset that answers a request comes a round trip after that; connecting took at least one. */
const MIN_RESET_WAIT_MS = 5;
const RESET_WAIT_ROUND_TRIPS = 2;
/** A reset that comes later than this has another cause, such as a proxy that gave up waiting; this thread may be late to see it, too. */
const LATEST_RESET_NS = NS_PER_SECOND;

/**
 * One connection and the sample on it. Reads are stamped before anything else is done with them.
 *
 * It is never used again after the peer closed its end, `Connection: close`, a failed sample, bytes behind the end
 * of a response, a response that came before the request was sent in full, or one whose message did not end in time.
 *
 * A peer may close an idle connection while a request is on its way to it. Its system then answers the request with a reset: it was never
 * seen, and is handed back to be sent again. A peer that read the request and then closed sends no reset, and the sample has failed.
 */
export class Connection implements SocketListener, Timed {
  deadlineNs = 0;
  previous: Timed | undefined;
  next: Timed | undefined;
  /** When it began to connect, and when it last became idle; 0 for never. */
  readonly startedNs: number;
  idleSinceNs = 0;
  readonly #tools: ConnectionTools;
  readonly #owner: ConnectionOwner;
  readonly #exchange: Exchange;
  readonly #connector: Connector;
  readonly #readBuffer: Uint8Array;
  #socket: Socket;
  #state: ConnectionState = 'connecting';
  #hasTcp = false;
  /** From the attempt to the connection, without TLS. */
  #connectNs = NaN;
  /** Of the sample on it. */
  #seq = 0;
  #row = 0;
  #issuedNs = 0;
  #isResent = false;
  #answered = 0;
  #suspicion: NodeJS.Timeout | undefined;
  readonly #cancelTimer: CancelTimer;

  constructor(connector: Connector, exchange: Exchange, tools: ConnectionTools, owner: ConnectionOwner) {
    this.#tools = tools;
    this.#owner = owner;
    this.#exchange = exchange;
    this.#connector = connector;
    this.#readBuffer = connector.readBuffer;
    this.#cancelTimer = new CancelTimer(tools.clock, (nowNs) => {
      if (this.#awaitsAnswer) this.#failSample(CANCELLED_BY_PLAN, nowNs);
    });
    this.startedNs = tools.clock.nowNs();
    this.#socket = connector.connect(this);
    tools.connectDeadlines.start(this, this.startedNs);
  }

  /** The sample on it, or the latest. */
  get seq(): number {
    return this.#seq;
  }

  /** When the response to that was complete; NaN for a sample that has not succeeded. */
  get succeededNs(): number {
    return this.#exchange.succeededNs;
  }

  /** When it last read something of a sample; 0 for never. */
  get lastReadNs(): number {
    return this.#exchange.lastReadNs;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Samples that it has answered, and was free again after. */
  get answered(): number {
    return this.#answered;
  }

  /**
   * Writes the request of a sample that asks for `choices`; the connection must be idle. `issuedNs`: the time right before the bytes are
   * handed to the socket (taken after that, it could be later than the server's own and understate a latency, by as much as this thread was
   * held up), or an earlier one to count from. A `dueNs` of NaN stands for that time.
   *
   * False when the system took not one byte, because the peer had reset a connection that was used or idle before: nothing is recorded, and
   * the connection is `closed`. On one that was opened just now that is a failure of the sample.
   * @hot
   */
  send(
    request: Uint8Array,
    choices: number,
    seq: number,
    row: number,
    dueNs: number,
    issuedNs: number,
  ): boolean {
    this.#isResent = false;
    this.#tools.lateness?.busy(issuedNs);
    if (!this.#write(request, choices, seq, row, issuedNs)) return false;
    this.#tools.recorder.issued(seq, issuedNs, Number.isNaN(dueNs) ? issuedNs : dueNs, row);
    return true;
  }

  /** The same on a new connection for a request that was handed back by {@link ConnectionOwner.onUnseen}, and is not recorded again. */
  resend(request: Uint8Array, choices: number, { seq, row, issuedNs }: SentSample): void {
    this.#isResent = true;
    this.#write(request, choices, seq, row, issuedNs);
  }

  /** The peer has ended it since it became idle, whether or not the event loop has told: see {@link hasPeerEnded}. */
  hasEnded(): boolean {
    return this.idleSinceNs > 0 && hasPeerEnded(this.#socket);
  }

  /** Ends the sample as cancelled, if there is one. */
  cancel(nowNs: number): void {
    if (this.#awaitsAnswer) this.#failSample(CANCELLED, nowNs);
    else if (this.#state === 'ending') this.#endSample(false, nowNs);
  }

  /** Closes without telling the owner; a sample on it is forgotten. */
  close(): void {
    this.#deadlines.stop(this);
    clearTimeout(this.#suspicion);
    this.#cancelTimer.stop();
    this.#state = 'closed';
    this.#socket.destroy();
    this.#exchange.close();
  }

  onTimeout(nowNs: number): void {
    if (this.#state === 'connecting') {
      const { timeoutMs } = this.#tools.connectDeadlines;
      this.#failConnecting(this.#connector.timeoutOf(timeoutMs, this.#stage), nowNs);
    } else if (this.#state === 'ending') this.#endSample(false, nowNs);
    else {
      const { timeoutMs } = this.#tools.answerDeadlines;
      this.#failSample(timedOut(timeoutMs), nowNs);
    }
  }

  onTcp(): void {
    this.#hasTcp = true;
    this.#connectNs = this.#tools.clock.nowNs() - this.startedNs;
  }

  onSocket(socket: Socket): void {
    this.#socket = socket;
  }

  onOpen(): void {
    if (this.#state !== 'connecting') return;
    this.#tools.connectDeadlines.stop(this);
    this.#state = 'idle';
    const nowNs = this.#tools.clock.nowNs();
    if (!this.#hasTcp) this.#connectNs = nowNs - this.startedNs;
    this.#owner.onOpen(this, nowNs);
  }

  /** @hot */
  onRead(length: number): void {
    const nowNs = this.#tools.clock.nowNs();
    this.#tools.lateness?.read(nowNs);
    if (this.#state !== 'busy' && this.#state !== 'ending') {
      this.#closeIdle(nowNs);
      return;
    }
    const outcome = this.#exchange.read(this.#readBuffer, length, nowNs);
    if (outcome === 'on') return;
    if (outcome === 'ending') this.#awaitEnd(nowNs);
    else this.#endSample(outcome === 'free' && this.#socket.writableLength === 0, nowNs);
  }

  onEnd(): void {
    const nowNs = this.#tools.clock.nowNs();
    switch (this.#state) {
      case 'busy':
        if (this.#mayBeUnseen(nowNs)) this.#suspect();
        else this.#endInput(nowNs);
        return;
      case 'ending':
        this.#endSample(false, nowNs);
        return;
      case 'idle':
        this.#closeIdle(nowNs);
        return;
      case 'connecting':
      case 'suspect':
      case 'doubtful':
      case 'closed':
    }
  }

  onError(error: Error): void {
    const nowNs = this.#tools.clock.nowNs();
    switch (this.#state) {
      case 'connecting':
        this.#failConnecting(this.#connector.failureOf(error, this.#stage), nowNs);
        return;
      case 'busy':
        if (this.#mayBeUnseen(nowNs)) this.#handBack();
        else this.#failBroken(this.#connector.breakOf(error), nowNs);
        return;
      case 'ending':
        this.#endSample(false, nowNs);
        return;
      case 'suspect':
        this.#handBack();
        return;
      case 'idle':
        this.#closeIdle(nowNs);
        return;
      case 'doubtful':
      case 'closed':
    }
  }

  /** A server may refuse a request before it has read it: what it said is still to be read, and tells more than the error does. */
  onWriteFailed(): boolean {
    return this.#state === 'busy' || this.#state === 'ending' || this.#state === 'suspect';
  }

  onClose(): void {
    this.onError(new Error('the connection was closed'));
  }

  #failConnecting(failure: ErrorData, nowNs: number): void {
    this.close();
    this.#owner.onConnectFailed(this, failure, nowNs);
  }

  #failSample(failure: ErrorData, nowNs: number): void {
    this.#exchange.fail(failure, nowNs);
    this.#endSample(false, nowNs);
  }

  /** False as {@link send} tells it. */
  #write(request: Uint8Array, choices: number, seq: number, row: number, issuedNs: number): boolean {
    this.#state = 'busy';
    this.#seq = seq;
    this.#row = row;
    this.#issuedNs = issuedNs;
    this.#exchange.begin(seq, choices);
    if (this.#answered === 0) this.#writeFirst(request);
    else this.#socket.write(request);
    // An error there at once is that of the first attempt to write; later ones leave it open how much went out.
    if (this.#socket.errored !== null && this.idleSinceNs > 0) {
      this.close();
      return false;
    }
    this.#tools.answerDeadlines.start(this, issuedNs);
    const { plannedCancels } = this.#tools;
    if (plannedCancels !== undefined) this.#cancelTimer.start(plannedCancels, seq, issuedNs);
    return true;
  }

  #writeFirst(request: Uint8Array): void {
    const { connectionTimer } = this.#tools;
    const startedMs = performance.now();
    this.#socket.write(request, (error) => {
      if (!error) connectionTimer?.add('request_sent', performance.now() - startedMs);
    });
  }

  /** The response is complete; the connection can be used again if its message ends soon. */
  #awaitEnd(nowNs: number): void {
    if (this.#state === 'ending') return;
    this.#tools.answerDeadlines.stop(this);
    this.#state = 'ending';
    this.#tools.endingDeadlines.start(this, nowNs);
  }

  /** Nothing has come back on a connection that the peer may have closed before the request reached it. */
  #mayBeUnseen(nowNs: number): boolean {
    const wasIdle = this.idleSinceNs > 0 && !this.#isResent;
    return wasIdle && !this.#exchange.isAnswered && nowNs - this.#issuedNs < LATEST_RESET_NS;
  }

  #suspect(): void {
    if (this.#wasReset()) {
      this.#handBack();
      return;
    }
    this.#tools.answerDeadlines.stop(this);
    this.#state = 'suspect';
    const waitMs = Math.max(MIN_RESET_WAIT_MS, (RESET_WAIT_ROUND_TRIPS * this.#connectNs) / NS_PER_MS);
    this.#suspicion = setTimeout(() => {
      if (this.#wasReset()) this.#handBack();
      else this.#endInput(this.#tools.clock.nowNs());
    }, waitMs);
  }

  #endInput(nowNs: number): void {
    if (!this.#exchange.isAnswered) {
      if (this.idleSinceNs > 0) this.#owner.onClosedUnanswered();
      this.#failBroken(CLOSED_UNANSWERED, nowNs);
      return;
    }
    this.#exchange.endOfInput(nowNs);
    this.#endSample(false, nowNs);
  }

  /** The sample has failed; when the server never answered a thing, it is told only when it is known whether it speaks TLS. */
  #failBroken(failure: ErrorData, nowNs: number): void {
    const doubt = this.#exchange.isAnswered ? undefined : this.#connector.doubtOf(failure);
    if (!(doubt instanceof Promise)) {
      this.#failSample(doubt ?? failure, nowNs);
      return;
    }
    this.#tools.answerDeadlines.stop(this);
    this.#state = 'doubtful';
    void doubt.then((told) => {
      if (this.#state === 'doubtful') this.#failSample(told, this.#tools.clock.nowNs());
    });
  }

  get #stage(): ConnectStage {
    return this.#hasTcp ? 'tls' : 'tcp';
  }

  get #awaitsAnswer(): boolean {
    return this.#state === 'busy' || this.#state === 'suspect' || this.#state === 'doubtful';
  }

  /** Whether the peer's system has answered the request with a reset: writing nothing at all then fails. */
  #wasReset(): boolean {
    this.#socket.write(NOTHING);
    return this.#socket.errored !== null;
  }

  #handBack(): void {
    const sample = { seq: this.#seq, row: this.#row, issuedNs: this.#issuedNs };
    this.close();
    this.#owner.onUnseen(this, sample);
  }

  get #deadlines(): Deadlines {
    const { connectDeadlines, answerDeadlines, endingDeadlines } = this.#tools;
    if (this.#state === 'connecting') return connectDeadlines;
    return this.#state === 'ending' ? endingDeadlines : answerDeadlines;
  }

  #endSample(isFree: boolean, nowNs: number): void {
    if (this.#exchange.isAnswered) this.#connector.hasAnswered = true;
    if (isFree) {
      this.#deadlines.stop(this);
      this.#answered += 1;
      this.#state = 'idle';
      this.idleSinceNs = nowNs;
    } else this.close();
    this.#owner.onSampleEnd(this, nowNs);
  }

  #closeIdle(nowNs: number): void {
    if (this.#state !== 'idle') return;
    this.close();
    this.#owner.onIdleClosed(this, nowNs);
  }
}

const NOTHING = new Uint8Array(0);
