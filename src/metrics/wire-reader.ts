import type { ExactInteger, Json } from './snapshot.ts';

/** Bytes that are no snapshot: malformed MessagePack, or well-formed and of another shape. */
export class SnapshotWireError extends Error {
  override readonly name = 'SnapshotWireError';
}

/** A number as the wire had it: `isDouble` tells 5.0 from 5. */
export interface WireNumber {
  readonly isDouble: boolean;
  readonly value: ExactInteger;
}

/**
 * Reads MessagePack value by value and keeps what a general decoder forgets: whether a number was an integer or a double.
 *
 * Every method throws {@link SnapshotWireError} when the next value is another than asked for, or the bytes end.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  arrayLength(): number {
    return this.#length(0x90, 0xdc) ?? this.#unexpected('an array');
  }

  mapLength(): number {
    return this.#length(0x80, 0xde) ?? this.#unexpected('a map');
  }

  /** Whether the next value is nil; reads it if so. */
  nil(): boolean {
    if (this.#peek() !== 0xc0) return false;
    this.#position += 1;
    return true;
  }

  text(): string {
    const marker = this.#peek();
    if (marker >= 0xa0 && marker <= 0xbf) {
      this.#position += 1;
      return this.#utf8(marker & 0x1f);
    }
    if (marker < 0xd9 || marker > 0xdb) this.#unexpected('a text');
    this.#position += 1;
    return this.#utf8(this.#unsigned(2 ** (marker - 0xd9)));
  }

  number(): WireNumber {
    const marker = this.#peek();
    this.#position += 1;
    if (marker <= 0x7f) return { isDouble: false, value: marker };
    if (marker >= 0xe0) return { isDouble: false, value: marker - 0x100 };
    if (marker === 0xca || marker === 0xcb)
      return { isDouble: true, value: this.#double(marker === 0xca ? 4 : 8) };
    if (marker >= 0xcc && marker <= 0xce)
      return { isDouble: false, value: this.#unsigned(2 ** (marker - 0xcc)) };
    if (marker >= 0xd0 && marker <= 0xd2)
      return { isDouble: false, value: this.#signed(2 ** (marker - 0xd0)) };
    if (marker === 0xcf) return { isDouble: false, value: narrowed(this.#view.getBigUint64(this.#take(8))) };
    if (marker === 0xd3) return { isDouble: false, value: narrowed(this.#view.getBigInt64(this.#take(8))) };
    this.#position -= 1;
    return this.#unexpected('a number');
  }

  /** Any value that JSON has; big integers become doubles. */
  json(): Json {
    const marker = this.#peek();
    if (marker === 0xc2 || marker === 0xc3) {
      this.#position += 1;
      return marker === 0xc3;
    }
    if (this.nil()) return null;
    const items = this.#length(0x90, 0xdc);
    if (items !== undefined) return Array.from({ length: items }, () => this.json());
    const entries = this.#length(0x80, 0xde);
    if (entries !== undefined) {
      return Object.fromEntries(Array.from({ length: entries }, () => [this.text(), this.json()]));
    }
    if ((marker >= 0xa0 && marker <= 0xbf) || (marker >= 0xd9 && marker <= 0xdb)) return this.text();
    return Number(this.number().value);
  }

  /** Throws unless all bytes are read. */
  end(): void {
    if (this.#position < this.#bytes.length) {
      throw new SnapshotWireError(`${this.#bytes.length - this.#position} bytes too many`);
    }
  }

  /** Reads an array or map header whose markers these are; `undefined` when the next value is another. */
  #length(small: number, wide: number): number | undefined {
    const marker = this.#peek();
    const isSmall = marker >= small && marker < small + 16;
    if (!isSmall && marker !== wide && marker !== wide + 1) return undefined;
    this.#position += 1;
    const length = isSmall ? marker - small : this.#unsigned(marker === wide ? 2 : 4);
    // Each item takes a byte at least: a false length must not become a huge array.
    if (length > this.#bytes.length - this.#position) throw new SnapshotWireError('truncated');
    return length;
  }

  #utf8(length: number): string {
    const start = this.#take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes.subarray(start, start + length));
    } catch (error) {
      throw new SnapshotWireError(`text at byte ${start} is not UTF-8`, { cause: error });
    }
  }

  #unsigned(bytes: number): number {
    const at = this.#take(bytes);
    if (bytes === 1) return this.#view.getUint8(at);
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #signed(bytes: number): number {
    const at = this.#take(bytes);
    if (bytes === 1) return this.#view.getInt8(at);
    return bytes === 2 ? this.#view.getInt16(at) : this.#view.getInt32(at);
  }

  #double(bytes: number): number {
    const at = this.#take(bytes);
    return bytes === 4 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
  }

  #peek(): number {
    return this.#bytes[this.#position] ?? this.#unexpected('a value');
  }

  #take(bytes: number): number {
    const start = this.#position;
    if (start + bytes > this.#bytes.length)
      throw new SnapshotWireError(`truncated at byte ${this.#bytes.length}`);
    this.#position += bytes;
    return start;
  }

  #unexpected(wanted: string): never {
    const marker = this.#bytes[this.#position];
    const found = marker === undefined ? 'the end' : `marker 0x${marker.toString(16)}`;
    throw new SnapshotWireError(`byte ${this.#position}: found ${found}, wanted ${wanted}`);
  }
}

function narrowed(value: bigint): ExactInteger {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
