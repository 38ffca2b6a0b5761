/**
 * Gives each parser made-up inputs, led by the branches they take, until one of its promises breaks. Prints runs, rate, branches and corpus,
 * and how many inputs have ever broken a promise; one that does is saved in `broken/`, where a test finds it. Each parser has a process of its own.
 *
 * Usage: npm run fuzz [-- --runs 100000 --minutes 5 --seed 1 --only TEXT]; `--minutes`: of each parser, at most. Exit code 1 when a promise
 * was broken.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { errorText } from '../../../src/core/errors.ts';
import { BranchCoverage, instrumentSources } from './coverage.ts';
import { FUZZ_TARGETS } from './targets.ts';

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    minutes: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    /** In a process of its own. */
    target: { type: 'string' },
  },
});
const BROKEN = join(import.meta.dirname, 'broken');
const say = (line: string) => process.stdout.write(`${line}\n`);
process.exitCode = flags.target === undefined ? runAll() : await runOne(flags.target);

function runAll(): number {
  say(
    `${'parser'.padEnd(20)} ${'inputs'.padStart(11)} ${'per s'.padStart(8)}  branches taken  corpus  once broken`,
  );
  let exitCode = 0;
  for (const name of Object.keys(FUZZ_TARGETS).filter((target) => target.includes(flags.only))) {
    const args = [
      '--disable-warning=ExperimentalWarning',
      import.meta.filename,
      '--target',
      name,
      '--runs',
      flags.runs,
      '--minutes',
      flags.minutes,
      '--seed',
      flags.seed,
    ];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) exitCode = 1;
  }
  return exitCode;
}

async function runOne(name: string): Promise<number> {
  instrumentSources();
  const target = await FUZZ_TARGETS[name]!();
  // What it imports is not to be counted as the first to load it.
  const { fuzz } = await import('./fuzz.ts');
  const coverage = new BranchCoverage();
  const startedMs = performance.now();
  const { runs, corpus, broken } = fuzz(target, {
    seed: Number(flags.seed),
    runs: Number(flags.runs),
    endMs: startedMs + Number(flags.minutes) * 60_000,
    coverage,
  });
  const perSecond = Math.round(runs / ((performance.now() - startedMs) / 1000));
  const branches = `${coverage.taken} of ${coverage.all}`;
  say(
    `${name.padEnd(20)} ${String(runs).padStart(11)} ${String(perSecond).padStart(8)}  ${branches.padEnd(14)}  ${String(corpus.length).padStart(6)}  ${String(brokenBefore(name)).padStart(11)}`,
  );
  if (broken === undefined) return 0;
  mkdirSync(BROKEN, { recursive: true });
  const path = join(BROKEN, `${name}-${flags.seed}-${runs}.json`);
  const { bytes, seed, error } = broken;
  writeFileSync(path, `${JSON.stringify({ target: name, seed, bytes: bytes.toString('base64') })}\n`);
  say(`${name}: ${errorText(error)}\n  input saved as ${path}`);
  return 1;
}

/** Inputs that broke a promise of this parser once, and are given to it by a test since. */
function brokenBefore(name: string): number {
  const files = existsSync(BROKEN) ? readdirSync(BROKEN) : [];
  const targets = files.map(
    (file) => (JSON.parse(readFileSync(join(BROKEN, file), 'utf8')) as { readonly target: string }).target,
  );
  return targets.filter((target) => target === name).length;
}
