import { KeyedRandom } from '../core/keyed-random.ts';

/** How a salt is written: symbols of one width in ASCII, none of which JSON escapes. Crosses threads by structured clone. */
export interface SaltAlphabet {
  readonly symbols: readonly string[];
  /** Symbols of a salt. */
  readonly count: number;
  /** Between them. */
  readonly separator: string;
}

const SALT_BITS = 64;

/** The alphabet of salts of at least 64 bits that are written with these symbols. */
export function saltAlphabet(symbols: readonly string[], separator: string): SaltAlphabet {
  return { symbols, separator, count: Math.ceil(SALT_BITS / Math.log2(symbols.length)) };
}

/** 16 hex digits. */
export const HEX_SALT = saltAlphabet([...'0123456789abcdef'], '');

/** Keeps the salts of requests apart from those of rows, and both from other draws by the same seed. */
const PURPOSES = { row: 6, request: 7 } as const;

/** Salts by number: the same for the same seed. */
export class Salts {
  readonly alphabet: SaltAlphabet;
  readonly #random: KeyedRandom;

  constructor(alphabet: SaltAlphabet, seed: number, of: keyof typeof PURPOSES) {
    this.alphabet = alphabet;
    this.#random = new KeyedRandom(seed, PURPOSES[of]);
  }

  /** The symbols of the salt with a number. */
  symbolsOf(key: number): readonly string[] {
    const { symbols, count } = this.alphabet;
    this.#random.start(key);
    return Array.from({ length: count }, () => symbols[this.#random.below(symbols.length)]!);
  }

  /** The salt with a number. All have the same number of characters. */
  textOf(key: number): string {
    return this.symbolsOf(key).join(this.alphabet.separator);
  }
}
