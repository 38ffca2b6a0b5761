const INITIAL_BYTES = 512;

/** Longest text whose header is one byte. */
const SHORT_TEXT = 31;

/** Up to here a loop is cheaper than the view that `set` needs. */
const COPIED_BYTE_BY_BYTE = 256;

/** Deepest nesting of a value that is written; an endpoint may send any depth. */
export const MAX_DEPTH = 256;

/**
 * Writes MessagePack as msgspec does, byte for byte: each integer and length in its smallest form, map keys as text.
 *
 * One growing buffer, reused from message to message: read it by {@link written} and begin anew by {@link clear}, or do both by
 * {@link finish}, which hands out an exact copy. Lone surrogates of a text become U+FFFD.
 */
export class MsgpackWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;

  /** Bytes written since the last `clear`. */
  get length(): number {
    return this.#length;
  }

  /** What was written since the last `clear`; valid until more is. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  nil(): void {
    this.#byte(0xc0);
  }

  text(text: string): void {
    this.#reserve(5 + 3 * text.length);
    if (text.length <= SHORT_TEXT && this.#shortAscii(text)) return;
    const start = this.#length;
    const guess = textHeaderBytes(text.length);
    const bytes = this.#bytes.write(text, start + guess);
    const actual = textHeaderBytes(bytes);
    if (actual !== guess) this.#bytes.copyWithin(start + actual, start + guess, start + guess + bytes);
    if (bytes < 32) this.#bytes[this.#length++] = 0xa0 | bytes;
    else this.#sized(bytes, 0xd9, 0xda, 0xdb);
    this.#length += bytes;
  }

  /**
   * A text given as the valid UTF-8 it is written as, which lies elsewhere.
   * @hot
   */
  utf8(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#reserve(5 + length);
    if (length <= SHORT_TEXT) this.#bytes[this.#length++] = 0xa0 | length;
    else this.#sized(length, 0xd9, 0xda, 0xdb);
    if (length <= COPIED_BYTE_BY_BYTE) {
      const bytes = this.#bytes;
      let at = this.#length;
      for (let from = start; from < end; from++) bytes[at++] = source[from]!;
    } else this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length += length;
  }

  /** A whole number of 64 bits, signed or unsigned. */
  int(value: number | bigint): void {
    this.#reserve(9);
    if (typeof value === 'bigint') {
      if (value > MAX_SAFE || value < -MAX_SAFE) this.#wideInt(value);
      else this.int(Number(value));
    } else if (value >= 0) this.#unsigned(value);
    else this.#negative(value);
  }

  double(value: number): void {
    this.#reserve(9);
    this.#bytes[this.#length] = 0xcb;
    this.#length = this.#bytes.writeDoubleBE(value, this.#length + 1);
  }

  arrayHeader(length: number): void {
    this.#reserve(5);
    if (length < 16) this.#bytes[this.#length++] = 0x90 | length;
    else this.#sized(length, undefined, 0xdc, 0xdd);
  }

  mapHeader(entries: number): void {
    this.#reserve(5);
    if (entries < 16) this.#bytes[this.#length++] = 0x80 | entries;
    else this.#sized(entries, undefined, 0xde, 0xdf);
  }

  /** Bytes that are MessagePack already. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /**
   * Any JSON value. Never throws: entries of an object that are `undefined` or named `__proto__` (which readers refuse) are
   * left out, other things that JSON lacks become null, and so does what is nested deeper than {@link MAX_DEPTH}.
   */
  value(value: unknown, depth = 0): void {
    if (typeof value === 'string') this.text(value);
    else if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) this.int(value);
      else this.double(value);
    } else if (typeof value === 'bigint') this.int(value);
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2);
    else if (typeof value !== 'object' || value === null || depth === MAX_DEPTH) this.nil();
    else if (Array.isArray(value)) {
      this.arrayHeader(value.length);
      for (const item of value) this.value(item, depth + 1);
    } else {
      const entries = Object.entries(value).filter(isWritten);
      this.mapHeader(entries.length);
      for (const [key, item] of entries) {
        this.text(key);
        this.value(item, depth + 1);
      }
    }
  }

  /** What was written, as an array of its own; begins anew. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.written());
    this.clear();
    return bytes;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Writes a text of at most {@link SHORT_TEXT} letters if all are ASCII, faster than a call out of JavaScript. */
  #shortAscii(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = 0xa0 | text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #unsigned(value: number): void {
    if (value < 0x80) this.#bytes[this.#length++] = value;
    else if (value <= 0xffff_ffff) this.#sized(value, 0xcc, 0xcd, 0xce);
    else {
      this.#bytes[this.#length] = 0xcf;
      this.#length = this.#bytes.writeUInt32BE(Math.floor(value / 2 ** 32), this.#length + 1);
      this.#length = this.#bytes.writeUInt32BE(value % 2 ** 32, this.#length);
    }
  }

  #negative(value: number): void {
    if (value >= -32) this.#bytes[this.#length++] = 0x100 + value;
    else if (value >= -0x80) {
      this.#bytes[this.#length++] = 0xd0;
      this.#length = this.#bytes.writeInt8(value, this.#length);
    } else if (value >= -0x8000) {
      this.#bytes[this.#length++] = 0xd1;
      this.#length = this.#bytes.writeInt16BE(value, this.#length);
    } else if (value >= -0x8000_0000) {
      this.#bytes[this.#length++] = 0xd2;
      this.#length = this.#bytes.writeInt32BE(value, this.#length);
    } else this.#wideInt(BigInt(value));
  }

  #wideInt(value: bigint): void {
    if (value < 0n) {
      this.#bytes[this.#length++] = 0xd3;
      this.#length = this.#bytes.writeBigInt64BE(value, this.#length);
    } else {
      this.#bytes[this.#length++] = 0xcf;
      this.#length = this.#bytes.writeBigUInt64BE(value, this.#length);
    }
  }

  /** A marker and a number of 1, 2 or 4 bytes behind it, the smallest that has a marker. */
  #sized(value: number, one: number | undefined, two: number, four: number): void {
    if (value <= 0xff && one !== undefined) {
      this.#bytes[this.#length++] = one;
      this.#bytes[this.#length++] = value;
    } else if (value <= 0xffff) {
      this.#bytes[this.#length++] = two;
      this.#length = this.#bytes.writeUInt16BE(value, this.#length);
    } else {
      this.#bytes[this.#length++] = four;
      this.#length = this.#bytes.writeUInt32BE(value, this.#length);
    }
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function isWritten([key, item]: [string, unknown]): boolean {
  return item !== undefined && key !== '__proto__';
}

function textHeaderBytes(bytes: number): number {
  if (bytes < 32) return 1;
  if (bytes <= 0xff) return 2;
  return bytes <= 0xffff ? 3 : 5;
}
