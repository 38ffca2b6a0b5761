/** Deepest nesting followed here. */
const MAX_DEPTH = 32;
/** What a value may be; several make a sum. */
const NIL = 1;
const TEXT = 2;
const TEXTS = 4;
const INTEGERS = 8;
const MAP = 16;
const MAPS = 32;
const ANY = 64;

/** A text shorter than the one that begins so can't be read as `__proto__`. */
const PROTO_MARKER = 0xa0 | '__proto__'.length;
const UNDERSCORE = 0x5f;
const FIRST_NON_ASCII = 0x80;

interface Shape {
  /** The tag as a short text, marker included. */
  readonly tag: Uint8Array;
  /** What the elements behind the tag may be. */
  readonly fields: readonly number[];
}

const SHAPES: readonly Shape[] = [
  { tag: shortText('TextModelOutput'), fields: [TEXT | TEXTS, NIL | TEXT | TEXTS, NIL | MAPS] },
  {
    tag: shortText('PromptData'),
    fields: [NIL | TEXT, NIL | INTEGERS, NIL | MAPS, NIL | MAPS, NIL | MAP, NIL | TEXT, ANY],
  },
  { tag: shortText('ErrorData'), fields: [TEXT, TEXT] },
];

/**
 * Whether the `data` of an event is fine, without building it: finds the end of one that `decodePayload` would accept.
 *
 * A payload that is refused may be fine all the same: only what the reference writes is known here, so ask `decodePayload`
 * about it. About a nanosecond a byte of structure; texts are passed over.
 */
export class PayloadChecker {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #end = 0;

  /** Where the payload that begins at `from` ends, at most at `end`; -1 when it is not known to be fine. @hot */
  endOf(view: DataView, from: number, end: number): number {
    this.#view = view;
    this.#at = from;
    this.#end = end;
    return this.#payload() ? this.#at : -1;
  }

  #payload(): boolean {
    if (this.#end - this.#at < 2) return false;
    const marker = this.#view.getUint8(this.#at++);
    if (marker >> 4 !== 0x9) return false;
    const shape = this.#shape();
    if (shape === undefined) return false;
    const { fields } = shape;
    const given = (marker & 0xf) - 1;
    if (given < 1 || given > fields.length) return false;
    for (let field = 0; field < given; field++) if (!this.#field(fields[field]!)) return false;
    return true;
  }

  /** Passes over the tag. */
  #shape(): Shape | undefined {
    const marker = this.#view.getUint8(this.#at);
    for (const shape of SHAPES) {
      const { tag } = shape;
      if (tag[0] !== marker || this.#end - this.#at < tag.length) continue;
      for (let i = 1; i < tag.length; i++) if (this.#view.getUint8(this.#at + i) !== tag[i]) return undefined;
      this.#at += tag.length;
      return shape;
    }
    return undefined;
  }

  #field(allowed: number): boolean {
    if (this.#at >= this.#end) return false;
    const marker = this.#view.getUint8(this.#at);
    if (marker === 0xc0) return (allowed & (NIL | ANY)) !== 0 && this.#pass(1);
    if ((allowed & ANY) !== 0) return this.#value(0);
    if (isText(marker)) return (allowed & TEXT) !== 0 && this.#value(0);
    if (isMap(marker)) return (allowed & MAP) !== 0 && this.#value(0);
    return (allowed & (TEXTS | INTEGERS | MAPS)) !== 0 && this.#list(marker, allowed);
  }

  #list(marker: number, allowed: number): boolean {
    const items = this.#arrayHeader(marker);
    for (let item = 0; item < items; item++) if (!this.#item(allowed)) return false;
    return items >= 0;
  }

  #item(allowed: number): boolean {
    if (this.#at >= this.#end) return false;
    const marker = this.#view.getUint8(this.#at);
    const isAllowed =
      ((allowed & TEXTS) !== 0 && isText(marker)) ||
      ((allowed & INTEGERS) !== 0 && isInteger(marker)) ||
      ((allowed & MAPS) !== 0 && isMap(marker));
    return isAllowed && this.#value(0);
  }

  /** Passes over a value of JSON. */
  #value(depth: number): boolean {
    if (this.#at >= this.#end || depth > MAX_DEPTH) return false;
    const marker = this.#view.getUint8(this.#at);
    if (marker < 0x80 || marker >= 0xe0) return this.#pass(1);
    if (isText(marker)) return this.#text(marker);
    const items = this.#arrayHeader(marker);
    if (items >= 0) {
      for (let item = 0; item < items; item++) if (!this.#value(depth + 1)) return false;
      return true;
    }
    if (marker >> 4 === 0x8) return this.#map(marker & 0xf, depth);
    if (marker === 0xc0 || marker === 0xc2 || marker === 0xc3) return this.#pass(1);
    if (marker === 0xca) return this.#pass(5);
    if (marker === 0xcb) return this.#pass(9);
    return isInteger(marker) && this.#pass(1 + (1 << (marker & 3)));
  }

  #map(entries: number, depth: number): boolean {
    this.#at += 1;
    for (let entry = 0; entry < entries; entry++) {
      if (this.#at >= this.#end) return false;
      const marker = this.#view.getUint8(this.#at);
      if (!this.#isPlainKey(marker) || !this.#text(marker) || !this.#value(depth + 1)) return false;
    }
    return true;
  }

  /** A short text that is not `__proto__`, which readers refuse, also where they find it in UTF-8 that is none: `c1 9f` for `_`, say. */
  #isPlainKey(marker: number): boolean {
    if (marker >> 5 !== 0b101) return false;
    if (marker < PROTO_MARKER || this.#at + 1 >= this.#end) return true;
    const first = this.#view.getUint8(this.#at + 1);
    return first < FIRST_NON_ASCII && first !== UNDERSCORE;
  }

  #text(marker: number): boolean {
    if (marker >> 5 === 0b101) return this.#pass(1 + (marker & 0x1f));
    const lengthBytes = 1 << (marker - 0xd9);
    if (this.#end - this.#at < 1 + lengthBytes) return false;
    return this.#pass(1 + lengthBytes + this.#unsigned(this.#at + 1, lengthBytes));
  }

  /** Passes over the header of an array; its length, or -1 when there is none. */
  #arrayHeader(marker: number): number {
    if (marker >> 4 === 0x9) {
      this.#at += 1;
      return marker & 0xf;
    }
    if (marker !== 0xdc || this.#end - this.#at < 3) return -1;
    const length = this.#view.getUint16(this.#at + 1);
    this.#at += 3;
    return length;
  }

  #unsigned(at: number, bytes: number): number {
    if (bytes === 1) return this.#view.getUint8(at);
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #pass(bytes: number): boolean {
    this.#at += bytes;
    return this.#at <= this.#end;
  }
}

function isText(marker: number): boolean {
  return marker >> 5 === 0b101 || (marker >= 0xd9 && marker <= 0xdb);
}

function isMap(marker: number): boolean {
  return marker >> 4 === 0x8;
}

function isInteger(marker: number): boolean {
  return marker < 0x80 || marker >= 0xe0 || (marker >= 0xcc && marker <= 0xd3);
}

function shortText(text: string): Uint8Array {
  return Uint8Array.of(0xa0 | text.length, ...Buffer.from(text));
}
