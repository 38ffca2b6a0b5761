import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { BenchLine } from './bench.ts';
import type { Machine } from './machine.ts';

/** A run of the benches, as kept in a file. */
export interface BenchResults {
  readonly format: 1;
  readonly measuredAt: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly lines: readonly BenchLine[];
}

const root = resolve(import.meta.dirname, '../..');

/** Where the last run is kept. */
export const LAST_RESULTS = resolve(root, '.cache/bench/results.json');

export function baselinePath(machineClass: string): string {
  return resolve(root, `bench/baseline/${machineClass}.json`);
}

/** The results in a file, `undefined` without one. */
export function readResults(path: string): BenchResults | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BenchResults) : undefined;
}

export function writeResults(path: string, results: BenchResults): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

/** `fresh` in the place of the lines of the same id, or behind them all; the others as they were. */
export function mergeLines(earlier: readonly BenchLine[], fresh: readonly BenchLine[]): readonly BenchLine[] {
  const byId = new Map([...earlier, ...fresh].map((line) => [line.id, line]));
  return [...byId.values()];
}
