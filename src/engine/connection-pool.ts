import { WordView } from '../core/byte-words.ts';
import type { ErrorData } from '../core/model-output.ts';
import type { RandomSource } from '../core/random.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';
import type { AnswerReader, FinalOutput } from '../protocol/adapter.ts';
import { LearnedHead } from '../protocol/learned-head.ts';
import { BackOff } from './back-off.ts';
import { CLIENT_LIMIT } from './connect-failure.ts';
import { Connection, type ConnectionOwner, type ConnectionTools } from './connection.ts';
import type { Connector } from './connector.ts';
import { Exchange, type ExchangeTools, type KeptHeader, type ProtocolTally } from './exchange.ts';
import { KeptConnections } from './kept-connections.ts';
import type { SampleClient } from './sample-client.ts';
import { issuedAt, type OnSampleEnd, type SentSample, WaitingSamples } from './waiting-samples.ts';
import { Warming } from './warming.ts';
import type { WarmResult } from './worker-messages.ts';

/** Servers commonly close connections that were idle for 5 s. */
const MAX_IDLE_NS = 4 * NS_PER_SECOND;
/** A server that closed so many connections in a row right after a response does so after each. */
const CLOSES_IN_A_ROW = 3;
/** A close that follows a response this soon belongs to it. */
const CLOSE_AFTER_RESPONSE_NS = 100 * NS_PER_MS;
/** More would overrun the accept queue of the server. */
const MAX_CONNECTING = 128;

/** The bytes of requests: what is sent for a sample of a row, when it is sent. */
export interface RequestSource {
  requestBytes(row: number, seq: number): Uint8Array;
  /** How many choices it asks for. */
  choicesOf(row: number): number;
  /** Making a request may take so long that it must not count as part of its times. */
  readonly takesTime?: boolean | undefined;
}

export interface ConnectionPoolOptions {
  readonly connector: Connector;
  readonly reader: AnswerReader;
  readonly requests: RequestSource;
  readonly tools: ConnectionTools;
  readonly maxConnections: number;
  /** Requests ask for a stream. */
  readonly streaming: boolean;
  /** See {@link ExchangeTools.target}. */
  readonly target?: string | undefined;
  /** See {@link ExchangeTools.models}. */
  readonly models?: readonly string[] | undefined;
  /** Keep connections alive from sample to sample; else each sample gets a new one and counts as issued when that is begun. */
  readonly reuse: boolean;
  /** A connection is closed once it has answered so many samples; default: never for that reason. */
  readonly requestsPerConnection?: number | undefined;
  /** Of all responses of the process; without it there is no limit. */
  readonly responseMemory?: SharedArrayBuffer | undefined;
  /** For the pauses between attempts to connect. */
  readonly random: RandomSource;
  /** Told of each successful response before it is recorded. */
  readonly onResponse?: ((seq: number, final: FinalOutput) => void) | undefined;
  readonly onSampleEnd: OnSampleEnd;
  /** Each conversation keeps its connection until it is over: the one of a sample. Default: connections are shared. */
  readonly keptFor?: ((seq: number) => number) | undefined;
  /** See {@link ExchangeTools.kept}. */
  readonly keptHeader?: KeptHeader | undefined;
}

/**
 * The connections of one worker to one endpoint, kept alive from sample to sample unless told otherwise.
 *
 * The connection used last is used next; one idle for 4 s is discarded. A sample that finds none idle waits its turn (first in,
 * first out) for one that becomes free or, below the cap, a new one. Until then it is due, not issued. Of a failed attempt to connect the
 * oldest waiting sample is the victim. When many attempts in a row have failed, they go one at a time with pauses between them
 * ({@link BackOff}), and each one that fails ends all samples that wait, unless there is a connection that works.
 *
 * A sample whose connection breaks has failed. One that the server never saw, because it had closed the connection meanwhile, is sent again
 * once, on a new connection, and its times count from the first attempt. A connection may be given a number of samples that it answers at
 * most; it is closed behind the last one, and the next sample that finds none idle opens another. When a server closes one connection after the other right behind
 * a response, each carries one request from then on; after the first of these closes, connections are looked at before they are used again.
 *
 * Where conversations keep their connections, one is not used for another conversation, and doesn't age, until its own is over. A turn whose connection
 * was closed meanwhile gets another; so do turns that are sent while another turn of their conversation is in flight.
 */
