import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from '../process/program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

/** A copy of the sources in which the page was followed. */
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'extending-'));
  for (const name of ['src', 'package.json']) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  follow(readFileSync(join(ROOT, 'docs/extending.md'), 'utf8'));
});
afterAll(() => rmSync(copy, { recursive: true }));

/** Writes the files of the page and makes its changes. */
function follow(page: string): void {
  for (const [, language, path, text] of page.matchAll(/^```(ts|diff)\n\/\/ (src\S+)\n([^]*?)^```$/gm)) {
    const file = join(copy, path!);
    writeFileSync(file, language === 'ts' ? text! : changed(readFileSync(file, 'utf8'), text!, path!));
  }
}

/** Each line that is to be added goes behind the line before it, which must be there once. */
function changed(source: string, diff: string, path: string): string {
  const lines = source.split('\n');
  let at = -1;
  for (const line of diff.split('\n').slice(0, -1)) {
    if (line.startsWith('+')) lines.splice(++at, 0, line.slice(1));
    else {
      const found = lines.flatMap((one, i) => (one === line.slice(1) ? [i] : []));
      expect(found, `${path}: ${line}`).toHaveLength(1);
      [at = -1] = found;
    }
  }
  return lines.join('\n');
}

const node = (...args: readonly string[]) => execute(process.execPath, args, { cwd: copy });

describe('docs/extending.md', () => {
  it('adds a format', async () => {
    const quiz = join(copy, 'quiz.csv');
    writeFileSync(quiz, 'quiz question,answer tokens\nWhy?,7\nHow?,x\n');
    const program = join(copy, 'src/cli/main.ts');
    const shown = node(program, 'dataset', 'show', quiz, '--json');
    await expect(shown).rejects.toMatchObject({ stderr: expect.stringContaining(`${quiz}:3`) as string });
    writeFileSync(quiz, 'quiz question,answer tokens\nWhy?,7\n');
    const { stdout } = await node(program, 'dataset', 'show', quiz, '--json');
    expect(stdout).toMatch(/Why\?/);
    expect(stdout).toMatch(/"quiz"/);
  });

  it('adds a way to arrive and a metric, and a run has both', async () => {
    const bench = new Workbench();
    try {
      const url = await bench.mock('--ttft', 'fixed:5', '--inter-token', 'fixed:2');
      const args = bench.runArgs(url, 8, '--pattern', 'pairs', '--rate', '40', '--samples', '8');
      const program = join(copy, 'src/cli/main.ts');
      const code = await node(program, ...args, '--quiet').then(
        () => 0,
        ({ code: failed }: { readonly code: number }) => failed,
      );
      expect(WENT_THROUGH).toContain(code);
      const { series } = bench.json<{ series: Record<string, { count: number }> }>(
        'run/performance/result_summary.json',
      );
      expect(series.streaming_ns?.count).toBe(8);
      expect(readFileSync(bench.file('run/report.txt'), 'utf8')).toMatch(/^Streaming +\d/m);
      const due = (await bench.samples()).map(({ due_ns: ns }) => Number(ns));
      const gaps = due
        .sort((a, b) => a - b)
        .map((ns, i) => Math.round((ns - due[0]!) / 25e6) - (i - (i % 2)));
      expect(gaps).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    } finally {
      await bench.end();
    }
  });
});
