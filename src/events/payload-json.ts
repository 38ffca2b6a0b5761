import { isUtf8 } from 'node:buffer';

/** How the `data` of a completed sample begins: an array of four, the first of which is the name of its type. */
const HEAD = Uint8Array.of(0x94, 0xaf, ...Buffer.from('TextModelOutput'));
const NIL = 0xc0;
const FIRST_OF_BOM = 0xef;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DEL = 0x7f;

/**
 * The `data` of a completed sample as the JSON of its tagged array, without decoding it: a text or texts, reasoning likewise or none, and no
 * tool calls. `undefined` for anything else, which `decodePayload` reads or refuses.
 */
export function textOutputJson(bytes: Uint8Array): string | undefined {
  for (let at = 0; at < HEAD.length; at++) if (bytes[at] !== HEAD[at]) return undefined;
  const reader = new TextReader(bytes, HEAD.length);
  const output = reader.texts();
  const reasoning = reader.skipNil() ? 'null' : reader.texts();
  if (output === undefined || reasoning === undefined || !reader.skipNil() || !reader.isAtEnd)
    return undefined;
  return `["TextModelOutput",${output},${reasoning},null]`;
}

/** Reads MessagePack texts as JSON. */
class TextReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor({ buffer, byteOffset, length }: Uint8Array, at: number) {
    this.#bytes = Buffer.from(buffer, byteOffset, length);
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  skipNil(): boolean {
    if (this.#bytes[this.#at] !== NIL) return false;
    this.#at += 1;
    return true;
  }

  /** A text or an array of texts. */
  texts(): string | undefined {
    const count = this.#arrayLength();
    if (count === undefined) return this.#text();
    let json = '[';
    for (let index = 0; index < count; index++) {
      const text = this.#text();
      if (text === undefined) return undefined;
      json += index === 0 ? text : `,${text}`;
    }
    return `${json}]`;
  }

  #arrayLength(): number | undefined {
    const first = this.#bytes[this.#at] ?? NIL;
    if (first >= 0x90 && first <= 0x9f) return this.#length(0, first & 0x0f);
    if (first === 0xdc) return this.#length(2);
    return first === 0xdd ? this.#length(4) : undefined;
  }

  #textLength(): number | undefined {
    const first = this.#bytes[this.#at] ?? NIL;
    if (first >= 0xa0 && first <= 0xbf) return this.#length(0, first & 0x1f);
    if (first === 0xd9) return this.#length(1);
    if (first === 0xda) return this.#length(2);
    return first === 0xdb ? this.#length(4) : undefined;
  }

  /** Steps over a marker and the length of so many bytes behind it; beyond the end it is larger than any text there. */
  #length(bytes: number, inMarker = 0): number {
    const at = this.#at + 1;
    this.#at = at + bytes;
    if (bytes === 0) return inMarker;
    return this.#at <= this.#bytes.length ? this.#bytes.readUIntBE(at, bytes) : Infinity;
  }

  #text(): string | undefined {
    const length = this.#textLength() ?? Infinity;
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) return undefined;
    this.#at = end;
    if (isPlain(this.#bytes, start, end)) return `"${this.#bytes.toString('latin1', start, end)}"`;
    // A byte order mark, and what is no UTF-8, are for the decoder to make something of.
    if (this.#bytes[start] === FIRST_OF_BOM || !isUtf8(this.#bytes.subarray(start, end))) return undefined;
    return JSON.stringify(this.#bytes.toString('utf8', start, end));
  }
}

/** Whether it is ASCII that stands for itself in JSON. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < SPACE || byte > DEL || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}
