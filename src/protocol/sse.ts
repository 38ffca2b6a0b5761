import { ResponseFormatError } from './adapter.ts';
import { bytesOf, equals } from './ascii.ts';
import { ByteStore } from './byte-store.ts';
import type { FrameParser, FrameSink } from './framing.ts';
import type { MemoryAccount } from './response-memory.ts';
import { skipPrintable, WordView } from '../core/byte-words.ts';

const NOTHING = new Uint8Array(0);

/** Most bytes of one message's data (and of one line) before the stream is given up. */
export const MAX_MESSAGE_BYTES = 2 ** 26;

const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;
const DATA = bytesOf('data');
const EVENT = bytesOf('event');
const ERROR = bytesOf('error');
const MESSAGE = bytesOf('message');

/** No data of the current message yet. */
const NOWHERE = 0;
const IN_READ = 1;
const STORED = 2;

/** What the current message's event is called: nothing or `message`, `error`, or anything else. */
const UNNAMED = 0;
const NAMED_ERROR = 1;
const NAMED = 2;

/**
 * Finds the messages of a server-sent event stream (WHATWG HTML §9.2) as its bytes arrive, however they are cut.
 *
 * Lines end at LF, CR LF or CR; a CR ends its line at once, also as the last byte of a read. Lines of data within one message are joined
 * by LF; a byte order mark at the start is skipped. A message that lies in one
 * read is handed on where it lies; one that was cut is joined in a buffer that is reused. Cost: one pass over the bytes,
 * no allocation.
 *
 * Departs from the standard where servers report failures: by an event named `error`, in any case, whatever it holds (a comment stands in for missing
 * data), by a field `error`, or by JSON on a line of its own. `id`, `retry` and other fields are skipped.
 */
export class SseParser implements FrameParser {
  readonly #sink: FrameSink;
  /** The beginning of a line that the last read cut off. */
  readonly #line: ByteStore;
  /** The data of the current message, unless it is a single line that lies whole in the current read. */
  readonly #data: ByteStore;
  readonly #words: WordView;
  /** `#line` holds something. */
  #hasPart = false;
  #place = NOWHERE;
  #event = UNNAMED;
  /** Where the data lies in the current read, if it does. */
  #start = 0;
  #end = 0;
  #isFirstLine = true;
  #skipsLineFeed = false;

  /**
   * `words` may be shared by all parsers of a thread; best by those that read from the same buffer. What is joined is taken from `account`,
   * which may refuse it: `feed` then throws.
   */
  constructor(sink: FrameSink, words = new WordView(), account?: MemoryAccount) {
    this.#line = new ByteStore(1024, account);
    this.#data = new ByteStore(1024, account);
    this.#sink = sink;
    this.#words = words;
  }

  /** Forgets everything, for use on a new stream. */
  reset(): void {
    this.#line.clear();
    this.#hasPart = false;
    this.#data.clear();
    this.#place = NOWHERE;
    this.#event = UNNAMED;
    this.#isFirstLine = true;
    this.#skipsLineFeed = false;
  }

  /**
   * Takes the next bytes of the stream and tells the sink of each message they complete. Throws {@link ResponseFormatError}
   * when a message grows beyond {@link MAX_MESSAGE_BYTES}.
   * @hot
   */
  feed(buffer: Uint8Array, start: number, end: number): void {
    const view = this.#words.of(buffer);
    let lineStart = start;
    if (this.#skipsLineFeed && start < end) {
      this.#skipsLineFeed = false;
      if (buffer[start] === LF) lineStart += 1;
    }
    for (;;) {
      const lineEnd = endOfLine(buffer, skipPrintable(view, lineStart, end), end);
      if (lineEnd === end) break;
      this.#endLine(buffer, lineStart, lineEnd);
      lineStart = lineEnd + 1;
      if (buffer[lineEnd] === CR) {
        if (lineStart === end) this.#skipsLineFeed = true;
        else if (buffer[lineStart] === LF) lineStart += 1;
      }
    }
    this.#keepRest(buffer, lineStart, end);
  }

  /** The stream has ended: hands on what no empty line ended, as loose data, and forgets everything. */
  finish(): void {
    const { bytes, length } = this.#line;
    if (length > 0) this.#takeLine(bytes, 0, length, false);
    const hasData = this.#place === STORED;
    if (this.#event === NAMED_ERROR) this.#dispatch(NOTHING);
    else if (hasData) this.#sink.onLooseData(this.#data.bytes, 0, this.#data.length);
    this.reset();
  }

  #endLine(buffer: Uint8Array, start: number, end: number): void {
    if (!this.#hasPart) {
      this.#takeLine(buffer, start, end, true);
      return;
    }
    this.#line.append(buffer, start, end);
    const { bytes, length } = this.#line;
    this.#line.clear();
    this.#hasPart = false;
    this.#takeLine(bytes, 0, length, false);
  }

