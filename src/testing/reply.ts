/**
 * The response to one request. Texts must be ASCII. Every method that writes returns the time just before the bytes were
 * handed to the kernel (over HTTP/2: to node:http2, which does that at the end of the turn of the event loop), on the given clock; after the
 * client has gone it does nothing else.
 */
export interface Reply {
  /** Called once when the client goes away before the end. */
  onAbort: () => void;
  /** Whether the client is still there and waits for more. */
  readonly isOpen: boolean;
  /** The time just before the first piece of the latest write. */
  readonly beganNs: number;
  /** The time right after the last piece of it: the server may have been held up between a stamp and the kernel's taking the bytes. */
  readonly writtenNs: number;
  /** A whole response of known length. `contentType`: default `application/json`. */
  sendWhole(status: number, body: string, contentType?: string): number;
  /** A response that promises all of the body and holds the first half of it; to be left so, or {@link cut}. */
  sendHalf(status: number, body: string): number;
  /** The next messages of a stream, each as a chunk of its own; the head goes before the first. */
  sendMessages(messages: readonly string[], contentType: string): number;
  /** The last messages of a stream, and its end. */
  endMessages(messages: readonly string[], contentType: string): number;
  /** A long response, piece by piece, at the pace of the client. */
  sendPieces(
    pieces: Iterable<string>,
    contentType: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** Closes the connection, or resets the stream, behind what was written. */
  cut(): number;
  /** Resets the connection or stream: over HTTP/1.1 the client gets ECONNRESET. */
  reset(): number;
}
