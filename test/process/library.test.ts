import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Workbench } from './program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);
const bench = new Workbench();

/** The examples of the page in a folder where `inferometer` is installed, with the server of this test for the one that they name. */
beforeAll(async () => {
  const url = await bench.mock(
    '--ttft',
    'fixed:20',
    '--inter-token',
    'fixed:2',
    '--output-tokens',
    'fixed:10',
  );
  bench.dataset(50);
  mkdirSync(bench.file('node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, bench.file('node_modules/inferometer'));
  symlinkSync(join(ROOT, 'node_modules/@types/node'), bench.file('node_modules/@types/node'));
  symlinkSync(join(ROOT, 'node_modules/undici-types'), bench.file('node_modules/undici-types'));
  writeFileSync(bench.file('package.json'), '{ "type": "module" }\n');
  const pages = ['docs/library.md', 'docs/extending.md'].map((page) =>
    readFileSync(join(ROOT, page), 'utf8'),
  );
  for (const [, name, text] of pages.join('\n').matchAll(/^```ts\n\/\/ ([a-z]+\.ts)\n([^]*?)^```$/gm))
    writeFileSync(bench.file(name!), text!.replace('http://localhost:8000', url));
});
afterAll(() => bench.end());

const example = async (name: string) =>
  (await execute(process.execPath, [bench.file(name)], { cwd: bench.path })).stdout;

describe('docs/library.md', () => {
  it('has examples that compile against the types of the package', async () => {
    const options = [
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--lib',
      'es2024',
      '--types',
      'node',
      '--noEmit',
    ];
    const files = ['run.ts', 'abort.ts', 'read.ts', 'compare.ts', 'mine.ts'].map((name) => bench.file(name));
    const compiled = execute(join(ROOT, 'node_modules/.bin/tsc'), [...options, ...files], {
      cwd: bench.path,
    });
    await expect(compiled.catch((error: { stdout: string }) => error)).resolves.toMatchObject({ stdout: '' });
  });

  it('runs, tells its progress, and gives the report as data', async () => {
    const lines = (await example('run.ts')).trim().split('\n');
    expect(lines.filter((line) => /^\d+ succeeded, \d+ in flight$/.test(line)).length).toBeGreaterThan(2);
    expect(lines.at(-2)).toMatch(/^runs\/first: (valid|degraded|invalid)$/);
    expect(lines.at(-1)).toMatch(/^TTFT p99: [\d.]+ ms$/);
  });

  it('stops at a signal', async () => {
    expect(await example('abort.ts')).toBe('130 true\n');
  });

  it('reads a run and its samples, and compares it', async () => {
    const [first, second] = (await example('read.ts')).trim().split('\n');
    const summary = bench.json<{ qps: number; n_samples_issued: number; run: { run_id: string } }>(
      'runs/first/performance/result_summary.json',
    );
    expect(first).toBe(`${summary.run.run_id} ${summary.qps}`);
    expect(second).toMatch(new RegExp(`^the slowest of ${summary.n_samples_issued} took [\\d.]+ ms$`));
    expect(await example('compare.ts')).toMatch(/^runs\/aborted \w+ -?[\d.]+$/m);
  });
});
