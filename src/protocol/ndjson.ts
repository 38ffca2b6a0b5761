import { skipPrintable, WordView } from '../core/byte-words.ts';
import { ResponseFormatError } from './adapter.ts';
import { ByteStore } from './byte-store.ts';
import { isBlankMessage } from './control-message.ts';
import type { FrameParser, FrameSink, Framing } from './framing.ts';
import { jsonObjectIn } from './json.ts';
import type { MemoryAccount } from './response-memory.ts';
import { MAX_MESSAGE_BYTES } from './sse.ts';

const LF = 10;

/**
 * Finds the lines of a stream of JSON objects, one a line (NDJSON). Blank lines are skipped; the last line may lack its line feed if it is a
 * whole object. A line that lies in one read is handed on where it lies. Cost: one pass over the bytes, no allocation.
 */
export class NdjsonParser implements FrameParser {
  readonly #sink: FrameSink;
  /** The beginning of a line that the last read cut off. */
  readonly #line: ByteStore;
  readonly #words: WordView;

  constructor(sink: FrameSink, words = new WordView(), account?: MemoryAccount) {
    this.#sink = sink;
    this.#line = new ByteStore(1024, account);
    this.#words = words;
  }

  reset(): void {
    this.#line.clear();
  }

  /** @hot */
  feed(buffer: Uint8Array, start: number, end: number): void {
    const view = this.#words.of(buffer);
    let lineStart = start;
    for (let at = start; at < end; at++) {
      at = skipPrintable(view, at, end);
      if (at >= end) break;
      if (buffer[at] !== LF) continue;
      this.#endLine(buffer, lineStart, at);
      lineStart = at + 1;
    }
    if (lineStart >= end) return;
    this.#line.append(buffer, lineStart, end);
    if (this.#line.length > MAX_MESSAGE_BYTES) throw tooLong();
  }

  finish(): void {
    const { bytes, length } = this.#line;
    if (length > 0) {
      const isWhole = jsonObjectIn(bytes, 0, length) !== undefined;
      if (isWhole) this.#sink.onMessage(bytes, 0, length, false);
      else this.#sink.onLooseData(bytes, 0, length);
    }
    this.reset();
  }

  #endLine(buffer: Uint8Array, start: number, end: number): void {
    const line = this.#line;
    if (line.length === 0) {
      this.#tell(buffer, start, end);
      return;
    }
    line.append(buffer, start, end);
    const { bytes, length } = line;
    line.clear();
    this.#tell(bytes, 0, length);
  }

  #tell(buffer: Uint8Array, start: number, end: number): void {
    if (!isBlankMessage(buffer, start, end)) this.#sink.onMessage(buffer, start, end, false);
  }
}

/** A whole response is a line too, so only the request tells a stream. */
export const NDJSON: Framing = {
  createParser: (sink, words, account) => new NdjsonParser(sink, words, account),
  isStream: (_buffer, _start, _end, _saysStream, isRequested) => isRequested,
};

function tooLong(): ResponseFormatError {
  return new ResponseFormatError(
    'malformed_response',
    `a line of the stream is longer than ${MAX_MESSAGE_BYTES} bytes`,
  );
}
