import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ENTRY, Workbench } from './program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);
const bench = new Workbench();
let endpoint: string;

beforeAll(async () => {
  mkdirSync(bench.file('bin'));
  writeFileSync(bench.file('bin/inferometer'), `#!/bin/sh\nexec "${process.execPath}" "${ENTRY}" "$@"\n`);
  chmodSync(bench.file('bin/inferometer'), 0o755);
  bench.dataset(20, 'some prompts.jsonl');
  endpoint = await bench.mock('--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--output-tokens', 'fixed:5');
});
afterAll(() => bench.end());

/** Runs the step as a runner does; resolves to its outputs, and what it wrote in Markdown. */
async function step(out: string, args: string, baseline = '') {
  const [outputs, jobSummary] = [bench.file(`${out}.outputs`), bench.file(`${out}.job`)];
  const { stdout } = await execute(join(ROOT, 'action/run.sh'), {
    cwd: bench.path,
    env: {
      PATH: `${bench.file('bin')}${delimiter}${process.env.PATH}`,
      ...{ RUN_ARGS: args, BASELINE: baseline, MARGIN: '50%', OUT: out },
      ...{ GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: jobSummary },
    },
  });
  const lines = readFileSync(outputs, 'utf8').trim().split('\n');
  const markdown = readFileSync(bench.file(`${out}.md`), 'utf8');
  expect(readFileSync(jobSummary, 'utf8')).toBe(markdown);
  return { ...Object.fromEntries(lines.map((line) => line.split('='))), markdown, stdout } as Record<
    string,
    string
  >;
}

describe('the GitHub Action', () => {
  it('runs, compares with the baseline, and tells its result', async () => {
    const run = `--endpoint ${endpoint} --model m --dataset 'some prompts.jsonl' --concurrency 2 --samples 20`;
    const first = await step('first', run, 'nothing-there-yet');
    expect(first).toMatchObject({ run: 'first', summary: 'first.md' });
    expect(first['exit-code']).toBeOneOf(['0', '5']);
    expect(first.markdown).not.toContain('Compared');
    const missing = 'no baseline found at nothing-there-yet: nothing was compared\n';
    expect(first.markdown).toMatch(new RegExp(`\n\n${missing}$`));
    expect(first.stdout).toContain(missing);

    const second = await step('second', `${run} --slo 'ttft p50 < 1ms'`, 'first');
    // On a machine with other things to do the result may be invalid, which weighs more than a missed SLO.
    expect(second['exit-code']).toBeOneOf(['5', '7']);
    expect(second.markdown).not.toContain('no baseline');
    expect(second.markdown).toMatch(
      /ttft p50[^]*### Compared with the baseline\n\n```text\n[^]*TTFT p50[^]*\n```\n$/,
    );
  });

  it('expands nothing, and says so when nothing ran', async () => {
    const failed = await step('failed', '--endpoint $(touch hacked) --model `touch hacked` --dataset x');
    expect(failed['exit-code']).toBe('2');
    expect(failed.markdown).toBe('The load test did not run: exit code 2. The log of the job says why.\n');
    expect(existsSync(bench.file('hacked'))).toBe(false);
  });

  it('puts no input into a script, where it could be one', () => {
    const { runs } = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as {
      readonly runs: {
        readonly using: string;
        readonly steps: readonly { readonly run?: string; readonly shell?: string }[];
      };
    };
    expect(runs.using).toBe('composite');
    for (const { run, shell } of runs.steps) {
      if (run === undefined) continue;
      expect(shell).toBe('bash');
      expect(run).not.toContain('${{');
    }
  });
});
