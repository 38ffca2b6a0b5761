import { ByteStore } from './byte-store.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const FIRST_PRINTABLE = 0x20;
const FIRST_NON_ASCII = 0x80;
/** First byte that begins a UTF-8 sequence of more than one. */
const FIRST_LEAD = 0xc0;
const THREE_BYTE_LEAD = 0xe0;
const FOUR_BYTE_LEAD = 0xf0;
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });
const PROBES = ['probe', 'other probe'] as const;

/**
 * The frame of a stream with one text cut out of it, to tell a later frame that differs in nothing but that text without
 * parsing it.
 *
 * The frames of an answer mostly repeat their bytes (id, model, time, index) around a new text. A frame that begins and ends
 * with the learned bytes and holds a valid string literal between them is valid JSON and says the same as the learned
 * one but for the text, whatever the order of keys, spaces or duplicates.
 */
export class LearnedFrame {
  /** What precedes the text, opening quote included, then what follows it from the closing quote on. */
  readonly #bytes = new ByteStore(512);
  #prefixLength = 0;
  #textStart = 0;
  #textEnd = 0;

  /** Where the text of the last frame that matched lies: the inside of its string literal, still escaped. */
  get textStart(): number {
    return this.#textStart;
  }

  get textEnd(): number {
    return this.#textEnd;
  }

  forget(): void {
    this.#bytes.clear();
    this.#prefixLength = 0;
  }

  /**
   * Whether `buffer[start..end)` is the learned frame with another text that is not empty. False negatives are possible (a text that
   * ends within a UTF-8 sequence), false positives are not. Cost: one pass.
   * @hot
   */
  matches(buffer: Uint8Array, start: number, end: number): boolean {
    const prefixLength = this.#prefixLength;
    if (prefixLength === 0) return false;
    const learned = this.#bytes.bytes;
    const learnedLength = this.#bytes.length;
    const textStart = start + prefixLength;
    const textEnd = end - (learnedLength - prefixLength);
    if (textEnd <= textStart) return false;
    for (let index = 0; index < prefixLength; index++) {
      if (buffer[start + index] !== learned[index]) return false;
    }
    const suffixOffset = textEnd - prefixLength;
    for (let index = prefixLength; index < learnedLength; index++) {
      if (buffer[suffixOffset + index] !== learned[index]) return false;
    }
    if (!isInsideOfLiteral(buffer, textStart, textEnd)) return false;
    if (!endsWithWholeUtf8(buffer, textStart, textEnd)) return false;
    this.#textStart = textStart;
    this.#textEnd = textEnd;
    return true;
  }

  /**
   * Learns `buffer[start..end)`, a valid JSON text whose text of interest stands at a key named `key`. `textOf` reads that text
   * from a parsed frame; it is asked about the frame with a probe in place, so that a namesake of the key is never learned.
   * Returns false, and forgets, when the text was not found.
   */
  learn(
    buffer: Uint8Array,
    start: number,
    end: number,
    key: string,
    text: string,
    textOf: (frame: unknown) => string | null,
  ): boolean {
    this.forget();
    const frame = Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start);
    const quotedKey = `"${key}"`;
    const probe = text === PROBES[0] ? PROBES[1] : PROBES[0];
    for (let at = frame.indexOf(quotedKey); at >= 0; at = frame.indexOf(quotedKey, at + 1)) {
      const literalStart = valuePosition(frame, at + quotedKey.length);
      if (frame[literalStart] !== QUOTE) continue;
      const literalEnd = closingQuote(frame, literalStart + 1);
      const before = UTF8.decode(frame.subarray(0, literalStart + 1));
      const after = UTF8.decode(frame.subarray(literalEnd));
      if (textOf(parsed(before + probe + after)) !== probe) continue;
      this.#bytes.append(frame, 0, literalStart + 1);
      this.#prefixLength = this.#bytes.length;
      this.#bytes.append(frame, literalEnd, frame.length);
      return true;
    }
    return false;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Where the value behind a key begins: past a colon with white space around it. */
function valuePosition(frame: Uint8Array, from: number): number {
  let position = skipBlanks(frame, from);
  if (frame[position] === 0x3a) position = skipBlanks(frame, position + 1);
  return position;
}

function skipBlanks(frame: Uint8Array, from: number): number {
  let position = from;
  while (position < frame.length && frame[position]! <= FIRST_PRINTABLE) position += 1;
  return position;
}

function closingQuote(frame: Uint8Array, from: number): number {
  let position = from;
  while (position < frame.length && frame[position] !== QUOTE)
    position += frame[position] === BACKSLASH ? 2 : 1;
  return position;
}

/**
 * Whether the bytes, behind which a quote stands, make a JSON string literal when quoted.
 * @hot
 */
function isInsideOfLiteral(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position++) {
    const byte = bytes[position]!;
    if (byte < FIRST_PRINTABLE || byte === QUOTE) return false;
    if (byte !== BACKSLASH) continue;
    position += 1;
    if (position === end) return false;
    const escape = bytes[position]!;
    if (escape === LOWER_U) {
      for (const last = position + 4; position < last;) {
        position += 1;
        if (!isHexDigit(bytes[position]!)) return false;
      }
    } else if (!isSimpleEscape(escape)) return false;
  }
  return true;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

/** One of `"`, `\`, `/`, `b`, `f`, `n`, `r`, `t`. */
function isSimpleEscape(byte: number): boolean {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

/**
 * Whether the bytes don't end within a UTF-8 sequence, so that they read the same alone as before others. What is wrong
 * elsewhere reads the same in any case.
 * @hot
 */
function endsWithWholeUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[end - 1]! < FIRST_NON_ASCII) return true;
  let lead = end - 1;
  while (lead > start && bytes[lead]! >= FIRST_NON_ASCII && bytes[lead]! < FIRST_LEAD) lead -= 1;
  const byte = bytes[lead]!;
  if (byte < FIRST_LEAD) return false;
  const wanted = byte < THREE_BYTE_LEAD ? 2 : byte < FOUR_BYTE_LEAD ? 3 : 4;
  return end - lead === wanted;
}
