import type { ClientHttp2Stream } from 'node:http2';
import type { ErrorData } from '../../core/model-output.ts';
import type { ConnectionTools } from '../connection.ts';
import type { Connector } from '../connector.ts';
import type { Timed } from '../deadlines.ts';
import type { SampleStream } from './sample-stream.ts';
import { type LinkListener, SessionLink } from './session-link.ts';

/** Whoever opened the session. */
export interface SessionOwner {
  /** It stands. */
  onOpen(session: SampleSession, nowNs: number): void;
  /** It could not be opened and is over. */
  onConnectFailed(session: SampleSession, failure: ErrorData, nowNs: number): void;
  /** It has room for more streams than before. */
  onRoom(session: SampleSession): void;
  /** It is over, and its streams have been told. */
  onClosed(session: SampleSession): void;
}

/** What the server said when it began to end a session. */
export interface Goaway {
  readonly code: number;
  /** Streams above this one were not, and will not be, taken. */
  readonly lastStreamId: number;
}

/** Numbers of streams are odd and end at 2^31 - 1; a session that has used them up is replaced. */
const MOST_STREAMS = 2 ** 30 - 1;

/** One session, and the streams of samples that are open on it. */
export class SampleSession implements LinkListener, Timed {
  deadlineNs = 0;
  previous: Timed | undefined;
  next: Timed | undefined;
  /** When it began to connect. */
  readonly startedNs: number;
  goaway: Goaway | undefined;
  readonly #tools: ConnectionTools;
  readonly #owner: SessionOwner;
  readonly #link: SessionLink;
  readonly #open = new Set<SampleStream>();
  /** Streams that may still be opened on it. */
  #left: number;
  #isOver = false;
  #isUnused = true;

  /** `mostStreams`: that it carries in all, one after another or at once. */
  constructor(connector: Connector, tools: ConnectionTools, owner: SessionOwner, mostStreams: number) {
    this.#tools = tools;
    this.#owner = owner;
    this.#left = Math.min(mostStreams, MOST_STREAMS);
    this.startedNs = tools.clock.nowNs();
    this.#link = new SessionLink(connector, this);
    tools.connectDeadlines.start(this, this.startedNs);
  }

  /** No stream has been opened on it. */
  get isUnused(): boolean {
    return this.#isUnused;
  }

  /** Streams that could be opened now. */
  get room(): number {
    const { session } = this.#link;
    if (session === undefined || session.closed || session.destroyed || this.goaway !== undefined) return 0;
    return Math.min(this.#link.streamLimit - this.#open.size, this.#left);
  }

  /** Streams that the server allows at a time; Infinity when it names no limit. */
  get streamLimit(): number {
    return this.#link.streamLimit;
  }

  /** Opens a stream; there must be room. */
  open(
    headers: Readonly<Record<string, string>>,
    endsWithHead: boolean,
    stream: SampleStream,
  ): ClientHttp2Stream {
    this.#open.add(stream);
    this.#left -= 1;
    this.#isUnused = false;
    return this.#link.session!.request(headers, { endStream: endsWithHead });
  }

  /** The sample on one of its streams has ended. */
  onStreamEnd(stream: SampleStream): void {
    this.#open.delete(stream);
    if (this.#left === 0 && this.#open.size === 0) this.#link.close();
  }

  /** Ends it at once without telling the owner; samples on it are forgotten. */
  close(): void {
    this.#isOver = true;
    this.#tools.connectDeadlines.stop(this);
    this.#link.destroy();
  }

  onTimeout(nowNs: number): void {
    const failure = this.#link.timeoutOf(this.#tools.connectDeadlines.timeoutMs);
    this.close();
    this.#owner.onConnectFailed(this, failure, nowNs);
  }

  onTcp(): void {
    // Nothing depends on it.
  }

  onOpen(): void {
    this.#tools.connectDeadlines.stop(this);
    this.#owner.onOpen(this, this.#tools.clock.nowNs());
  }

  onOpenFailed(failure: ErrorData): void {
    if (this.#isOver) return;
    this.close();
    this.#owner.onConnectFailed(this, failure, this.#tools.clock.nowNs());
  }

  onStreamLimit(): void {
    if (this.room > 0) this.#owner.onRoom(this);
  }

  onGoaway(code: number, lastStreamId: number): void {
    this.goaway = { code, lastStreamId };
  }

  onClosed(failure: ErrorData | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const nowNs = this.#tools.clock.nowNs();
    // Before samples that take their place could go out.
    const streams = [...this.#open];
    this.#open.clear();
    for (const stream of streams) stream.onSessionClosed(failure, nowNs);
    this.#owner.onClosed(this);
  }
}
