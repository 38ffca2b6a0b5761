import type { ErrorData } from '../core/model-output.ts';
import { CLOSED_UNANSWERED } from './failure.ts';

/** A response of any status. */
export interface PlainReply {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decompressed. */
  readonly body: Buffer;
  /** It was longer than is read of one, and the connection was closed. */
  readonly isCut: boolean;
  /** From the request being written to the first byte of the response, ms. */
  readonly firstByteMs: number;
  /** The server keeps the connection for the next request. */
  readonly keepsOpen: boolean;
}

export interface PlainFailure {
  readonly failure: ErrorData;
}

/** The server has not seen the request. */
export const UNSEEN: PlainFailure = { failure: CLOSED_UNANSWERED };

/** A connection that carries one request at a time, whatever is spoken on it. */
export interface PlainTransport {
  /** Undefined when it stands, else why it does not. */
  readonly opened: Promise<ErrorData | undefined>;
  /** A response has been read to its end, and the server keeps the connection. */
  readonly isReusable: boolean;
  readonly isDead: boolean;
  /** What to say when it has not opened in this time. */
  timeoutOf(timeoutMs: number): ErrorData;
  /** Sends a request, and reads at most `maxBytes` of the body of its response, decompressed. */
  exchange(request: Uint8Array, maxBytes: number): Promise<PlainReply | PlainFailure>;
  destroy(): void;
}
