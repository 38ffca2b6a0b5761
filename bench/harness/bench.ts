import type { Spread } from './spread.ts';

/** What a result is held against; of the ratio where there is a peer, else of the value itself. */
export interface Goal {
  readonly of: 'ratio' | 'value';
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

/** The same thing done by somebody else, in the same run. */
export interface Peer {
  readonly name: string;
  readonly value: Spread;
  /** Ours to theirs, round by round. */
  readonly ratio: Spread;
}

/** One line of the table. */
export interface BenchResult {
  /** Stable; results of two runs are matched by it. */
  readonly id: string;
  readonly what: string;
  /** Of the values, as shown: `requests/CPU-s`, `ms`, `MB`. */
  readonly unit: string;
  readonly value: Spread;
  readonly peer?: Peer;
  readonly goal?: Goal;
  /** Whether more is better. Default true. */
  readonly isLessBetter?: boolean;
  /** What a reader has to know of the circumstances. */
  readonly note?: string;
  /** Why the goal is out of reach so far, and what was tried; shown when it is missed. */
  readonly tried?: string;
}

/** A line that could not be measured here. */
export interface SkippedResult {
  readonly id: string;
  readonly what: string;
  readonly skipped: string;
}

export type BenchLine = BenchResult | SkippedResult;

export interface BenchOptions {
  /** Short and rough: shows that the bench works, not how fast the program is. */
  readonly quick: boolean;
  /** How often each thing is measured. */
  readonly rounds: number;
  /** Tells what is going on. */
  readonly say: (line: string) => void;
}

/** What a `*.bench.ts` exports as `bench`; each runs in a process of its own, with `--expose-gc`. */
export interface Bench {
  run(options: BenchOptions): Promise<readonly BenchLine[]>;
}

export type Verdict = 'met' | 'MISSED' | '';

/** How a result stands to its goal; empty without one. */
export function verdictOf({ goal, peer, value }: BenchResult): Verdict {
  if (goal === undefined) return '';
  const { median } = goal.of === 'ratio' ? peer!.ratio : value;
  return (goal.bound === 'at least' ? median >= goal.value : median <= goal.value) ? 'met' : 'MISSED';
}

export function isSkipped(line: BenchLine): line is SkippedResult {
  return 'skipped' in line;
}
