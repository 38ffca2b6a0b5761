import { execFile } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferometerError } from '../../core/errors.ts';
import { entryModule } from '../../core/program-files.ts';
import type { RunComparison } from '../../web/run-comparison.ts';
import type { RunDirectory } from '../run-folder/run-directory.ts';

/** Runs of millions of requests take some ten seconds each. */
const TIMEOUT_MS = 180_000;
const MOST_OUTPUT_BYTES = 2 ** 24;
const KEPT = 16;

/**
 * What `inferometer compare` says of runs, by a process of its own: resampling takes a core for seconds, and the page must go on. One after
 * another; what was said is kept until a run changes.
 */
export class RunComparisons {
  readonly #kept = new Map<string, Promise<RunComparison>>();
  #turn: Promise<unknown> = Promise.resolve();

  /** Throws `InferometerError` (input) with what it says when it refuses. */
  async compare(runs: readonly RunDirectory[]): Promise<RunComparison> {
    const stamps = await Promise.all(runs.map(({ recordPath }) => lstat(recordPath)));
    const key = JSON.stringify(runs.map(({ path }, i) => [path, stamps[i]!.mtimeMs, stamps[i]!.size]));
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const asked = this.#turn.then(() => compareInChild(runs.map(({ path }) => resolve(path))));
    this.#turn = asked.catch(() => this.#kept.delete(key));
    this.#kept.set(key, asked);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT) this.#kept.delete(oldest!);
    return asked;
  }
}

function compareInChild(paths: readonly string[]): Promise<RunComparison> {
  const args = [fileURLToPath(entryModule('app/views/compare.main')), ...paths];
  const options = { timeout: TIMEOUT_MS, maxBuffer: MOST_OUTPUT_BYTES };
  return new Promise((done, failed) => {
    execFile(process.execPath, args, options, (error, output, said) => {
      if (error === null) done(JSON.parse(output) as RunComparison);
      else failed(refusal(said));
    });
  });
}

function refusal(said: string): InferometerError {
  const why = said.trim().split('\n').at(-1) ?? '';
  return new InferometerError(
    'INFEROMETER_COMPARE_REFUSED',
    'input',
    why === '' ? 'the comparison took too long; run inferometer compare in a terminal' : why,
  );
}
