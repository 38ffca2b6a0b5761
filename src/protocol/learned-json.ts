import { ByteStore } from './byte-store.ts';
import { isPlainAscii, sameBytes, WordView } from '../core/byte-words.ts';
import { endOfCount, endOfText, endsWithWholeUtf8, NO_LITERAL } from './json-literal.ts';
import { LearningPatience } from './learning-patience.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const SPACE = 0x20;
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** {@link LearnedJson.variableOf} of what is no probe. */
export const NO_VARIABLE = -1;

/** Above all counts of tokens. */
const FIRST_COUNT_PROBE = 2 ** 50;

interface Variable {
  readonly isText: boolean;
  /** Where the fixed bytes before it end. */
  readonly fixedEnd: number;
  readonly probe: string | number;
}

/** Where a literal stands; of a text, its inside. */
interface Literal {
  readonly isText: boolean;
  readonly start: number;
  readonly end: number;
}

/**
 * A JSON message with some values cut out, its *variables*, to tell a later message that differs in nothing else without
 * parsing it.
 *
 * The messages of a server mostly repeat their bytes around a new text, an id and some counts. One that has the learned bytes where
 * they were, and valid literals between them, is valid JSON and says the same as the learned one but for the variables,
 * whatever the order of keys, spaces or duplicates.
 */
export class LearnedJson {
  readonly #keys: readonly string[];
  /** What precedes the first variable, follows it, and so on; quotes are among it. */
  readonly #fixed = new ByteStore(512);
  readonly #fixedView = new WordView();
  readonly #messageView = new WordView();
  #variables: readonly Variable[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #patience = new LearningPatience();

  /** A text that is not empty, or a whole number, is a variable where it stands at one of these keys. */
  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  /** Where variable `index` lies in the message that matched last: of a text the inside of its literal, still escaped. */
  startOf(index: number): number {
    return this.#starts[index]!;
  }

  endOf(index: number): number {
    return this.#ends[index]!;
  }

  /**
   * Whether variable `index`, a text of the message in `buffer` that matched last, reads as its bytes stand: ASCII without an escape.
   * @hot
   */
  isPlain(buffer: Uint8Array, index: number): boolean {
    return isPlainAscii(this.#messageView.of(buffer), this.#starts[index]!, this.#ends[index]!);
  }

  /**
   * Whether `buffer[start..end)` is the learned message with other variables. False negatives are possible (an empty text, one that
   * ends within a UTF-8 sequence, a fraction), false positives are not. Cost: one pass.
   * @hot
   */
  matches(buffer: Uint8Array, start: number, end: number): boolean {
    const variables = this.#variables;
    if (variables.length === 0) return false;
    const fixed = this.#fixedView.of(this.#fixed.bytes);
    const message = this.#messageView.of(buffer);
    let position = start;
    let fixedStart = 0;
    for (let index = 0; index < variables.length; index++) {
      const { fixedEnd, isText } = variables[index]!;
      const literal = position + fixedEnd - fixedStart;
      if (literal > end || !sameBytes(message, position, fixed, fixedStart, fixedEnd - fixedStart))
        return false;
      position = isText ? endOfText(message, literal, end) : endOfCount(message, literal, end);
      if (position === NO_LITERAL || position === literal) return false;
      if (isText && !endsWithWholeUtf8(message, literal, position)) return false;
      this.#starts[index] = literal;
      this.#ends[index] = position;
      fixedStart = fixedEnd;
    }
    const rest = this.#fixed.length - fixedStart;
    if (position + rest !== end || !sameBytes(message, position, fixed, fixedStart, rest)) return false;
    this.#patience.matched();
    return true;
  }

  /** A valid message did not match: whether it is worth learning. */
  wantsToLearn(): boolean {
    return this.#patience.missed();
  }

  /**
   * Learns `buffer[start..end)`, a valid JSON text, and returns it parsed, a *probe* in place of each variable. The caller asks
   * {@link variableOf} what became of the values it reads, so that a namesake of a key is never taken for the real one, and calls
   * {@link forget} when the probed message does not read as the original does.
   */
  learn(buffer: Uint8Array, start: number, end: number): unknown {
    this.forget();
    this.#patience.learned();
    const message = Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start);
    const text = UTF8.decode(message);
    let mark = 'probe';
    while (text.includes(mark)) mark += '!';
    const variables: Variable[] = [];
    let probed = '';
    let position = 0;
    for (const literal of this.#literals(message)) {
      const probe = literal.isText ? `${mark} ${variables.length}` : FIRST_COUNT_PROBE + variables.length;
      this.#fixed.append(message, position, literal.start);
      variables.push({ isText: literal.isText, fixedEnd: this.#fixed.length, probe });
      probed += UTF8.decode(message.subarray(position, literal.start)) + String(probe);
      position = literal.end;
    }
    this.#fixed.append(message, position, message.length);
    this.#variables = variables;
    return JSON.parse(probed + UTF8.decode(message.subarray(position)));
  }

  /**
   * The variable that a value read from the probed message stands for, or {@link NO_VARIABLE}. `original` is what the message itself
   * holds there: the same, when it only happens to look like a probe.
   */
  variableOf(value: unknown, original: unknown): number {
    if (value === original) return NO_VARIABLE;
    return this.#variables.findIndex(({ probe }) => probe === value);
  }

  forget(): void {
    this.#fixed.clear();
    this.#variables = [];
  }

  /** The literals at the keys, in order. */
  #literals(message: Buffer): readonly Literal[] {
    const found: Literal[] = [];
    const view = this.#messageView.of(message);
    for (const key of this.#keys) {
      const quotedKey = `"${key}"`;
      for (let at = message.indexOf(quotedKey); at >= 0; at = message.indexOf(quotedKey, at + 1)) {
        const literal = literalBehind(view, at + quotedKey.length);
        if (literal !== undefined) found.push(literal);
      }
    }
    return found.sort((a, b) => a.start - b.start);
  }
}

/** The literal behind a key; `undefined` when there is none of interest, or what looked like a key is a value. */
function literalBehind(message: DataView, keyEnd: number): Literal | undefined {
  const colon = skipBlanks(message, keyEnd);
  if (byteAt(message, colon) !== COLON) return undefined;
  const value = skipBlanks(message, colon + 1);
  const isText = byteAt(message, value) === QUOTE;
  const start = isText ? value + 1 : value;
  const end = (isText ? endOfText : endOfCount)(message, start, message.byteLength);
  return end === NO_LITERAL || end === start ? undefined : { isText, start, end };
}

function byteAt(bytes: DataView, position: number): number | undefined {
  return position < bytes.byteLength ? bytes.getUint8(position) : undefined;
}

function skipBlanks(bytes: DataView, from: number): number {
  let position = from;
  while (position < bytes.byteLength && bytes.getUint8(position) <= SPACE) position += 1;
  return position;
}
