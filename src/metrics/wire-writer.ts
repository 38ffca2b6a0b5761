import { Encoder } from '@msgpack/msgpack';
import type { ExactInteger, Json } from './snapshot.ts';

/**
 * Writes MessagePack whose numbers are typed: a whole double stays a double, where a general encoder makes an integer of
 * it. Integers, lengths and texts come in their smallest form.
 */
export class WireWriter {
  readonly #encoder = new Encoder({ useBigInt64: true });
  readonly #parts: Uint8Array[] = [];

  /** A whole number; past 64 bits it becomes a double. */
  int(value: ExactInteger): void {
    if (value > MAX_UINT64 || value < MIN_INT64) this.double(Number(value));
    else if (value >= -0x8000_0000 && value <= 0xffff_ffff)
      this.#parts.push(this.#encoder.encode(Number(value)));
    else this.#parts.push(this.#encoder.encode(BigInt(value)));
  }

  double(value: number): void {
    const bytes = new Uint8Array(9);
    bytes[0] = 0xcb;
    new DataView(bytes.buffer).setFloat64(1, value);
    this.#parts.push(bytes);
  }

  nil(): void {
    this.json(null);
  }

  text(text: string): void {
    this.json(text);
  }

  arrayHeader(length: number): void {
    this.#header(length, 0x90, 0xdc);
  }

  mapHeader(length: number): void {
    this.#header(length, 0x80, 0xde);
  }

  /** Any JSON value; its whole numbers are written as integers. */
  json(value: Json): void {
    this.#parts.push(this.#encoder.encode(value));
  }

  finish(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }

  #header(length: number, small: number, wide: number): void {
    if (length < 16) this.#parts.push(Uint8Array.of(small | length));
    else if (length < 0x1_0000) this.#parts.push(Uint8Array.of(wide, length >> 8, length & 0xff));
    else {
      const bytes = new Uint8Array(5);
      bytes[0] = wide + 1;
      new DataView(bytes.buffer).setUint32(1, length);
      this.#parts.push(bytes);
    }
  }
}

const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);