  #takeLine(line: Uint8Array, lineStart: number, end: number, isInRead: boolean): void {
    let start = lineStart;
    if (this.#isFirstLine) {
      this.#isFirstLine = false;
      if (beginsWith(line, start, end, BYTE_ORDER_MARK)) start += BYTE_ORDER_MARK.length;
    }
    if (start === end) {
      this.#dispatch(line);
      return;
    }
    if (!beginsWith(line, start, end, DATA)) {
      this.#takeOtherLine(line, start, end, isInRead);
      return;
    }
    const from = start + DATA.length;
    if (from < end && line[from] !== COLON) return;
    this.#takeData(line, valueStart(line, from, end), end, isInRead);
  }

  /** A line without data: a comment, another field, or something that is none. */
  #takeOtherLine(line: Uint8Array, start: number, end: number, isInRead: boolean): void {
    const first = line[start];
    if (first === COLON) {
      // Some servers say why in a comment.
      if (this.#event === NAMED_ERROR) this.#takeData(line, valueStart(line, start, end), end, isInRead);
    } else if (first === OPEN_BRACE || first === OPEN_BRACKET) this.#sink.onLooseData(line, start, end);
    else if (first === EVENT[0]) this.#takeNameOrError(line, start, end);
  }

  /** `event` and `error` have the same length and first letter. */
  #takeNameOrError(line: Uint8Array, start: number, end: number): void {
    const from = start + EVENT.length;
    if (from < end && line[from] !== COLON) return;
    const value = valueStart(line, from, end);
    if (beginsWith(line, start, end, ERROR)) this.#sink.onFailure(line, value, end);
    else if (beginsWith(line, start, end, EVENT)) this.#event = eventNamed(line, value, end);
  }

  #takeData(line: Uint8Array, start: number, end: number, isInRead: boolean): void {
    if (this.#place === NOWHERE && isInRead) {
      this.#place = IN_READ;
      this.#start = start;
      this.#end = end;
      return;
    }
    if (this.#place === NOWHERE) this.#place = STORED;
    else {
      if (this.#place === IN_READ) this.#storeData(line);
      this.#data.appendByte(LF);
    }
    this.#data.append(line, start, end);
  }

  /** `read` is where the data lies when its place is the current read. */
  #dispatch(read: Uint8Array): void {
    const place = this.#place;
    const event = this.#event;
    this.#place = NOWHERE;
    this.#event = UNNAMED;
    if (place === IN_READ) this.#tell(read, this.#start, this.#end, event);
    else if (place === STORED) {
      const { bytes, length } = this.#data;
      this.#data.clear();
      this.#tell(bytes, 0, length, event);
    } else if (event === NAMED_ERROR) this.#sink.onFailure(NOTHING, 0, 0);
  }

  #tell(buffer: Uint8Array, start: number, end: number, event: number): void {
    if (event === NAMED_ERROR) this.#sink.onFailure(buffer, start, end);
    else this.#sink.onMessage(buffer, start, end, event === NAMED);
  }

  #storeData(read: Uint8Array): void {
    this.#place = STORED;
    this.#data.append(read, this.#start, this.#end);
  }

  /** The read buffer is about to be reused: copies what is not yet told. */
  #keepRest(buffer: Uint8Array, lineStart: number, end: number): void {
    if (this.#place === IN_READ) this.#storeData(buffer);
    if (lineStart < end) {
      this.#line.append(buffer, lineStart, end);
      this.#hasPart = true;
    }
    if (this.#hasPart || this.#place === STORED) this.#checkLength();
  }

  #checkLength(): void {
    if (this.#line.length <= MAX_MESSAGE_BYTES && this.#data.length <= MAX_MESSAGE_BYTES) return;
    this.reset();
    throw new ResponseFormatError(
      'malformed_response',
      `a message of the event stream is longer than ${MAX_MESSAGE_BYTES} bytes`,
    );
  }
}

/** Where the line ends that holds `start`; `end` when it goes on. @hot */
function endOfLine(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end) {
    const byte = bytes[position]!;
    if (byte <= CR && (byte === LF || byte === CR)) break;
    position += 1;
  }
  return position;
}

function beginsWith(bytes: Uint8Array, start: number, end: number, wanted: ArrayLike<number>): boolean {
  if (end - start < wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[start + index] !== wanted[index]) return false;
  }
  return true;
}

/** Where the value of a field begins whose name ends at `nameEnd`: behind the colon and one space. */
function valueStart(line: Uint8Array, nameEnd: number, end: number): number {
  let from = nameEnd;
  if (from < end) from += 1;
  if (from < end && line[from] === SPACE) from += 1;
  return from;
}

function eventNamed(line: Uint8Array, start: number, end: number): number {
  if (start === end || isWord(line, start, end, MESSAGE)) return UNNAMED;
  return equals(line, start, end, ERROR) ? NAMED_ERROR : NAMED;
}

function isWord(bytes: Uint8Array, start: number, end: number, word: ArrayLike<number>): boolean {
  return end - start === word.length && beginsWith(bytes, start, end, word);
}
