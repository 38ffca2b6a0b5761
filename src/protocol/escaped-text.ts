import { ByteStore } from './byte-store.ts';
import type { MemoryAccount } from './response-memory.ts';
import { textOfLiteral } from './json-literal.ts';

const ENCODER = new TextEncoder();

/**
 * A text that grows by chunks, kept as the inside of a JSON string literal and read once at the end: adding a chunk that is such a
 * slice already is a copy of bytes.
 */
export class EscapedText {
  readonly #bytes: ByteStore;
  #firstLength = 0;

  constructor(account?: MemoryAccount) {
    this.#bytes = new ByteStore(1024, account);
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** Bytes so far, escapes included. */
  get length(): number {
    return this.#bytes.length;
  }

  clear(): void {
    this.#bytes.clear();
    this.#firstLength = 0;
  }

  /** Adds a chunk: the inside of a valid JSON string literal, not empty, whole in its UTF-8. @hot */
  appendEscaped(source: Uint8Array, start: number, end: number): void {
    this.#bytes.append(source, start, end);
    if (this.#firstLength === 0) this.#firstLength = this.#bytes.length;
  }

  /** Adds a chunk that is not empty. */
  append(chunk: string): void {
    const literal = ENCODER.encode(JSON.stringify(chunk));
    this.appendEscaped(literal, 1, literal.length - 1);
  }

  /** The first chunk, then all others joined; fewer when there were fewer. */
  firstAndRest(): string[] {
    const { length } = this.#bytes;
    if (length === 0) return [];
    const first = this.#text(0, this.#firstLength);
    if (length === this.#firstLength) return [first];
    const rest = this.#text(this.#firstLength, length);
    // Half a character is none: the other half goes with it.
    if (!isSplit(first, rest)) return [first, rest];
    const others = rest.slice(1);
    return others === '' ? [first + rest] : [first + rest[0]!, others];
  }

  #text(start: number, end: number): string {
    return textOfLiteral(this.#bytes.bytes, start, end);
  }
}

/** Whether one text ends and the next begins within a character, by its two UTF-16 units. */
function isSplit(text: string, next: string): boolean {
  const [high, low] = [text.charCodeAt(text.length - 1), next.charCodeAt(0)];
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
}
