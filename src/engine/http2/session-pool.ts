import { WordView } from '../../core/byte-words.ts';
import type { ErrorData } from '../../core/model-output.ts';
import { http2RequestOf } from '../../protocol/http2-request.ts';
import { LearnedHead } from '../../protocol/learned-head.ts';
import { BackOff } from '../back-off.ts';
import { CLIENT_LIMIT } from '../connect-failure.ts';
import type { ConnectionPoolOptions } from '../connection-pool.ts';
import type { ExchangeTools, ProtocolTally } from '../exchange.ts';
import type { SampleClient } from '../sample-client.ts';
import { issuedAt, type SentSample, WaitingSamples } from '../waiting-samples.ts';
import { totalOf, Warming } from '../warming.ts';
import type { WarmResult } from '../worker-messages.ts';
import { SampleSession, type SessionOwner } from './sample-session.ts';
import { SampleStream, type StreamOwner } from './sample-stream.ts';

/** More would overrun the accept queue of the server. */
const MAX_CONNECTING = 128;

/** `maxConnections` counts requests in flight here: a connection carries several. */
export type SessionPoolOptions = ConnectionPoolOptions & {
  /** The endpoint is reached over TLS. */
  readonly tls: boolean;
};

/**
 * The sessions of one worker with one endpoint, and the streams of samples on them.
 *
 * One session carries as many samples at a time as the server allows streams; another is opened only when all that stand are full. A sample that
 * finds no room, or as many in flight as there may be, waits its turn (first in, first out); until then it is due, not issued. A session that
 * could not be had ends all samples that wait, unless another one stands. Many such attempts in a row go one at a time, with pauses between them
 * ({@link BackOff}).
 *
 * A session that the server ends (GOAWAY) takes no further samples, and those on it go on. What the server says that it has not taken is sent
 * again once on another session, and its times count from the first attempt. An idle session stays open until the server ends it.
 */
export class SessionPool implements SampleClient, SessionOwner, StreamOwner {
  readonly isSingleUse = false;
  readonly #options: SessionPoolOptions;
  readonly #exchangeTools: ExchangeTools;
  readonly #sessions = new Set<SampleSession>();
  readonly #busy = new Set<SampleStream>();
  readonly #free: SampleStream[] = [];
  readonly #waiting: WaitingSamples;
  readonly #tally: ProtocolTally = { strayMessages: 0, otherModel: undefined };
  /** Samples that a session carries in all. */
  readonly #mostStreams: number;
  readonly #backOff: BackOff;
  /** Streams that a session is expected to have room for: as the latest one had. */
  #streamLimit = Infinity;
  #connecting = 0;
  #warming: Warming | undefined;
  #opened = 0;
  #connectFailures = 0;
  #resent = 0;

