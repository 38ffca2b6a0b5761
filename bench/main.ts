/**
 * Runs the benches, each in a process of its own, and prints what they measured beside the peers and the goals.
 *
 * Usage: npm run bench [-- --quick] [--rounds N] [FILTER …]     (a filter is part of a file's path, such as `system/` or `hdr`)
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchLine, type BenchResult, isSkipped, verdictOf } from './harness/bench.ts';
import { thisMachine } from './harness/machine.ts';
import { LAST_RESULTS, mergeLines, readResults, writeResults } from './harness/results-file.ts';
import { tableText } from './harness/table.ts';

const DEFAULT_ROUNDS = 5;
const QUICK_ROUNDS = 3;

const { values: flags, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } },
});
const rounds = Number(flags.rounds ?? (flags.quick ? QUICK_ROUNDS : DEFAULT_ROUNDS));
const say = (line: string) => process.stdout.write(`${line}\n`);

const machine = thisMachine();
say(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load average ${machine.loadAverage}`);
const files = globSync('**/*.bench.ts', { cwd: import.meta.dirname })
  .sort()
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
const earlier = filters.length === 0 ? undefined : readResults(LAST_RESULTS);
const isSameKind = earlier?.machine.class === machine.class && earlier.quick === flags.quick;
const lines: BenchLine[] = [];
let failures = 0;
for (const file of files) {
  say(`── ${file}`);
  const fresh = await runFile(join(import.meta.dirname, file));
  if (fresh === undefined) failures += 1;
  else lines.push(...fresh);
  keepResults();
}

say(`\nmedian (lowest–highest) of ${rounds} rounds${flags.quick ? ', quick: no figures to quote' : ''}\n`);
say(tableText(lines));
const results = lines.filter((line): line is BenchResult => !isSkipped(line));
const notes = Map.groupBy(results, ({ note }) => note);
for (const [note, noted] of notes) {
  if (note !== undefined) say(`\n${noted.map(({ what }) => what).join('; ')}:\n  ${note}`);
}
const misses = results.filter((line) => verdictOf(line) === 'MISSED');
say(`\n${misses.length} goals missed`);
for (const { what, tried } of misses) say(`  ${what}: ${tried ?? 'nothing was tried yet'}`);
if (failures > 0) say(`\n${failures} bench files failed`);
process.exitCode = failures > 0 || files.length === 0 ? 1 : 0;

/** After each file: who ends the benches half-way keeps what was measured. */
function keepResults(): void {
  writeResults(LAST_RESULTS, {
    format: 1,
    measuredAt: new Date().toISOString(),
    quick: flags.quick,
    // Of lines from two runs the worse circumstances are told.
    machine: isSameKind
      ? { ...machine, loadAverage: Math.max(machine.loadAverage, earlier.machine.loadAverage) }
      : machine,
    lines: isSameKind ? mergeLines(earlier.lines, lines) : lines,
  });
}

/** The lines of a bench file; `undefined` when it failed. */
async function runFile(path: string): Promise<readonly BenchLine[] | undefined> {
  const child: ChildProcess = fork(
    join(import.meta.dirname, 'harness/run-one.main.ts'),
    [path, flags.quick ? 'quick' : 'full', String(rounds)],
    { execArgv: ['--expose-gc'], serialization: 'advanced' },
  );
  let fresh: readonly BenchLine[] | undefined;
  child.on('message', (message) => (fresh = message as readonly BenchLine[]));
  await once(child, 'close');
  return fresh;
}
