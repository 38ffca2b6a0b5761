import { MAX_DEPTH } from '../../transport/msgpack-writer.ts';

/** Told of each text of a payload: the names it stands under, and its bytes. */
export type TextVisitor = (path: string, start: number, end: number) => void;

/**
 * Tells where the texts of a MessagePack value stand in `bytes`, in order, the keys of maps left out. `path` joins the positions in the
 * outermost array and the names of maps, so that parts of one text that came piece by piece have the same. Reads what our own writer
 * wrote; stops quietly at anything else. Looks at headers only, whatever the length of a text.
 */
export function visitTexts(bytes: Uint8Array, start: number, end: number, visit: TextVisitor): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  let at = start;
  const value = (path: string, depth: number): boolean => {
    if (at >= end || depth > MAX_DEPTH) return false;
    const marker = bytes[at]!;
    at += 1;
    const text = lengthOf(marker, 0xa0, 32, 0xd9, [1, 2, 4]);
    if (text !== undefined) {
      if (at + text > end) return false;
      visit(path, at, at + text);
      at += text;
      return true;
    }
    const items = lengthOf(marker, 0x90, 16, 0xdc, [2, 4]);
    if (items !== undefined) {
      for (let index = 0; index < items; index++) {
        if (!value(depth === 0 ? String(index) : path, depth + 1)) return false;
      }
      return true;
    }
    const entries = lengthOf(marker, 0x80, 16, 0xde, [2, 4]);
    if (entries !== undefined) {
      for (let index = 0; index < entries; index++) {
        const key = keyText();
        if (key === undefined || !value(`${path}.${key}`, depth + 1)) return false;
      }
      return true;
    }
    const size = fixedSize(marker);
    if (size === undefined) return false;
    at += size;
    return true;
  };
  const lengthOf = (marker: number, small: number, count: number, wide: number, sizes: readonly number[]) => {
    if (marker >= small && marker < small + count) return marker - small;
    const size = sizes[marker - wide];
    if (size === undefined || at + size > end) return undefined;
    const length = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at) : view.getUint32(at);
    at += size;
    return length;
  };
  const keyText = (): string | undefined => {
    const length = lengthOf(bytes[at++] ?? 0, 0xa0, 32, 0xd9, [1, 2, 4]);
    if (length === undefined || at + length > end) return undefined;
    at += length;
    return Buffer.from(bytes.buffer, bytes.byteOffset + at - length, length).toString();
  };
  value('', 0);
}

/** Bytes behind the marker of a number, nil or boolean. */
function fixedSize(marker: number): number | undefined {
  if (marker < 0x80 || marker >= 0xe0 || marker === 0xc0 || marker === 0xc2 || marker === 0xc3) return 0;
  if (marker === 0xca) return 4;
  if (marker === 0xcb) return 8;
  return marker >= 0xcc && marker <= 0xd3 ? 1 << (marker & 3) : undefined;
}
