const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const QUOTE = 0x22;
const PERCENT = 0x25;
const LETTER_U = 0x75;
/** Occurs in no UTF-8. */
const BREAK = 0xff;
/** JSON within JSON within JSON; an escape behind more of them is none. */
const MOST_BACKSLASHES = 7;
/** Most bytes of an escape: the backslashes, `u` and four digits. */
export const MOST_ESCAPE_BYTES = MOST_BACKSLASHES + 5;
const INITIAL_BYTES = 1024;

/**
 * Pieces of text as a reader of JSON or of a URL sees them put together, and where each byte of it comes from: `\/`, `\u002f` and `%2F`
 * are one slash, behind any number of backslashes, as JSON within JSON has them, and wherever the pieces were cut. Made once and
 * used again; about 20 ns a byte.
 */
export class UnescapedText {
  #pieces = Buffer.alloc(INITIAL_BYTES);
  /** Where each byte of the pieces stands in its source. */
  #sources = new Uint32Array(INITIAL_BYTES);
  #piecesLength = 0;
  #bytes = Buffer.alloc(INITIAL_BYTES);
  /** Where each byte begins in the pieces; it ends where the next one begins. */
  #starts = new Uint32Array(INITIAL_BYTES + 1);
  #length = 0;

  clear(): void {
    this.#piecesLength = 0;
  }

  /** Adds `source[start..end)`. All pieces come from one source. */
  add(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#makeRoom(length);
    this.#pieces.set(source.subarray(start, end), this.#piecesLength);
    for (let index = 0; index < length; index++) this.#sources[this.#piecesLength + index] = start + index;
    this.#piecesLength += length;
  }

  /** The next piece does not belong to the one before. */
  break(): void {
    this.#makeRoom(1);
    this.#pieces[this.#piecesLength] = BREAK;
    this.#sources[this.#piecesLength] = 0;
    this.#piecesLength += 1;
  }

  /** All pieces, unescaped: a view, valid until the next call. */
  unescape(): Buffer {
    this.#length = 0;
    for (let at = 0; at < this.#piecesLength;) at = this.#take(at);
    this.#starts[this.#length] = this.#piecesLength;
    return this.#bytes.subarray(0, this.#length);
  }

  /** Overwrites in `source` what bytes `start` to `end` of the unescaped text come from. */
  fill(source: Uint8Array, start: number, end: number, byte: number): void {
    for (let at = this.#starts[start]!; at < this.#starts[end]!; at++) source[this.#sources[at]!] = byte;
  }

  /** Takes the byte or the escape that begins at `at` of the pieces and says where it ends. */
  #take(at: number): number {
    const byte = this.#pieces[at]!;
    if (byte === PERCENT) {
      const code = this.#hex(at + 1, at + 3);
      if (code !== undefined) return this.#push(code, at, at + 3);
    }
    if (byte === BACKSLASH) {
      let behind = at + 1;
      while (behind < at + MOST_BACKSLASHES && this.#pieces[behind] === BACKSLASH) behind += 1;
      const letter = behind < this.#piecesLength ? this.#pieces[behind] : undefined;
      if (letter === SLASH || letter === QUOTE) return this.#push(letter, at, behind + 1);
      const code = letter === LETTER_U ? this.#hex(behind + 1, behind + 5) : undefined;
      if (code !== undefined && code < 0x80) return this.#push(code, at, behind + 5);
    }
    return this.#push(byte, at, at + 1);
  }

  #push(byte: number, start: number, end: number): number {
    this.#bytes[this.#length] = byte;
    this.#starts[this.#length] = start;
    this.#length += 1;
    return end;
  }

  #hex(start: number, end: number): number | undefined {
    if (end > this.#piecesLength) return undefined;
    const digits = this.#pieces.toString('latin1', start, end);
    return /^[\da-f]+$/i.test(digits) ? Number.parseInt(digits, 16) : undefined;
  }

  #makeRoom(bytes: number): void {
    const wanted = this.#piecesLength + bytes;
    if (wanted <= this.#pieces.length) return;
    const room = Math.max(wanted, 2 * this.#pieces.length);
    this.#pieces = Buffer.concat([this.#pieces], room);
    this.#bytes = Buffer.alloc(room);
    const sources = new Uint32Array(room);
    sources.set(this.#sources);
    this.#sources = sources;
    this.#starts = new Uint32Array(room + 1);
  }
}

/** Finds the places in `source` where an escape may begin, in ascending order. */
export class EscapeFinder {
  readonly #source: Buffer;
  #backslash = -1;
  #percent = -1;

  constructor(source: Buffer) {
    this.#source = source;
  }

  /** The first from `at` on, which never goes back; Infinity for none. */
  next(at: number): number {
    if (this.#backslash < at) this.#backslash = this.#find(BACKSLASH, at);
    if (this.#percent < at) this.#percent = this.#find(PERCENT, at);
    return Math.min(this.#backslash, this.#percent);
  }

  #find(byte: number, at: number): number {
    const found = this.#source.indexOf(byte, at);
    return found < 0 ? Infinity : found;
  }
}
