import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

const ROWS = 60;
/** Longer than a block of the requests in memory, all together. */
const PROMPT_CHARACTERS = 400_000;

/** Each row has a length of its own, by which the server knows it. */
function longRows(): string {
  const path = bench.file('long.jsonl');
  const lines = Array.from({ length: ROWS }, (_, row) =>
    JSON.stringify({ prompt: `${row} `.padEnd(PROMPT_CHARACTERS + row, 'x') }),
  );
  writeFileSync(path, lines.join('\n'));
  return path;
}

it('a dataset larger than its memory is sent from a file, every row once', async () => {
  const url = await bench.mock('--ttft', 'fixed:1', '--inter-token', 'fixed:0', '--output-tokens', 'fixed:2');
  const run = await bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--dataset', longRows(), '--concurrency', '4'],
    ...['--dataset-memory', '16MiB', '--workers', '2', '--out', bench.file('runs/one')],
  ]).finished;
  expect(WENT_THROUGH, run.stderr).toContain(run.code);
  const sent = (await bench.truth(url)).map(({ prompt_tokens: tokens }) => tokens);
  expect(sent).toHaveLength(ROWS);
  const rows = (await bench.samples('runs/one')).map(({ dataset_row: row }) => Number(row));
  expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, row) => row));
  const report = readFileSync(bench.file('runs/one/report.txt'), 'utf8').replace(/\s+/g, ' ');
  expect(report).toMatch(/requests read from a file for [\d.]+ (µs|ms|s) in total/);
  // The run log has what is asked where there was memory for it: it does not grow with the rest.
  const log = readFileSync(bench.file('runs/one/run.log'));
  expect(log.length).toBeLessThan(ROWS * PROMPT_CHARACTERS * 0.8);
  expect(readdirSync(bench.path).filter((name) => name.startsWith('.requests'))).toEqual([]);
});

it('a size has a unit', async () => {
  const run = await bench.start(['run', '--dataset-memory', '16', '--endpoint', 'http://x', '--model', 'm'])
    .finished;
  expect(run.code).toBe(2);
  expect(run.stderr).toContain(
    '--dataset-memory must be a size with its unit, such as 512MiB or 4GiB (got "16")',
  );
});
