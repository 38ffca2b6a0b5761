import { execFile } from 'node:child_process';
import {
  chmodSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programVersion } from '../../src/app/run-folder/version.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/build-single.mjs');
/** All that it needs of a machine: no Node among it. */
const TOOLS = ['sh', 'tar', 'gzip', 'tail', 'mkdir', 'mktemp', 'mv', 'rm'];

const execute = promisify(execFile);
const bench = new Workbench();
const file = bench.file('inferometer');
const HOME = bench.file('home');

beforeAll(async () => {
  mkdirSync(HOME);
  mkdirSync(bench.file('bin'));
  for (const tool of TOOLS) {
    const { stdout } = await execute('sh', ['-c', `command -v ${tool}`]);
    symlinkSync(stdout.trim(), bench.file(`bin/${tool}`));
  }
  await execute(process.execPath, [SCRIPT, file, '--fast']);
});
afterAll(() => bench.end());

const run = (environment: Record<string, string>, ...args: readonly string[]) =>
  execute(file, args, {
    cwd: bench.path,
    env: { PATH: bench.file('bin'), NO_COLOR: '1', ...environment },
  }).catch((error: { code: number; stdout: string; stderr: string }) => error);

describe('the single file', () => {
  it('unpacks itself where it may, also at two starts at once, and runs the demo without Node', async () => {
    const versions = await Promise.all([run({ HOME }, '--version'), run({ HOME }, '--version')]);
    expect(versions.map(({ stdout }) => stdout)).toEqual(Array(2).fill(`${programVersion()}\n`));
    const demo = await run({ HOME }, 'demo', '--duration', '1s');
    expect('code' in demo ? demo.code : 0).toBeOneOf([...WENT_THROUGH]);
    const [path = ''] = /runs\/\S+\/report\.html/.exec(demo.stdout)!;
    expect(readFileSync(join(bench.path, path), 'utf8')).toContain('<svg');
  });

  it('replaces what was unpacked and can no longer run', async () => {
    const version = { stdout: `${programVersion()}\n` };
    const home = { INFEROMETER_HOME: bench.file('broken') };
    expect(await run(home, '--version')).toMatchObject(version);
    const [node] = globSync(bench.file('broken/*/node'));
    rmSync(node!);
    expect(await run(home, '--version')).toMatchObject(version);
    expect(readdirSync(bench.file('broken'))).toHaveLength(1);
  });

  it('leaves nothing inside the folder of a start that was faster', async () => {
    // The other start comes between the look and the move.
    mkdirSync(bench.file('racing-bin'));
    const mv = bench.file('racing-bin/mv');
    writeFileSync(mv, '#!/bin/sh\nPATH=/usr/bin:/bin\n[ -e "$2" ] || cp -rl "$1" "$2"\nexec mv "$1" "$2"\n');
    chmodSync(mv, 0o755);
    const home = bench.file('raced');
    const started = await run(
      { INFEROMETER_HOME: home, PATH: `${bench.file('racing-bin')}:${bench.file('bin')}` },
      '--version',
    );
    expect(started).toMatchObject({ stdout: `${programVersion()}\n` });
    expect(globSync('{unpacking,*/unpacking}-*', { cwd: home })).toEqual([]);
  });

  it('says what to set where it may not', async () => {
    for (const [name, value] of [
      ['HOME', ''],
      ['INFEROMETER_HOME', '/dev/null/x'],
    ] as const) {
      const message = 'set INFEROMETER_HOME to a folder for the unpacked program';
      expect(await run({ [name]: value }, '--version')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(message) as string,
      });
    }
  });
});
