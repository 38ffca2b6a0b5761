import type { WarmResult } from './worker-messages.ts';

/** Sends the samples of one worker to one endpoint, and tells their ends: over HTTP/1.1 or HTTP/2, chosen once for a run. */
export interface SampleClient {
  /** Connections established so far. */
  readonly opened: number;
  readonly connectFailures: number;
  /** How long attempts to connect were put off, ms. */
  readonly backOffMs: number;
  /** Samples that were sent on another connection because the server had not seen, or not taken, their request on the first. */
  readonly resent: number;
  /** Samples that are due and wait for a connection or a stream. */
  readonly waiting: number;
  /** See `ProtocolTally`. */
  readonly strayMessages: number;
  readonly otherModel: string | undefined;
  /** The server closes each connection after a response, so that each carries one request. */
  readonly isSingleUse: boolean;
  /** When something was last read on a connection that is still open; 0 for never. Costs a look at each connection. */
  lastReadNs(): number;
  /** Sends a sample now, or as soon as there is a connection for it. `dueNs`: NaN for the time it goes out. */
  send(seq: number, row: number, dueNs: number): void;
  /** A conversation whose samples were sent here is over: what was kept for it may be used for others. */
  conversationEnded?(conversation: number): void;
  /** Opens what so many samples at once need, within the cap, and tells how that went. One call at a time. */
  warm(connections: number): Promise<WarmResult>;
  /** Drops the samples that wait: they are not sent. */
  dropWaiting(nowNs: number): void;
  /** Ends all samples: those that were sent as cancelled, the others as not sent. */
  cancelAll(nowNs: number): void;
  /** Closes connections that have been idle for too long. */
  discardIdle(nowNs: number): void;
  /** Closes everything. No sample may be left. */
  close(): void;
}
