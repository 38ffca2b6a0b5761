const NIL = 0xc0;
const UINT8 = 0xcc;
const UINT16 = 0xcd;
const UINT32 = 0xce;
const UINT64 = 0xcf;
const INT8 = 0xd0;
const INT16 = 0xd1;
const INT32 = 0xd2;
const FIRST_NEGATIVE = 0xe0;
/** Of an array whose length stands in its marker. */
const MOST = 15;

/**
 * Reads the extras of a record of ours from a MessagePack array: nil, which is unknown (NaN), and whole numbers in the forms our writer has for them.
 * Makes no object. Some 5 ns a number.
 */
export class ExtrasReader {
  /** What was found last, the first {@link count} of it. */
  readonly values = new Float64Array(MOST);
  #count = 0;
  readonly #originHigh: number;
  readonly #originLow: number;

  constructor(originNs: bigint) {
    this.#originHigh = Number(originNs >> 32n);
    this.#originLow = Number(BigInt.asUintN(32, originNs));
  }

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  /**
   * Where the array at `at` ends; -1 when it is none that ends by `end`, or holds anything else. `timeAt`: which number is a time, and is told since
   * the origin; -1 for none. @hot
   */
  endOf(view: DataView, at: number, end: number, timeAt: number): number {
    if (at >= end) return -1;
    const marker = view.getUint8(at);
    if (marker >> 4 !== 0x9) return -1;
    const count = marker & 0xf;
    let position = at + 1;
    for (let i = 0; i < count; i++) {
      if (position >= end) return -1;
      const bytes = bytesOf(view.getUint8(position));
      if (bytes === 0 || position + bytes > end) return -1;
      const value = i === timeAt ? this.#timeAt(view, position) : numberAt(view, position);
      // NaN is what nil becomes; only that may.
      if (!Number.isSafeInteger(value) && view.getUint8(position) !== NIL) return -1;
      this.values[i] = value;
      position += bytes;
    }
    this.#count = count;
    return position;
  }

  /** Absolute, it is beyond 2^53 on some machines. */
  #timeAt(view: DataView, at: number): number {
    if (view.getUint8(at) === UINT64) {
      const high = view.getUint32(at + 1) - this.#originHigh;
      return high * 2 ** 32 + (view.getUint32(at + 5) - this.#originLow);
    }
    return numberAt(view, at) - this.#originLow - this.#originHigh * 2 ** 32;
  }
}

/** How many bytes a value takes, by its marker; 0 for what is neither nil nor one of these numbers. */
function bytesOf(marker: number): number {
  if (marker < 0x80 || marker >= FIRST_NEGATIVE || marker === NIL) return 1;
  if (marker === UINT8 || marker === INT8) return 2;
  if (marker === UINT16 || marker === INT16) return 3;
  if (marker === UINT32 || marker === INT32) return 5;
  return marker === UINT64 ? 9 : 0;
}

function numberAt(view: DataView, at: number): number {
  const marker = view.getUint8(at);
  if (marker < 0x80) return marker;
  if (marker >= FIRST_NEGATIVE) return marker - 0x100;
  switch (marker) {
    case UINT8:
      return view.getUint8(at + 1);
    case UINT16:
      return view.getUint16(at + 1);
    case UINT32:
      return view.getUint32(at + 1);
    case UINT64:
      return view.getUint32(at + 1) * 2 ** 32 + view.getUint32(at + 5);
    case INT8:
      return view.getInt8(at + 1);
    case INT16:
      return view.getInt16(at + 1);
    case INT32:
      return view.getInt32(at + 1);
    default:
      return NaN;
  }
}
