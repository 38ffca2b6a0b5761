import { Draws } from './draws.ts';
import type { BranchCoverage } from './coverage.ts';
import { mutated } from './mutate.ts';
import type { FuzzTarget } from './targets.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly runs: number;
  /** Fewer runs when these take longer, by `performance.now()`; default: never. */
  readonly endMs?: number | undefined;
  /** Undefined: no branches are counted, and inputs are those of the seeds, changed. */
  readonly coverage?: BranchCoverage | undefined;
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

const RUNS_A_LOOK_AT_THE_CLOCK = 1000;

/**
 * Gives a target inputs that are changed from one another; those that reach code for the first time are changed further. Ends at the first
 * broken promise.
 */
export function fuzz(target: FuzzTarget, options: FuzzOptions): FuzzResult {
  const { stackTraceLimit } = Error;
  const { parse } = JSON;
  // Most inputs are refused, and a stack trace takes longer than the parser does.
  Error.stackTraceLimit = 0;
  JSON.parse = quickToRefuseAgain(parse);
  try {
    return fuzzed(target, options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    JSON.parse = parse;
  }
}

/** An input is read several times, and the error that V8 makes of a text that is no JSON takes longest: the same text gets the same one. */
function quickToRefuseAgain(parse: typeof JSON.parse): typeof JSON.parse {
  let refused: string | undefined;
  let refusal: unknown;
  return (text, reviver): unknown => {
    if (text === refused) throw refusal;
    try {
      return parse(text, reviver);
    } catch (error) {
      [refused, refusal] = [text, error];
      throw error;
    }
  };
}

function fuzzed(target: FuzzTarget, { seed, runs, endMs = Infinity, coverage }: FuzzOptions): FuzzResult {
  const random = new Draws(seed);
  const words = target.words.map((word) => Buffer.from(word, 'latin1'));
  const corpus: Buffer[] = target.seeds.map((text) => Buffer.from(text, 'latin1'));
  for (let run = 0; run < runs; run++) {
    if (run % RUNS_A_LOOK_AT_THE_CLOCK === 0 && performance.now() > endMs) {
      return { runs: run, corpus, broken: undefined };
    }
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
  }
  return { runs, corpus, broken: undefined };
}
