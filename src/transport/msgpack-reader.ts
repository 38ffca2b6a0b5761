import { MAX_DEPTH } from './msgpack-writer.ts';

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Texts of up to so many bytes are read without a call out of JavaScript. */
const SHORT_TEXT = 40;

/** The errors of whoever reads. */
export interface ReadFaults {
  /** For bytes that are no MessagePack, or end too early. */
  malformed(message: string, cause?: unknown): Error;
  /** For a value of another type than asked for. */
  unexpected(message: string): Error;
}

/** A number as it was written: `isDouble` tells 5.0 from 5. An integer is a bigint only beyond 2^53. */
export interface WireNumber {
  readonly isDouble: boolean;
  readonly value: number | bigint;
}

/**
 * Reads MessagePack value by value: no more is built than asked for, and a number tells whether it was an integer or a double.
 *
 * Each method that reads a value throws when the next one is another than asked for, or the bytes end.
 */
export class MsgpackReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #faults: ReadFaults;
  #at = 0;

  constructor(bytes: Uint8Array, faults: ReadFaults) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#faults = faults;
  }

  /** Throws when anything is left. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw this.#faults.malformed(`${left} bytes behind the value`);
  }

  /** Number of elements of the array that begins here; there are bytes for as many. */
  arrayHeader(): number {
    return this.#backed(this.#length(0x90, 0xdc)) ?? this.#wrong('an array');
  }

  /** Number of entries that the map which begins here says it has. */
  mapHeader(): number {
    return this.#length(0x80, 0xde) ?? this.#wrong('a map');
  }

  /** Reads a nil if one is here. */
  nil(): boolean {
    if (this.#peek() !== 0xc0) return false;
    this.#at += 1;
    return true;
  }

  text(): string {
    const marker = this.#peek();
    if (!isText(marker)) this.#wrong('text');
    const bytes = this.#textBytes(marker);
    const start = this.#at;
    this.#pass(bytes);
    return (bytes <= SHORT_TEXT && this.#shortAscii(start, this.#at)) || this.#utf8(start, this.#at);
  }

  number(): WireNumber {
    return this.#number('a number');
  }

  /** An integer of 64 bits; a double is none, even 5.0. */
  int(): bigint {
    const start = this.#at;
    const { isDouble, value } = this.#number('a whole number');
    if (isDouble) {
      this.#at = start;
      this.#wrong('a whole number');
    }
    return BigInt(value);
  }

  /** Any value that JSON has, nested no deeper than {@link MAX_DEPTH}; integers beyond 2^53 become doubles. */
  value(depth = 0): unknown {
    const marker = this.#peek();
    if (marker === 0xc2 || marker === 0xc3) {
      this.#at += 1;
      return marker === 0xc3;
    }
    if (this.nil()) return null;
    if (isText(marker)) return this.text();
    const items = this.#backed(this.#length(0x90, 0xdc));
    if (items !== undefined) return Array.from({ length: items }, () => this.#inner(depth));
    const entries = this.#backed(this.#length(0x80, 0xde));
    if (entries === undefined) return Number(this.#number('a value of JSON').value);
    return Object.fromEntries(Array.from({ length: entries }, () => [this.text(), this.#inner(depth)]));
  }

  /** Passes over the value here, whatever it is, and returns its bytes. */
  skip(): Uint8Array {
    const start = this.#at;
    for (let values = 1; values > 0; values--) values += this.#skipOne();
    return this.#bytes.subarray(start, this.#at);
  }

  /** What a value at this depth contains. */
  #inner(depth: number): unknown {
    if (depth === MAX_DEPTH) throw this.#faults.malformed(`nesting deeper than ${MAX_DEPTH}`);
    return this.value(depth + 1);
  }

  /** Passes over one value and says how many values it contains. */
  #skipOne(): number {
    const marker = this.#peek();
    const items = this.#length(0x90, 0xdc);
    if (items !== undefined) return items;
    const entries = this.#length(0x80, 0xde);
    if (entries !== undefined) return 2 * entries;
    if (isText(marker)) this.#pass(this.#textBytes(marker));
    else if (marker < 0x80 || marker >= 0xe0 || marker === 0xc0 || marker === 0xc2 || marker === 0xc3) {
      this.#pass(1);
    } else if (marker >= 0xc4 && marker <= 0xc6) this.#pass(this.#sized(1 << (marker - 0xc4)));
    else if (marker >= 0xc7 && marker <= 0xc9) this.#pass(1 + this.#sized(1 << (marker - 0xc7)));
    else if (marker === 0xca || marker === 0xcb) this.#pass(marker === 0xca ? 5 : 9);
    else if (marker >= 0xcc && marker <= 0xd3) this.#pass(1 + (1 << (marker & 3)));
    else if (marker >= 0xd4 && marker <= 0xd8) this.#pass(2 + (1 << (marker - 0xd4)));
    else throw this.#noValue(marker);
    return 0;
  }

  #number(wanted: string): WireNumber {
    const marker = this.#peek();
    const at = this.#at + 1;
    if (marker < 0x80 || marker >= 0xe0) {
      this.#at += 1;
      return integer(marker < 0x80 ? marker : marker - 0x100);
    }
    if (marker < 0xca || marker > 0xd3) this.#wrong(wanted);
    const bytes = marker === 0xca ? 4 : marker === 0xcb ? 8 : 1 << (marker & 3);
    this.#pass(1 + bytes);
    switch (marker) {
      case 0xca:
        return { isDouble: true, value: this.#view.getFloat32(at) };
      case 0xcb:
        return { isDouble: true, value: this.#view.getFloat64(at) };
      case 0xcf:
        return integer(this.#view.getBigUint64(at));
      case 0xd0:
        return integer(this.#view.getInt8(at));
      case 0xd1:
        return integer(this.#view.getInt16(at));
      case 0xd2:
        return integer(this.#view.getInt32(at));
      case 0xd3:
        return integer(this.#view.getBigInt64(at));
      default:
        return integer(this.#unsigned(at, bytes));
    }
  }

  /** Reads an array or map header whose markers these are; `undefined` when the next value is another. */
  #length(small: number, wide: number): number | undefined {
    const marker = this.#peek();
    if (marker === wide || marker === wide + 1) return this.#sized(2 << (marker - wide));
    if (marker < small || marker >= small + 16) return undefined;
    this.#at += 1;
    return marker - small;
  }

  /** Each item takes a byte at least: a false length must not become a huge array. */
  #backed(length: number | undefined): number | undefined {
    if (length !== undefined && length > this.#bytes.length - this.#at) throw this.#truncated();
    return length;
  }

  /** Passes over the header of a text and returns its length. */
  #textBytes(marker: number): number {
    if (marker >= 0xd9) return this.#sized(1 << (marker - 0xd9));
    this.#at += 1;
    return marker & 0x1f;
  }

  /** Passes over a marker and the unsigned number of `bytes` behind it, which it returns. */
  #sized(bytes: number): number {
    const at = this.#at + 1;
    this.#pass(1 + bytes);
    return this.#unsigned(at, bytes);
  }

  #unsigned(at: number, bytes: number): number {
    if (bytes === 1) return this.#view.getUint8(at);
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** A text if all its letters are ASCII. */
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
      throw this.#faults.malformed(`text is no UTF-8 (byte ${start})`, error);
    }
  }

  #peek(): number {
    return this.#bytes[this.#at] ?? this.#endsHere();
  }

  #pass(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) throw this.#truncated();
    this.#at += bytes;
  }

  #endsHere(): never {
    throw this.#truncated();
  }

  #truncated(): Error {
    return this.#faults.malformed('input is truncated');
  }

  #noValue(marker: number): Error {
    return this.#faults.malformed(`no value begins with ${hex(marker)} (byte ${this.#at})`);
  }

  #wrong(wanted: string): never {
    const marker = this.#peek();
    if (marker === 0xc1) throw this.#noValue(marker);
    throw this.#faults.unexpected(
      `expected ${wanted}, got a value that begins with ${hex(marker)} (byte ${this.#at})`,
    );
  }
}

function integer(value: number | bigint): WireNumber {
  const number = Number(value);
  return { isDouble: false, value: Number.isSafeInteger(number) ? number : value };
}

function isText(marker: number): boolean {
  return marker >> 5 === 0b101 || (marker >= 0xd9 && marker <= 0xdb);
}

function hex(marker: number): string {
  return `0x${marker.toString(16)}`;
}
