import { ResponseFormatError } from './adapter.ts';
import { ByteStore } from './byte-store.ts';
import { skipPrintable, WordView } from '../core/byte-words.ts';

/** Where the data of messages goes: `buffer[start..end)`, only valid during the call. A sink must not throw. */
export interface SseSink {
  onMessage(buffer: Uint8Array, start: number, end: number): void;
}

/** Most bytes of one message's data (and of one line) before the stream is given up. */
export const MAX_MESSAGE_BYTES = 2 ** 26;

const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;
const FIELD_BYTES = 4;

/** No data of the current message yet. */
const NOWHERE = 0;
const IN_READ = 1;
const STORED = 2;

/**
 * Finds the messages of a server-sent event stream (WHATWG HTML §9.2) as its bytes arrive, however they are cut.
 *
 * Lines end at LF, CR LF or CR; a CR ends its line at once, also as the last byte of a read. Lines of data within one message are joined
 * by LF; comments and fields other than `data` are skipped, so is a byte order mark at the start. A message that lies in one
 * read is handed on where it lies; one that was cut is joined in a buffer that is reused. Cost: one pass over the bytes,
 * no allocation.
 *
 * Departs from the standard in `finish`: a message the stream does not end is delivered, not dropped, as streams of
 * language models are wont to end so.
 */
export class SseParser {
  readonly #sink: SseSink;
  /** The beginning of a line that the last read cut off. */
  readonly #line = new ByteStore(1024);
  /** The data of the current message, unless it is a single line that lies whole in the current read. */
  readonly #data = new ByteStore(1024);
  readonly #words: WordView;
  /** `#line` holds something. */
  #hasPart = false;
  #place = NOWHERE;
  /** Where the data lies in the current read, if it does. */
  #start = 0;
  #end = 0;
  #isFirstLine = true;
  #skipsLineFeed = false;

  /** `words` may be shared by all parsers of a thread; best by those that read from the same buffer. */
  constructor(sink: SseSink, words = new WordView()) {
    this.#sink = sink;
    this.#words = words;
  }

  /** Forgets everything, for use on a new stream. */
  reset(): void {
    this.#line.clear();
    this.#hasPart = false;
    this.#data.clear();
    this.#place = NOWHERE;
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

  /** The stream has ended: delivers a message that no empty line ended, and forgets everything. */
  finish(): void {
    const { bytes, length } = this.#line;
    if (length > 0) this.#takeLine(bytes, 0, length, false);
    this.#dispatch(this.#data.bytes);
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
    if (!beginsWithData(line, start, end)) return;
    let from = start + FIELD_BYTES;
    if (from < end) {
      if (line[from] !== COLON) return;
      from += 1;
      if (from < end && line[from] === SPACE) from += 1;
    }
    this.#takeData(line, from, end, isInRead);
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
    this.#place = NOWHERE;
    if (place === IN_READ) this.#sink.onMessage(read, this.#start, this.#end);
    if (place === STORED) {
      const { bytes, length } = this.#data;
      this.#data.clear();
      this.#sink.onMessage(bytes, 0, length);
    }
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

function beginsWithData(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= FIELD_BYTES &&
    bytes[start] === 0x64 &&
    bytes[start + 1] === 0x61 &&
    bytes[start + 2] === 0x74 &&
    bytes[start + 3] === 0x61
  );
}

function beginsWith(bytes: Uint8Array, start: number, end: number, wanted: readonly number[]): boolean {
  if (end - start < wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[start + index] !== wanted[index]) return false;
  }
  return true;
}
