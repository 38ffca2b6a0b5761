import type { ContentCoding } from './content-decoder.ts';

/**
 * Where the parts of a response go. Called synchronously inside `feed` and `finish`, in the order head, body (any
 * number of times), end; interim 1xx responses are not told. The bytes given to `onBody` are only valid during the
 * call. A sink must not throw.
 */
export interface MessageSink {
  /** The final status and all headers are read: what {@link MessageParser} tells of them is set. */
  onHead(status: number): void;
  /** The next bytes of the body, without framing; never empty. */
  onBody(buffer: Uint8Array, start: number, end: number): void;
  /** The message is complete. */
  onEnd(): void;
}

/** What the end of a connection meant to the message being read. */
export type EndOfInput = 'idle' | 'complete' | 'truncated' | 'tls';

/** Takes responses apart, one after another, for a {@link MessageSink}: those of a connection of HTTP/1.1, or of streams of HTTP/2. */
export interface MessageParser {
  /** Status of the response, 0 until it is known. Set with `onHead`, and when the head can't be read or ends early behind its status line. */
  readonly status: number;
  /** Whether another request may follow once this response has ended. Set with `onHead`. */
  readonly keepAlive: boolean;
  /** Whether the body calls itself `text/event-stream`. Set with `onHead`. */
  readonly isEventStream: boolean;
  /** How the body is compressed. Set with `onHead`. */
  readonly contentCoding: ContentCoding | undefined;
  /** `Retry-After` and `Location` of a response that is no success. Set with `onHead`. */
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** The value of the header that is kept for later requests, where there is one. Set with `onHead`. */
  readonly kept: string | undefined;
  /** Reads `buffer[start..end)` up to the end of the message and returns how many bytes that took. Throws `HttpParseError`. */
  feed(buffer: Uint8Array, start: number, end: number): number;
  /**
   * The peer has closed: `complete` when the body was to last until now (`onEnd` is called), `truncated` when more was
   * promised, `idle` when no byte of a response had come, `tls` when it was a TLS record instead of HTTP.
   */
  finish(): EndOfInput;
}