export class ConnectionPool implements SampleClient, ConnectionOwner {
  readonly #options: ConnectionPoolOptions;
  readonly #exchangeTools: ExchangeTools;
  readonly #all = new Set<Connection>();
  /** Ordered by the time they became idle. */
  #idle: Connection[] = [];
  /** Those that the server never saw go first, each on a new connection. */
  readonly #waiting: WaitingSamples;
  readonly #tally: ProtocolTally = { strayMessages: 0, otherModel: undefined };
  /** Samples that a connection answers at most. */
  readonly #mostAnswers: number;
  readonly #backOff: BackOff;
  readonly #kept: KeptConnections | undefined;
  #closesInARow = 0;
  #connecting = 0;
  #warming: Warming | undefined;
  #opened = 0;
  #connectFailures = 0;
  #resent = 0;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.random, () => this.#connectMore());
    this.#waiting = new WaitingSamples(options.tools.recorder, options.onSampleEnd);
    this.#mostAnswers = options.requestsPerConnection ?? Infinity;
    const { reader, tools, keptFor } = options;
    this.#kept = keptFor && new KeptConnections(keptFor);
    this.#exchangeTools = {
      reader,
      recorder: tools.recorder,
      head: new LearnedHead(),
      words: new WordView(),
      ...{ streaming: options.streaming, target: options.target, models: options.models },
      tally: this.#tally,
      responseMemory: options.responseMemory,
      onResponse: options.onResponse,
      kept: options.keptHeader,
    };
  }

  get opened(): number {
    return this.#opened;
  }

  get connectFailures(): number {
    return this.#connectFailures;
  }

  get backOffMs(): number {
    return this.#backOff.pausedMs;
  }

  /** Samples that got another connection because the server had closed the first before their request reached it. */
  get resent(): number {
    return this.#resent;
  }

  get waiting(): number {
    return this.#waiting.due;
  }

  lastReadNs(): number {
    let latestNs = 0;
    for (const { lastReadNs } of this.#all) if (lastReadNs > latestNs) latestNs = lastReadNs;
    return latestNs;
  }

  get strayMessages(): number {
    return this.#tally.strayMessages;
  }

  get otherModel(): string | undefined {
    return this.#tally.otherModel;
  }

  get isSingleUse(): boolean {
    return this.#closesInARow >= CLOSES_IN_A_ROW;
  }

  /** @hot */
  send(seq: number, row: number, dueNs: number): void {
    if (this.#kept !== undefined && this.#sendKept(this.#kept, seq, row, dueNs)) return;
    while (this.#idle.length > 0) {
      const nowNs = this.#options.tools.clock.nowNs();
      const connection = this.#takeIdle(nowNs);
      if (connection === undefined) break;
      if (this.#send(connection, seq, row, dueNs, nowNs)) return;
      this.#resent += 1;
      this.#all.delete(connection);
    }
    this.#waiting.push(seq, row, dueNs);
    this.#connectMore();
  }

  conversationEnded(conversation: number): void {
    const connection = this.#kept?.take(conversation);
    if (connection !== undefined) this.#use(connection, this.#options.tools.clock.nowNs());
  }

  /** Opens none when connections are not reused. */
  warm(connections: number): Promise<WarmResult> {
    const room = this.#options.reuse ? this.#options.maxConnections - this.#all.size : 0;
    const warming = new Warming(Math.min(connections, room));
    this.#warming = warming;
    this.#connectMore();
    return warming.result;
  }

  dropWaiting(nowNs: number): void {
    this.#waiting.drop(nowNs);
  }

  cancelAll(nowNs: number): void {
    this.#waiting.cancel(nowNs);
    for (const connection of [...this.#all]) connection.cancel(nowNs);
  }

  discardIdle(nowNs: number): void {
    const isOld = (connection: Connection) => nowNs - connection.idleSinceNs > MAX_IDLE_NS;
    if (this.#idle.length === 0 || !isOld(this.#idle[0]!)) return;
    for (const connection of this.#idle.filter(isOld)) this.#discard(connection);
    this.#idle = this.#idle.filter((connection) => !isOld(connection));
  }

  close(): void {
    this.#backOff.close();
    for (const connection of this.#all) connection.close();
    this.#all.clear();
    this.#idle = [];
  }

  onOpen(connection: Connection, nowNs: number): void {
    this.#connecting -= 1;
    this.#opened += 1;
    this.#backOff.succeeded();
    this.#settleWarming(undefined);
    this.#use(connection, nowNs);
    this.#connectMore();
  }

  onConnectFailed(connection: Connection, failure: ErrorData, nowNs: number): void {
    this.#connecting -= 1;
    this.#connectFailures += 1;
    this.#all.delete(connection);
    // What this machine has no room for says nothing of the server.
    if (failure.errorType !== CLIENT_LIMIT) this.#backOff.failed(this.#connecting === 0);
    const wasForWarming = this.#settleWarming(failure);
    // With connections that work, the others that wait may still get one of those.
    const hasNone = this.#all.size === this.#connecting;
    if (this.#backOff.isActive && hasNone) this.#giveUp(failure, connection.startedNs, nowNs);
    else if (!wasForWarming) this.#waiting.failOne(failure, connection.startedNs, nowNs);
    this.#connectMore();
  }

  /** @hot */
  onSampleEnd(connection: Connection, nowNs: number): void {
    // Before the connection is used for another.
    const { seq, succeededNs } = connection;
    const isIdle = connection.state === 'idle' && !this.isSingleUse;
    if (isIdle && connection.answered > 1) this.#closesInARow = 0;
    if (isIdle && this.#options.reuse && connection.answered < this.#mostAnswers) {
      if (this.#kept === undefined) this.#use(connection, nowNs);
      else this.#keep(this.#kept, connection, seq, nowNs);
    } else {
      this.#discard(connection);
      this.#connectMore();
    }
    this.#options.onSampleEnd(seq, nowNs, succeededNs);
  }

  onIdleClosed(connection: Connection, nowNs: number): void {
    this.#all.delete(connection);
    this.#kept?.drop(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    if (nowNs - connection.idleSinceNs < CLOSE_AFTER_RESPONSE_NS) this.#closesInARow += 1;
  }

  onUnseen(connection: Connection, sample: SentSample): void {
    this.#all.delete(connection);
    this.#resent += 1;
    this.#closesInARow += 1;
    this.#waiting.pushUnseen(sample);
    this.#connectMore();
  }

  onClosedUnanswered(): void {
    this.#closesInARow += 1;
  }

  /** The next sample in turn goes out on a connection that has become free. */
  #use(connection: Connection, nowNs: number): void {
    const unseen = connection.idleSinceNs === 0 ? this.#waiting.shiftUnseen() : undefined;
    if (unseen !== undefined) {
      const { requests } = this.#options;
      const { seq, row } = unseen;
      connection.resend(requests.requestBytes(row, seq), requests.choicesOf(row), unseen);
      return;
    }
    const sample = this.#waiting.shift();
    if (sample !== undefined) {
      const { reuse, tools } = this.#options;
      const { seq, row, dueNs } = sample;
      const issuedNs = reuse ? tools.clock.nowNs() : issuedAt(dueNs, connection.startedNs);
      if (this.#send(connection, seq, row, dueNs, issuedNs)) return;
      this.#resent += 1;
      this.#all.delete(connection);
      this.#waiting.putBack(sample);
      this.#connectMore();
      return;
    }
    if (!this.#options.reuse) {
      // The sample it was opened for was cancelled meanwhile.
      this.#discard(connection);
      return;
    }
    connection.idleSinceNs = nowNs;
    this.#idle.push(connection);
  }

  /** On the connection of its conversation; false when there is none, or the server had closed it. */
  #sendKept(kept: KeptConnections, seq: number, row: number, dueNs: number): boolean {
    const connection = kept.take(kept.conversationOf(seq));
    if (connection === undefined) return false;
    if (!connection.hasEnded()) {
      const nowNs = this.#options.tools.clock.nowNs();
      if (this.#send(connection, seq, row, dueNs, nowNs)) return true;
    } else connection.close();
    this.#all.delete(connection);
    return false;
  }

  /** A connection that has answered a turn is for the next one of that conversation, which may wait already. */
  #keep(kept: KeptConnections, connection: Connection, seq: number, nowNs: number): void {
    const conversation = kept.conversationOf(seq);
    const next = this.#waiting.take((other) => kept.conversationOf(other) === conversation);
    if (next !== undefined && this.#send(connection, next.seq, next.row, next.dueNs, nowNs)) return;
    if (next !== undefined) {
      this.#all.delete(connection);
      this.#waiting.putBack(next);
      this.#connectMore();
    } else if (kept.keep(conversation, connection)) connection.idleSinceNs = nowNs;
    else this.#use(connection, nowNs);
  }

  /** False as {@link Connection.send} tells it, or where a server that has closed behind a response did so again. @hot */
  #send(connection: Connection, seq: number, row: number, dueNs: number, issuedNs: number): boolean {
    if (this.#closesInARow > 0 && connection.hasEnded()) {
      this.#closesInARow += 1;
      connection.close();
      return false;
    }
    const { requests, reuse, tools } = this.#options;
    const request = requests.requestBytes(row, seq);
    const sentNs = requests.takesTime === true && reuse ? tools.clock.nowNs() : issuedNs;
    return connection.send(request, requests.choicesOf(row), seq, row, dueNs, sentNs);
  }

  #takeIdle(nowNs: number): Connection | undefined {
    const newest = this.#idle.pop()!;
    if (nowNs - newest.idleSinceNs <= MAX_IDLE_NS) return newest;
    this.#discard(newest);
    for (const older of this.#idle) this.#discard(older);
    this.#idle = [];
    return undefined;
  }

  #discard(connection: Connection): void {
    connection.close();
    this.#all.delete(connection);
  }

  #connectMore(): void {
    if (this.#backOff.isPausing) return;
    const { connector, tools, maxConnections } = this.#options;
    const wanted = this.#waiting.length + (this.#warming?.left ?? 0);
    const most = this.#backOff.isActive ? 1 : MAX_CONNECTING;
    while (this.#connecting < Math.min(wanted, most) && this.#all.size < maxConnections) {
      this.#connecting += 1;
      this.#all.add(new Connection(connector, new Exchange(this.#exchangeTools), tools, this));
    }
  }

  /** An attempt has ended: true when it counts as one of the warming. */
  #settleWarming(failure: ErrorData | undefined): boolean {
    const warming = this.#warming;
    if (warming === undefined || warming.left === 0) return false;
    warming.settle(failure);
    return true;
  }

  /** Fails all that want a connection now. */
  #giveUp(failure: ErrorData, attemptNs: number, nowNs: number): void {
    while (this.#settleWarming(failure));
    this.#waiting.failAll(failure, attemptNs, nowNs);
  }
}
