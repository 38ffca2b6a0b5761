import { UUID_KEY_WORDS, type UuidKey } from './uuid-key.ts';

const FIRST_BITS = 8;
/** Odd, near 2^32 / golden ratio: spreads neighbouring keys (Knuth, TAOCP vol. 3 §6.4). */
const MULTIPLIER = 0x9e3779b1;

/** Odd, with no pattern: digits of π. */
const FACTORS = Int32Array.of(
  ...[0x243f6a89, 0x85a308d3, 0x13198a2f, 0x03707345, 0xa4093823, 0x299f31d1, 0x082efa99, 0xec4e6c89],
);

/**
 * Values by uuid key: a hash table with open addressing and linear probing, at most half full, the keys in one typed array.
 *
 * Finding takes about 20 ns and allocates nothing, where a `Map` would need the text of each uuid first.
 */
export class UuidMap<T> {
  #keys = new Int32Array(UUID_KEY_WORDS << FIRST_BITS);
  #values = freeValues<T>(1 << FIRST_BITS);
  #shift = 32 - FIRST_BITS;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @hot */
  get(key: UuidKey): T | undefined {
    return this.#values[this.#positionOf(key)];
  }

  /** Adds a key or gives it another value. */
  set(key: UuidKey, value: T): void {
    if (2 * (this.#size + 1) > this.#values.length) this.#grow();
    const at = this.#positionOf(key);
    if (this.#values[at] === undefined) this.#size++;
    this.#keys.set(key, at * UUID_KEY_WORDS);
    this.#values[at] = value;
  }

  /** Removes a key; nothing when it is not there. Leaves no tombstone: later entries move up. */
  delete(key: UuidKey): void {
    const mask = this.#values.length - 1;
    let hole = this.#positionOf(key);
    if (this.#values[hole] === undefined) return;
    this.#size--;
    for (let at = (hole + 1) & mask; this.#values[at] !== undefined; at = (at + 1) & mask) {
      const home = this.#homeOf(this.#keys, at * UUID_KEY_WORDS);
      const canMove = ((at - home) & mask) >= ((at - hole) & mask);
      if (!canMove) continue;
      this.#keys.copyWithin(hole * UUID_KEY_WORDS, at * UUID_KEY_WORDS, (at + 1) * UUID_KEY_WORDS);
      this.#values[hole] = this.#values[at];
      hole = at;
    }
    this.#values[hole] = undefined;
  }

  /** Removes the key of a value; nothing when there is none. Looks at all of them. */
  deleteValue(value: T): void {
    const at = this.#values.indexOf(value);
    if (at >= 0) this.delete(this.#keys.slice(at * UUID_KEY_WORDS, (at + 1) * UUID_KEY_WORDS));
  }

  /** Where the key is, or the free place where it would be. @hot */
  #positionOf(key: UuidKey): number {
    const mask = this.#values.length - 1;
    let at = this.#homeOf(key, 0);
    while (this.#values[at] !== undefined && !this.#isAt(at * UUID_KEY_WORDS, key)) at = (at + 1) & mask;
    return at;
  }

  /** @hot */
  #isAt(from: number, key: UuidKey): boolean {
    const keys = this.#keys;
    for (let word = 0; word < UUID_KEY_WORDS; word++) if (keys[from + word] !== key[word]) return false;
    return true;
  }

  /** @hot */
  #homeOf(keys: Int32Array, from: number): number {
    // Eight products that do not wait for each other.
    let hash = 0;
    for (let word = 0; word < UUID_KEY_WORDS; word++)
      hash = (hash + Math.imul(keys[from + word]!, FACTORS[word]!)) | 0;
    hash ^= hash >>> 15;
    return Math.imul(hash, MULTIPLIER) >>> this.#shift;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Int32Array(2 * keys.length);
    this.#values = freeValues(2 * values.length);
    this.#shift--;
    this.#size = 0;
    for (const [at, value] of values.entries()) {
      if (value !== undefined) this.set(keys.subarray(at * UUID_KEY_WORDS, (at + 1) * UUID_KEY_WORDS), value);
    }
  }
}

function freeValues<T>(length: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length }).fill(undefined);
}
