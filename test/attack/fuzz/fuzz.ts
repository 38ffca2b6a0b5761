import { Draws } from './draws.ts';
import type { BranchCoverage } from './coverage.ts';
import { mutated } from './mutate.ts';
import type { FuzzTarget } from './targets.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly runs: number;
  /** Undefined: no branches are counted, and inputs are those of the seeds, changed. */
  readonly coverage?: BranchCoverage | undefined;
  readonly onProgress?: (run: number) => void;
}

/** An input that broke a promise. */
export interface Broken {
  readonly bytes: Buffer;
  /** Of the draws beside the input. */
  readonly seed: number;
  readonly error: unknown;
}

export interface FuzzResult {
  readonly runs: number;
  /** Inputs that took a branch that none before them had, among them the seeds. */
  readonly corpus: readonly Buffer[];
  readonly broken: Broken | undefined;
}

const PROGRESS_EVERY = 10_000;

/**
 * Gives a target inputs that are changed from one another; those that reach code for the first time are changed further. Ends at the first
 * broken promise.
 */
export function fuzz(target: FuzzTarget, { seed, runs, coverage, onProgress }: FuzzOptions): FuzzResult {
  const random = new Draws(seed);
  const words = target.words.map((word) => Buffer.from(word, 'latin1'));
  const corpus: Buffer[] = target.seeds.map((text) => Buffer.from(text, 'latin1'));
  for (let run = 0; run < runs; run++) {
    const bytes =
      run < target.seeds.length
        ? corpus[run]!
        : mutated(corpus[random.below(corpus.length)]!, random, words, corpus);
    const drawSeed = random.below(2 ** 31);
    try {
      target.check(bytes, new Draws(drawSeed));
    } catch (error) {
      return { runs: run + 1, corpus, broken: { bytes, seed: drawSeed, error } };
    }
    if (coverage?.isNew() === true && run >= target.seeds.length) corpus.push(bytes);
    if (run % PROGRESS_EVERY === 0) onProgress?.(run);
  }
  return { runs, corpus, broken: undefined };
}
