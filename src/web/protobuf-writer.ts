const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;

/**
 * Writes one protobuf message (https://protobuf.dev/programming-guides/encoding): fields in the order of the calls, each at the cost of
 * an append. Enough for messages that only go out.
 */
export class ProtobufWriter {
  readonly #bytes: number[] = [];

  /** A whole number from 0 to 2^53. */
  varint(field: number, value: number): this {
    this.#key(field, WIRE_VARINT);
    this.#varint(value);
    return this;
  }

  fixed64(field: number, value: bigint): this {
    this.#key(field, WIRE_FIXED64);
    this.#eight((view) => view.setBigUint64(0, value, true));
    return this;
  }

  double(field: number, value: number): this {
    this.#key(field, WIRE_FIXED64);
    this.#eight((view) => view.setFloat64(0, value, true));
    return this;
  }

  string(field: number, text: string): this {
    return this.#block(field, Buffer.from(text, 'utf8'));
  }

  message(field: number, write: (message: ProtobufWriter) => unknown): this {
    const message = new ProtobufWriter();
    write(message);
    return this.#block(field, message.#bytes);
  }

  packedFixed64(field: number, values: readonly bigint[]): this {
    const block = new DataView(new ArrayBuffer(8 * values.length));
    values.forEach((value, i) => block.setBigUint64(8 * i, value, true));
    return this.#block(field, new Uint8Array(block.buffer));
  }

  packedDoubles(field: number, values: readonly number[]): this {
    const block = new DataView(new ArrayBuffer(8 * values.length));
    values.forEach((value, i) => block.setFloat64(8 * i, value, true));
    return this.#block(field, new Uint8Array(block.buffer));
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #block(field: number, bytes: ArrayLike<number> & Iterable<number>): this {
    this.#key(field, WIRE_BYTES);
    this.#varint(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  #key(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes.push((rest % 0x80) + 0x80);
    this.#bytes.push(rest);
  }

  #eight(set: (view: DataView) => void): void {
    const view = new DataView(new ArrayBuffer(8));
    set(view);
    this.#bytes.push(...new Uint8Array(view.buffer));
  }
}
