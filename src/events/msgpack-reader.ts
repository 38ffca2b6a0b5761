import { WireFormatError } from './wire-format-error.ts';

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const SHORT_TEXT = 40;

/**
 * Reads MessagePack value by value without building objects. Throws {@link WireFormatError}: `DecodeError` for malformed
 * or truncated bytes, `ValidationError` for a value of another type than asked for.
 */
export class MsgpackReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at;
  }

  /** Throws when anything is left. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw new WireFormatError('DecodeError', `${left} bytes behind the value`);
  }

  /** Number of entries of the map that begins here. */
  mapHeader(): number {
    const marker = this.#peek();
    if (marker >> 4 === 0x8) return this.#take(1) & 0xf;
    if (marker === 0xde) return this.#sized(2);
    if (marker === 0xdf) return this.#sized(4);
    throw this.#wrong('a map');
  }

  text(): string {
    const marker = this.#peek();
    if (marker >> 5 === 0b101) return this.#text(this.#take(1) & 0x1f);
    if (marker === 0xd9) return this.#text(this.#sized(1));
    if (marker === 0xda) return this.#text(this.#sized(2));
    if (marker === 0xdb) return this.#text(this.#sized(4));
    throw this.#wrong('text');
  }

  /** Reads a nil if one is here. */
  nil(): boolean {
    if (this.#peek() !== 0xc0) return false;
    this.#take(1);
    return true;
  }

  /** A whole number of 64 bits; a double that is one counts. */
  int(): bigint {
    const at = this.#at + 1;
    const marker = this.#peek();
    if (marker < 0x80) return BigInt(this.#take(1));
    if (marker >= 0xe0) return BigInt(this.#take(1) - 0x100);
    switch (marker) {
      case 0xcc:
      case 0xcd:
      case 0xce:
        return BigInt(this.#sized(1 << (marker - 0xcc)));
      case 0xcf:
        this.#take(9);
        return this.#view.getBigUint64(at);
      case 0xd0:
        this.#take(2);
        return BigInt(this.#view.getInt8(at));
      case 0xd1:
        this.#take(3);
        return BigInt(this.#view.getInt16(at));
      case 0xd2:
        this.#take(5);
        return BigInt(this.#view.getInt32(at));
      case 0xd3:
        this.#take(9);
        return this.#view.getBigInt64(at);
      case 0xcb: {
        this.#need(9);
        const value = this.#view.getFloat64(at);
        if (!Number.isInteger(value)) throw this.#wrong('a whole number');
        this.#take(9);
        return BigInt(value);
      }
      default:
        throw this.#wrong('a whole number');
    }
  }

  /** Passes over the value here, whatever it is, and returns its bytes. */
  skip(): Uint8Array {
    const start = this.#at;
    for (let values = 1; values > 0; values--) values += this.#skipOne();
    return this.#bytes.subarray(start, this.#at);
  }

  /** Passes over one value and says how many values it contains. */
  #skipOne(): number {
    const marker = this.#peek();
    if (marker < 0x80 || marker >= 0xe0) return this.#pass(1);
    if (marker < 0x90) return 2 * (this.#take(1) & 0xf);
    if (marker < 0xa0) return this.#take(1) & 0xf;
    if (marker < 0xc0) return this.#pass(1 + (marker & 0x1f));
    switch (marker) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return this.#pass(1);
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#pass(this.#sized(1 << (marker - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#pass(1 + this.#sized(1 << (marker - 0xc7)));
      case 0xca:
        return this.#pass(5);
      case 0xcb:
        return this.#pass(9);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#pass(1 + (1 << (marker - 0xcc)));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.#pass(1 + (1 << (marker - 0xd0)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#pass(2 + (1 << (marker - 0xd4)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#pass(this.#sized(1 << (marker - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#sized(2 << (marker - 0xdc));
      case 0xde:
      case 0xdf:
        return 2 * this.#sized(2 << (marker - 0xde));
      default:
        throw new WireFormatError('DecodeError', `no value begins with ${hex(marker)} (byte ${this.#at})`);
    }
  }

  #pass(bytes: number): 0 {
    this.#need(bytes);
    this.#at += bytes;
    return 0;
  }

  #peek(): number {
    this.#need(1);
    return this.#view.getUint8(this.#at);
  }

  /** Passes over `bytes` and returns the first. */
  #take(bytes: number): number {
    this.#need(bytes);
    const first = this.#view.getUint8(this.#at);
    this.#at += bytes;
    return first;
  }

  /** Passes over a marker and the unsigned number of `bytes` behind it, which it returns. */
  #sized(bytes: number): number {
    const at = this.#at + 1;
    this.#take(1 + bytes);
    if (bytes === 1) return this.#view.getUint8(at);
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #text(bytes: number): string {
    this.#need(bytes);
    const start = this.#at;
    this.#at += bytes;
    return (bytes <= SHORT_TEXT && this.#shortAscii(start, this.#at)) || this.#utf8(start, this.#at);
  }

  /** A text if all its letters are ASCII, read faster than by a call out of JavaScript. */
  #shortAscii(start: number, end: number): string | undefined {
    let text = '';
    for (let at = start; at < end; at++) {
      const byte = this.#bytes[at]!;
      if (byte >= 0x80) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #utf8(start: number, end: number): string {
    try {
      return TEXT.decode(this.#bytes.subarray(start, end));
    } catch (error) {
      throw new WireFormatError('DecodeError', `text is no UTF-8 (byte ${start})`, { cause: error });
    }
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) throw new WireFormatError('DecodeError', 'input is truncated');
  }

  #wrong(wanted: string): WireFormatError {
    const marker = this.#peek();
    if (marker === 0xc1) return new WireFormatError('DecodeError', `no value begins with ${hex(marker)}`);
    return new WireFormatError(
      'ValidationError',
      `wanted ${wanted}, found a value that begins with ${hex(marker)}`,
    );
  }
}

function hex(marker: number): string {
  return `0x${marker.toString(16)}`;
}
