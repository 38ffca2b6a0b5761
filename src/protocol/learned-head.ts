import { sameBytes, skipPrintable, WordView } from '../core/byte-words.ts';
import { ByteStore } from './byte-store.ts';
import type { ContentCoding } from './content-decoder.ts';
import { isBlank } from './ascii.ts';
import { type HeadFacts, headerKind, HeaderKind, type HttpHead } from './http-head.ts';
import { LearningPatience } from './learning-patience.ts';

const LF = 10;
const CR = 13;
const COLON = 58;
const FIRST_PRINTABLE = 32;
const ZERO = 48;
const NINE = 57;
/** So many digits are always exact in a number. */
const MAX_DIGITS = 15;

/** {@link LearnedHead.match} of what is not the learned head. */
export const NO_HEAD = -1;

/** A value cut out of the learned head. */
interface Variable {
  /** Of a Content-Length; else of a header that nobody reads. */
  readonly isLength: boolean;
  /** Where the fixed bytes before it end. */
  readonly fixedEnd: number;
}

/**
 * The head of a response with some values cut out, to tell a later head that differs in nothing else without reading it line by line.
 *
 * The heads of a server mostly repeat their bytes but for a date, an id and the length. One that has the learned bytes where they were and
 * no control character in the values between them says the same as the learned one, but for its length. Learned anew when heads
 * keep coming that do not match. One serves all connections to an endpoint.
 */
export class LearnedHead implements HeadFacts {
  status = 0;
  isChunked = false;
  isEventStream = false;
  keepsAlive = false;
  contentCoding: ContentCoding | undefined;
  /** Of the head that matched last. */
  contentLength = 0;
  /** What precedes the first variable, follows it, and so on. */
  readonly #fixed = new ByteStore(512);
  readonly #fixedView = new WordView();
  readonly #view = new WordView();
  readonly #patience = new LearningPatience();
  #variables: readonly Variable[] = [];

  /**
   * Where the head ends that begins at `start`, when it is the learned one with other values and lies in `buffer[start..end)` as
   * a whole; else {@link NO_HEAD}.
   * @hot
   */
  match(buffer: Uint8Array, start: number, end: number): number {
    const fixedLength = this.#fixed.length;
    if (fixedLength === 0 || end - start < fixedLength) return NO_HEAD;
    const fixed = this.#fixedView.of(this.#fixed.bytes);
    const bytes = this.#view.of(buffer);
    const variables = this.#variables;
    let position = start;
    let fixedStart = 0;
    for (let index = 0; index < variables.length; index++) {
      const { isLength, fixedEnd } = variables[index]!;
      const length = fixedEnd - fixedStart;
      if (position + length > end || !sameBytes(bytes, position, fixed, fixedStart, length)) return NO_HEAD;
      position = isLength
        ? this.#readLength(bytes, position + length, end)
        : endOfValue(bytes, position + length, end);
      fixedStart = fixedEnd;
    }
    const rest = fixedLength - fixedStart;
    if (position + rest > end || !sameBytes(bytes, position, fixed, fixedStart, rest)) return NO_HEAD;
    this.#patience.matched();
    return position + rest;
  }

  /** The head in `buffer[start..end)` did not match and was read to say `head`: learns it, if heads like it keep coming. */
  learn(buffer: Uint8Array, start: number, end: number, head: HttpHead): void {
    // Of a failure more is read than is kept here.
    if (head.status >= 300 || !this.#patience.missed()) return;
    this.#patience.learned();
    this.status = head.status;
    this.isChunked = head.isChunked;
    this.isEventStream = head.isEventStream;
    this.keepsAlive = head.keepsAlive;
    this.contentCoding = head.contentCoding;
    this.contentLength = head.contentLength;
    this.#fixed.clear();
    const variables: Variable[] = [];
    let copied = start;
    for (let line = buffer.indexOf(LF, start) + 1; line < end; line = buffer.indexOf(LF, line) + 1) {
      const variable = variableIn(buffer, line, buffer.indexOf(LF, line));
      if (variable === undefined) continue;
      this.#fixed.append(buffer, copied, variable.start);
      variables.push({ isLength: variable.isLength, fixedEnd: this.#fixed.length });
      copied = variable.end;
    }
    this.#fixed.append(buffer, copied, end);
    this.#variables = variables;
    // Two lengths must be the same, which is not looked at here.
    if (variables.filter(({ isLength }) => isLength).length > 1) this.#fixed.clear();
  }

  /** Takes the digits that begin at `start`; where they end, or behind `end` when there are none or too many. */
  #readLength(bytes: DataView, start: number, end: number): number {
    let position = start;
    let length = 0;
    for (; position < end; position++) {
      const digit = bytes.getUint8(position) - ZERO;
      if (digit < 0 || digit > NINE - ZERO) break;
      length = 10 * length + digit;
    }
    this.contentLength = length;
    const digits = position - start;
    return digits === 0 || digits > MAX_DIGITS ? end + 1 : position;
  }
}

interface Place {
  readonly isLength: boolean;
  readonly start: number;
  readonly end: number;
}

/** The value in the header line `bytes[start..lineFeed)` that may differ; `undefined` for a line that must stay as it is. */
function variableIn(bytes: Uint8Array, start: number, lineFeed: number): Place | undefined {
  const end = bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
  if (end <= start) return undefined;
  const colon = bytes.indexOf(COLON, start);
  const kind = headerKind(bytes, start, colon);
  if (kind === HeaderKind.other) return { isLength: false, start: colon + 1, end };
  if (kind !== HeaderKind.contentLength) return undefined;
  let digits = colon + 1;
  while (isBlank(bytes[digits]!)) digits += 1;
  let digitsEnd = end;
  while (isBlank(bytes[digitsEnd - 1]!)) digitsEnd -= 1;
  return { isLength: true, start: digits, end: digitsEnd };
}

/** Where the value ends that begins at `start`: at the first control character. */
function endOfValue(bytes: DataView, start: number, end: number): number {
  let position = skipPrintable(bytes, start, end);
  while (position < end && bytes.getUint8(position) >= FIRST_PRINTABLE) position += 1;
  return position;
}
