/** Whole numbers below 2^32 in memory that threads share, as Uint32Array. */
export function sharedUint32(values: ArrayLike<number>): SharedArrayBuffer {
  const column = new Uint32Array(new SharedArrayBuffer(values.length * Uint32Array.BYTES_PER_ELEMENT));
  column.set(values);
  return column.buffer;
}
