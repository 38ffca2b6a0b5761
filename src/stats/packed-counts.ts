const PAYLOAD_BITS = 7;
const CONTINUES = 1 << PAYLOAD_BITS;

/**
 * The counts up to `last` that are not 0, as bytes: for each how many zeros precede it, then the count, both in groups
 * of 7 bits, lowest first (LEB128). 2 to 3 bytes a count where they are small and dense.
 */
export function packCounts(counts: Float64Array, last: number): Uint8Array {
  const bytes: number[] = [];
  let gap = 0;
  for (let index = 0; index <= last; index++) {
    const count = counts[index]!;
    if (count === 0) {
      gap += 1;
      continue;
    }
    pushNumber(bytes, gap);
    pushNumber(bytes, count);
    gap = 0;
  }
  return Uint8Array.from(bytes);
}

/** Calls `visit` for each packed count, ascending. */
export function forEachPacked(bytes: Uint8Array, visit: (index: number, count: number) => void): void {
  let at = 0;
  const next = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++]!;
      if (byte < CONTINUES) return value + byte * scale;
      value += (byte - CONTINUES) * scale;
      scale *= CONTINUES;
    }
  };
  for (let index = 0; at < bytes.length; index++) {
    index += next();
    visit(index, next());
  }
}

/** Counts pass 32 bits in a long run, so no bit operations. */
function pushNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= CONTINUES) {
    bytes.push((rest % CONTINUES) + CONTINUES);
    rest = Math.floor(rest / CONTINUES);
  }
  bytes.push(rest);
}
