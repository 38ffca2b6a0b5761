import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { programVersion } from '../../src/app/run-folder/version.ts';
import { waitFor, WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench({ drawsReports: true });
afterAll(() => bench.end());

describe('what people type first', () => {
  it.each([['version'], ['-v'], ['-V'], ['--version']])('%s prints the version', async (word) => {
    expect(await bench.start([word]).finished).toMatchObject({ code: 0, stdout: `${programVersion()}\n` });
  });

  it.each([
    [['help', 'comparee'], "there is no command 'comparee'; did you mean compare?"],
    [['help', 'nosuch'], "there is no command 'nosuch' (inferometer --help lists all)"],
    [['nosuch'], "unknown command 'nosuch'"],
    [['run', '--url', 'http://x', '-m', 'y'], 'here: --endpoint http://x'],
  ])('%s is refused with what helps', async (args, message) => {
    const { code, stderr, stdout } = await bench.start(args).finished;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('a run names its page and opens it, and report prints the summary, with --full everything', async () => {
    const opened = bench.file('opened');
    mkdirSync(bench.file('bin'));
    for (const name of ['xdg-open', 'open']) {
      writeFileSync(bench.file(`bin/${name}`), `#!/bin/sh\necho "$1" > ${opened}\n`);
      chmodSync(bench.file(`bin/${name}`), 0o755);
    }
    const args = bench.runArgs(await bench.mock('--ttft', 'fixed:1'), 5, '--samples', '5', '--open');
    const path = `${bench.file('bin')}${delimiter}${process.env.PATH}`;
    const run = await bench.start(args, { PATH: path }).finished;
    expect(run.code).toBeOneOf([...WENT_THROUGH]);
    expect(run.stdout).toMatch(/\nreport: \S+\/run\/report\.html\n$/);
    // Five samples are too few for p99, which nobody claims.
    expect(run.stdout).toMatch(/note +5 samples/);
    await waitFor(() => existsSync(opened), 'opened page');
    expect(readFileSync(opened, 'utf8')).toBe(`${bench.file('run')}/report.html\n`);

    const summary = await bench.start(['report', bench.file('run')]).finished;
    expect(run.stdout).toContain(summary.stdout.trimEnd());
    const full = await bench.start(['report', '--full', bench.file('run')]).finished;
    expect(full.stdout).toBe(
      readFileSync(bench.file('run/report.txt'), 'utf8').replace(
        'final snapshot file',
        'replay of the run log',
      ),
    );
  });
});
