import type { Socket } from 'node:net';
import type { ErrorData } from '../core/model-output.ts';
import type { RunClock } from '../core/time.ts';
import type { Connector, SocketListener } from './connector.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { brokenConnection, CANCELLED, connectFailure, connectTimedOut, timedOut } from './failure.ts';
import type { LoopLateness } from './loop-lateness.ts';
import type { SampleRecorder } from './sample-recorder.ts';

/** What the connections of a worker share. */
export interface ConnectionTools {
  readonly clock: RunClock;
  readonly recorder: SampleRecorder;
  /** Undefined when lateness is not measured. */
  readonly lateness?: LoopLateness | undefined;
  /** For connecting, and for answering. */
  readonly connectDeadlines: Deadlines;
  readonly answerDeadlines: Deadlines;
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
  onIdleClosed(connection: Connection): void;
}

type ConnectionState = 'connecting' | 'idle' | 'busy' | 'closed';

/**
 * One connection and the sample on it. Reads are stamped before anything else is done with them.
 *
 * It is never used again after the peer closed its end, `Connection: close`, a failed sample, bytes behind the end
 * of a response, or a response that came before the request was sent in full.
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
  readonly #readBuffer: Uint8Array;
  readonly #socket: Socket;
  #state: ConnectionState = 'connecting';
  #hasTcp = false;

  constructor(connector: Connector, exchange: Exchange, tools: ConnectionTools, owner: ConnectionOwner) {
    this.#tools = tools;
    this.#owner = owner;
    this.#exchange = exchange;
    this.#readBuffer = connector.readBuffer;
    this.startedNs = tools.clock.nowNs();
    this.#socket = connector.connect(this);
    tools.connectDeadlines.start(this, this.startedNs);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Writes the request of a sample; the connection must be idle. `issuedNs`: the time right before the bytes are handed to the
   * socket (taken after that, it could be later than the server's own and understate a latency, by as much as this thread was
   * held up), or an earlier one to count from. A `dueNs` of NaN stands for that time.
   *
   * False when the system took not one byte, because the peer had reset a connection that was used or idle before: nothing is recorded, and
   * the connection is `closed`. On one that was opened just now that is a failure of the sample.
   * @hot
   */
  send(request: Uint8Array, seq: number, row: number, dueNs: number, issuedNs: number): boolean {
    this.#state = 'busy';
    this.#tools.lateness?.busy(issuedNs);
    this.#exchange.begin(seq);
    this.#socket.write(request);
    // An error there at once is that of the first attempt to write; later ones leave it open how much went out.
    if (this.#socket.errored !== null && this.idleSinceNs > 0) {
      this.close();
      return false;
    }
    this.#tools.recorder.issued(seq, issuedNs, Number.isNaN(dueNs) ? issuedNs : dueNs, row);
    this.#tools.answerDeadlines.start(this, issuedNs);
    return true;
  }

  /** Ends the sample as cancelled, if there is one. */
  cancel(nowNs: number): void {
    if (this.#state === 'busy') this.#failSample(CANCELLED, nowNs);
  }

  /** Closes without telling the owner; a sample on it is forgotten. */
  close(): void {
    const { connectDeadlines, answerDeadlines } = this.#tools;
    (this.#state === 'connecting' ? connectDeadlines : answerDeadlines).stop(this);
    this.#state = 'closed';
    this.#socket.destroy();
  }

  onTimeout(nowNs: number): void {
    if (this.#state === 'connecting') {
      this.#failConnecting(connectTimedOut(this.#tools.connectDeadlines.timeoutMs), nowNs);
    } else {
      const { timeoutMs } = this.#tools.answerDeadlines;
      this.#failSample(timedOut(timeoutMs), nowNs);
    }
  }

  onTcp(): void {
    this.#hasTcp = true;
  }

  onOpen(): void {
    if (this.#state !== 'connecting') return;
    this.#tools.connectDeadlines.stop(this);
    this.#state = 'idle';
    this.#owner.onOpen(this, this.#tools.clock.nowNs());
  }

  /** @hot */
  onRead(length: number): void {
    const nowNs = this.#tools.clock.nowNs();
    this.#tools.lateness?.read(nowNs);
    if (this.#state !== 'busy') {
      this.#closeIdle();
      return;
    }
    const outcome = this.#exchange.read(this.#readBuffer, length, nowNs);
    if (outcome === 'on') return;
    const isFree = outcome === 'free' && this.#socket.writableLength === 0;
    this.#endSample(isFree, nowNs);
  }

  onEnd(): void {
    if (this.#state === 'connecting') return;
    if (this.#state === 'busy') {
      const nowNs = this.#tools.clock.nowNs();
      this.#exchange.endOfInput(nowNs);
      this.#endSample(false, nowNs);
    } else this.#closeIdle();
  }

  onError(error: Error): void {
    const nowNs = this.#tools.clock.nowNs();
    switch (this.#state) {
      case 'connecting':
        this.#failConnecting(connectFailure(error, this.#hasTcp ? 'tls' : 'tcp'), nowNs);
        return;
      case 'busy':
        this.#failSample(brokenConnection(error), nowNs);
        return;
      case 'idle':
        this.#closeIdle();
        return;
      case 'closed':
    }
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

  #endSample(isFree: boolean, nowNs: number): void {
    if (isFree) {
      this.#tools.answerDeadlines.stop(this);
      this.#state = 'idle';
      this.idleSinceNs = nowNs;
    } else this.close();
    this.#owner.onSampleEnd(this, nowNs);
  }

  #closeIdle(): void {
    if (this.#state !== 'idle') return;
    this.close();
    this.#owner.onIdleClosed(this);
  }
}
