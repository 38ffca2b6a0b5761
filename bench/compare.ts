/**
 * Holds the last run of the benches against the baseline of the same class of machine. A line is worse when its ratio (its value without a
 * peer) is off by more than a tenth and outside what the baseline itself spread over; exit code 1 when one is.
 *
 * Usage: npm run bench:compare [-- --save]     (save: make the last run the baseline)
 *        npm run bench:compare -- --with REV [--rounds N] [--quick] [FILTER …]     (see compare-with.ts)
 *        npm run bench:compare -- --with REV --engine [--rounds N] [FILTER …]     (see compare-engine.ts)
 */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { compareEngine } from './compare-engine.ts';
import { type CompareOptions, compareWith } from './compare-with.ts';
import { type BenchResult, isSkipped } from './harness/bench.ts';
import {
  baselinePath,
  type BenchResults,
  LAST_RESULTS,
  readResults,
  writeResults,
} from './harness/results-file.ts';
import type { Spread } from './harness/spread.ts';
import { spreadText } from './harness/table.ts';

const TOLERANCE = 0.1;

const { values: flags, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    save: { type: 'boolean', default: false },
    with: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    engine: { type: 'boolean', default: false },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);
process.exitCode = await exitCode();

function exitCode(): number | Promise<number> {
  const { with: revision, engine, quick } = flags;
  const rounds = flags.rounds === undefined ? undefined : Number(flags.rounds);
  if (revision === undefined) return main();
  if (engine) return compareEngine(revision, filters, rounds);
  const options: CompareOptions = { filters, quick, ...(rounds === undefined ? {} : { rounds }) };
  return compareWith(revision, options);
}

function main(): number {
  const last = readResults(LAST_RESULTS);
  if (last === undefined) {
    say('no results yet: npm run bench');
    return 1;
  }
  const path = baselinePath(last.machine.class);
  if (flags.save) {
    if (last.quick) {
      say('the last run was a quick one, which is no baseline: npm run bench');
      return 1;
    }
    writeResults(path, last);
    say(`saved as ${relative(process.cwd(), path)}`);
    return 0;
  }
  const baseline = readResults(path);
  if (baseline === undefined) {
    say(`no baseline of ${last.machine.class} yet; npm run bench:compare -- --save makes the last run one`);
    return 1;
  }
  return compare(last, baseline);
}

function compare(last: BenchResults, baseline: BenchResults): number {
  say(
    `${last.measuredAt}${last.quick ? ' (quick: expect false alarms)' : ''} against the baseline of ${baseline.measuredAt}\n`,
  );
  const before = new Map(baseline.lines.map((line) => [line.id, line]));
  let worse = 0;
  for (const line of last.lines) {
    const earlier = before.get(line.id);
    if (isSkipped(line) || earlier === undefined || isSkipped(earlier)) {
      say(`       ${line.what}: ${isSkipped(line) ? `skipped: ${line.skipped}` : 'not in the baseline'}`);
      continue;
    }
    const now = comparable(line);
    const then = comparable(earlier);
    const gain = gainOf(now.median, then.median, line.isLessBetter === true);
    const isOutside = now.median < then.min || now.median > then.max;
    const sign = !isOutside || Math.abs(gain) <= TOLERANCE ? 'same' : gain > 0 ? 'better' : 'WORSE';
    if (sign === 'WORSE') worse += 1;
    say(
      `${sign.padEnd(6)} ${line.what}: ${spreadText(now)}, was ${spreadText(then)} (${(gain * 100).toFixed(0)} %)`,
    );
  }
  say(`\n${worse} worse`);
  return worse > 0 ? 1 : 0;
}

/** What may be compared between two runs: a ratio measured within one run, rather than a value. */
function comparable({ peer, value }: BenchResult): Spread {
  return peer?.ratio ?? value;
}

/** By what share it got better. */
function gainOf(now: number, then: number, isLessBetter: boolean): number {
  if (now === then) return 0;
  return isLessBetter ? then / now - 1 : now / then - 1;
}
