/**
 * Measures this checkout and another revision in turn, so that both meet the same minutes of the machine, and tells the ratio of each figure
 * round by round. Exit code 1 when one is worse: off by more than the tolerance in the median, and in every round but one at most.
 *
 * Usage: npm run bench:compare -- --with REV [--rounds N] [--quick] [FILTER …]     (the rest as of `npm run bench`)
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type BenchResult, isSkipped } from './harness/bench.ts';
import { buildCheckout, otherCheckout, thisCheckout } from './harness/other-checkout.ts';
import { readResults } from './harness/results-file.ts';
import { ratioOf, spreadOf } from './harness/spread.ts';
import { spreadText } from './harness/table.ts';

const DEFAULT_ROUNDS = 5;
/** A difference that a user would notice in a run. */
const TOLERANCE = 0.05;
const RESULTS = '.cache/bench/results.json';

const say = (line: string) => process.stdout.write(`${line}\n`);

type Values = Map<string, { readonly line: BenchResult; readonly values: number[] }>;

export interface CompareOptions {
  /** As of `npm run bench`. */
  readonly filters: readonly string[];
  readonly rounds?: number;
  /** Short measurements: take more rounds of them. */
  readonly quick?: boolean;
}

/** @returns the exit code */
export function compareWith(revision: string, options: CompareOptions): number {
  const { rounds = DEFAULT_ROUNDS } = options;
  const other = otherCheckout(revision);
  buildCheckout(thisCheckout);
  const ours: Values = new Map();
  const theirs: Values = new Map();
  for (let round = 0; round < rounds; round++) {
    // Who comes second finds the machine warm: both do in turn.
    const sides = [() => measure(thisCheckout, options, ours), () => measure(other, options, theirs)];
    for (const side of round % 2 === 0 ? sides : sides.reverse()) side();
    say(`round ${round + 1} of ${rounds}`);
  }
  say(`\nthis checkout to ${revision}, each figure as median (lowest–highest) of ${rounds} rounds in turn\n`);
  let worse = 0;
  for (const [id, { line, values }] of ours) {
    const before = theirs.get(id);
    if (before === undefined || before.values.length !== values.length) {
      say(`       ${line.what}: not measured by both`);
      continue;
    }
    const sign = signOf(values, before.values, line.isLessBetter === true);
    if (sign === 'WORSE') worse += 1;
    const figures = `${spreadText(spreadOf(values))} ${line.unit}, was ${spreadText(spreadOf(before.values))}`;
    say(`${sign.padEnd(6)} ${line.what}: ${figures}; ratio ${spreadText(ratioOf(values, before.values))}`);
  }
  say(`\n${worse} worse`);
  return worse > 0 || ours.size === 0 ? 1 : 0;
}

function measure(checkout: string, { filters, quick = false }: CompareOptions, into: Values): void {
  const args = ['bench/main.ts', '--rounds', '1', ...(quick ? ['--quick'] : []), ...filters];
  const { status } = spawnSync('node', args, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`the benches of ${checkout} failed`);
  const told = new Set<string>();
  for (const line of readResults(resolve(checkout, RESULTS))?.lines ?? []) {
    // The file keeps the lines of earlier runs with other filters.
    if (isSkipped(line) || !isOf(filters, line.id)) continue;
    // A figure that stands beside several peers has a line for each of them, all of one measurement.
    const measurement = `${line.what} ${line.value.median}`;
    if (told.has(measurement)) continue;
    told.add(measurement);
    const known = into.get(line.id) ?? { line, values: [] };
    known.values.push(line.value.median);
    into.set(line.id, known);
  }
}

/** Whether a bench file that `npm run bench` takes for these filters told the line: its id begins with the file's path. */
function isOf(filters: readonly string[], id: string): boolean {
  return filters.length === 0 || filters.some((filter) => id.includes(filter.replace(/\.bench\.ts$/, '')));
}

function signOf(ours: readonly number[], theirs: readonly number[], isLessBetter: boolean): string {
  const gains = ours.map(
    (value, round) => (isLessBetter ? theirs[round]! / value : value / theirs[round]!) - 1,
  );
  const { median } = spreadOf(gains);
  const against = gains.filter((gain) => gain < -TOLERANCE).length;
  const forUs = gains.filter((gain) => gain > TOLERANCE).length;
  if (median < -TOLERANCE && against >= gains.length - 1) return 'WORSE';
  return median > TOLERANCE && forUs >= gains.length - 1 ? 'better' : 'same';
}