  constructor(options: SessionPoolOptions) {
    const { reader, tools, streaming, target, models, responseMemory, onResponse } = options;
    this.#options = options;
    this.#waiting = new WaitingSamples(tools.recorder, options.onSampleEnd);
    this.#backOff = new BackOff(options.random, () => this.#connectMore());
    this.#mostStreams = options.reuse ? (options.requestsPerConnection ?? Infinity) : 1;
    this.#exchangeTools = {
      ...{ reader, recorder: tools.recorder, head: new LearnedHead(), words: new WordView() },
      ...{ streaming, target, models, tally: this.#tally, responseMemory, onResponse },
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

  get resent(): number {
    return this.#resent;
  }

  get waiting(): number {
    return this.#waiting.due;
  }

  lastReadNs(): number {
    let latestNs = 0;
    for (const { lastReadNs } of this.#busy) if (lastReadNs > latestNs) latestNs = lastReadNs;
    return latestNs;
  }

  get strayMessages(): number {
    return this.#tally.strayMessages;
  }

  get otherModel(): string | undefined {
    return this.#tally.otherModel;
  }

  send(seq: number, row: number, dueNs: number): void {
    this.#waiting.push(seq, row, dueNs);
    this.#sendWaiting();
  }

  /** A first session tells how many streams the server allows, and so how many more it takes. */
  async warm(connections: number): Promise<WarmResult> {
    if (!this.#options.reuse || connections < 1 || this.#sessions.size > 0) return this.#warmSessions(0);
    const first = await this.#warmSessions(1);
    const inFlight = Math.min(connections, this.#options.maxConnections);
    const wanted = Math.ceil(inFlight / Math.min(this.#streamLimit, this.#mostStreams));
    if (first.opened === 0 || wanted <= 1) return first;
    return totalOf([first, await this.#warmSessions(wanted - 1)]);
  }

  dropWaiting(nowNs: number): void {
    this.#waiting.drop(nowNs);
  }

  cancelAll(nowNs: number): void {
    this.#waiting.cancel(nowNs);
    for (const stream of [...this.#busy]) stream.cancel(nowNs);
  }

  discardIdle(): void {
    // The server says so when it ends a session, and what it has not taken is sent again.
  }

  close(): void {
    this.#backOff.close();
    for (const stream of [...this.#busy, ...this.#free]) stream.close();
    for (const session of this.#sessions) session.close();
    this.#busy.clear();
    this.#free.length = 0;
    this.#sessions.clear();
  }

  onOpen(session: SampleSession): void {
    this.#connecting -= 1;
    this.#opened += 1;
    this.#streamLimit = session.streamLimit;
    this.#backOff.succeeded();
    this.#settleWarming(undefined);
    this.#sendWaiting();
  }

  onConnectFailed(session: SampleSession, failure: ErrorData, nowNs: number): void {
    this.#connecting -= 1;
    this.#connectFailures += 1;
    this.#sessions.delete(session);
    // What this machine has no room for says nothing of the server.
    if (failure.errorType !== CLIENT_LIMIT) this.#backOff.failed(this.#connecting === 0);
    this.#settleWarming(failure);
    const hasNone = this.#sessions.size === this.#connecting;
    if (this.#backOff.isActive && hasNone) while (this.#settleWarming(failure));
    if (hasNone) this.#waiting.failAll(failure, session.startedNs, nowNs);
    this.#sendWaiting();
  }

  onRoom(session: SampleSession): void {
    this.#streamLimit = session.streamLimit;
    this.#sendWaiting();
  }

  onClosed(session: SampleSession): void {
    this.#sessions.delete(session);
    this.#sendWaiting();
  }

  onSampleEnd(stream: SampleStream, nowNs: number): void {
    const { seq, succeededNs } = stream;
    this.#putBack(stream, succeededNs > 0);
    this.#sendWaiting();
    this.#options.onSampleEnd(seq, nowNs, succeededNs);
  }

  onUnseen(stream: SampleStream, sample: SentSample): void {
    this.#putBack(stream, false);
    this.#resent += 1;
    this.#waiting.pushUnseen(sample);
    this.#sendWaiting();
  }

  /** Sends those that wait as far as there is room, and opens sessions for the others. */
  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#busy.size < this.#options.maxConnections) {
      const session = this.#sessionWithRoom();
      if (session === undefined) break;
      this.#sendNext(session);
    }
    if (this.#waiting.length > 0 || this.#warming !== undefined) this.#connectMore();
  }

  #sendNext(session: SampleSession): void {
    const { requests, tools, reuse, tls } = this.#options;
    const unseen = this.#waiting.shiftUnseen();
    const { seq, row, dueNs } = unseen === undefined ? this.#waiting.shift()! : { ...unseen, dueNs: NaN };
    const request = http2RequestOf(requests.requestBytes(row, seq), tls);
    const choices = requests.choicesOf(row);
    const stream = this.#free.pop() ?? new SampleStream(this.#exchangeTools, tools, this);
    this.#busy.add(stream);
    if (unseen !== undefined) {
      stream.send(session, request, choices, unseen, true);
      return;
    }
    const issuedNs = reuse ? tools.clock.nowNs() : issuedAt(dueNs, session.startedNs);
    tools.lateness?.busy(issuedNs);
    stream.send(session, request, choices, { seq, row, issuedNs }, false);
    tools.recorder.issued(seq, issuedNs, Number.isNaN(dueNs) ? issuedNs : dueNs, row);
  }

  /** The oldest that has room: others are used only for what it cannot carry. */
  #sessionWithRoom(): SampleSession | undefined {
    for (const session of this.#sessions) if (session.room > 0) return session;
    return undefined;
  }

  #putBack(stream: SampleStream, isReusable: boolean): void {
    this.#busy.delete(stream);
    if (isReusable) this.#free.push(stream);
    else stream.close();
  }

  #warmSessions(sessions: number): Promise<WarmResult> {
    const warming = new Warming(sessions);
    this.#warming = warming;
    this.#connectMore();
    return warming.result;
  }

  #connectMore(): void {
    if (this.#backOff.isPausing) return;
    const { connector, tools, maxConnections } = this.#options;
    const perSession = Math.min(this.#streamLimit, this.#mostStreams);
    // A server that allows no stream now may allow some later, on a session that stands.
    const isClosedDoor = perSession === 0 && this.#sessions.size > 0;
    const samples = isClosedDoor ? 0 : Math.min(this.#waiting.length, maxConnections - this.#busy.size);
    const needed = samples === 0 ? 0 : Math.max(1, Math.ceil(samples / Math.max(1, perSession)));
    const wanted = Math.max(needed, this.#warming?.left ?? 0);
    const most = this.#backOff.isActive ? 1 : MAX_CONNECTING;
    while (this.#connecting < Math.min(wanted, most) && this.#sessions.size < maxConnections) {
      this.#connecting += 1;
      this.#sessions.add(new SampleSession(connector, tools, this, this.#mostStreams));
    }
  }

  /** An attempt has ended: true when it counts as one of the warming. */
  #settleWarming(failure: ErrorData | undefined): boolean {
    const warming = this.#warming;
    if (warming === undefined || warming.left === 0) return false;
    warming.settle(failure);
    return true;
  }
}
