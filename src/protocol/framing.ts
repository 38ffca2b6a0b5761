import type { WordView } from '../core/byte-words.ts';
import type { MemoryAccount } from './response-memory.ts';

/** Where the parts of a stream go: `buffer[start..end)`, only valid during the call. A sink must not throw. */
export interface FrameSink {
  /** The data of a message. `isNamed`: its event has a name other than `message`. */
  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): void;
  /** What the server says of a failure: the data of an event named `error`, or a field of that name. Empty when it says nothing. */
  onFailure(buffer: Uint8Array, start: number, end: number): void;
  /** Data outside of a message: JSON on a line of its own without a field name, or a message that the stream did not end. */
  onLooseData(buffer: Uint8Array, start: number, end: number): void;
}

/** Finds the messages of a stream as its bytes arrive, however they are cut. */
export interface FrameParser {
  /** Forgets everything, for use on a new stream. */
  reset(): void;
  /** Takes the next bytes and tells the sink of each message they complete. Throws `ResponseFormatError` for an oversized message. */
  feed(buffer: Uint8Array, start: number, end: number): void;
  /** The stream has ended: hands on what was not ended, and forgets everything. */
  finish(): void;
}

/** How an API divides a stream into messages. */
export interface Framing {
  /** Bodies may be anything, so blanks in front of one are part of it. */
  readonly isBinary?: boolean;
  /** `words` may be shared by all parsers of a thread; what is joined is taken from `account`. */
  createParser(sink: FrameSink, words?: WordView, account?: MemoryAccount): FrameParser;
  /**
   * Whether a body that begins with `buffer[start..end)`, not a blank, is a stream. `saysStream`: its head announces an event stream;
   * `isRequested`: the request asked for a stream.
   */
  isStream(
    buffer: Uint8Array,
    start: number,
    end: number,
    saysStream: boolean,
    isRequested: boolean,
  ): boolean;
}
