import { RandomSource } from './random.ts';

/** Rounds after which the state of sfc32 is mixed, as its author has it. */
const MIXING_ROUNDS = 15;
const WORD = 2 ** 32;

/**
 * Random numbers that belong to a key, such as the number of a sample: the same whoever draws them, and in whichever order the keys
 * come. For what each of many things decides by itself, where a sequence for all would make it depend on who came first.
 *
 * The generator is sfc32 (Doty-Humphrey, PractRand), seeded with the key and two words of the seed. Nothing is allocated.
 */
export class KeyedRandom {
  readonly #seedWords: readonly [number, number];
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 0;

  /** Any whole number. `purpose`: a small number that keeps draws for different purposes apart. */
  constructor(seed: number | bigint, purpose: number) {
    const source = new RandomSource(seed);
    this.#seedWords = [source.next32(), source.next32() ^ (purpose << 24)];
  }

  /**
   * Begins the numbers of a key, a whole number from 0 to 2^53 − 1.
   * @hot
   */
  start(key: number): void {
    const [first, second] = this.#seedWords;
    this.#a = first;
    this.#b = second ^ Math.floor(key / WORD);
    this.#c = key | 0;
    this.#counter = 1;
    for (let round = 0; round < MIXING_ROUNDS; round++) this.next32();
  }

  /** 32 random bits, as a number from 0 to 2^32 − 1. @hot */
  next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A whole number in [0, `bound`), for bounds far below 2^32: each as likely as the others to one in 2^32 / `bound`. @hot */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** A double in [0, 1) with 32 random bits. @hot */
  uniform(): number {
    return this.next32() / WORD;
  }
}
