import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RecordedRun } from '../app/recorded-run.ts';
import { Workbench } from './program.ts';

const bench = new Workbench();
let run: RecordedRun;
beforeEach(() => {
  run = new RecordedRun();
  run.writeHeader();
  run.start();
  for (let seq = 0; seq < 20; seq++) run.sample(seq);
  run.end();
});
afterEach(async () => {
  await run.remove();
  await bench.end();
});

const program = (...args: string[]) => bench.start(args).finished;

it.each(['', '{"format": 1, "run', 'null', '[]', '{}', '{"format": 2, "outcome": {}}'])(
  'a run.json that reads %j is as good as none',
  async (content) => {
    writeFileSync(join(run.path, 'run.json'), content);
    const report = await program('report', '--full', run.path);
    expect(report).toMatchObject({ code: 0, stderr: '' });
    expect(report.stdout).toContain('Total samples issued: 20');
    expect(await program('compare', run.path, run.path)).toMatchObject({ code: 0, stderr: '' });
    const watch = await program('watch', run.path);
    expect(watch.code).toBe(5);
    expect(watch.stderr).toMatch(/^error: the run is gone without a final snapshot; .*\n$/);
  },
);

it.each([
  ['report', '--summary'],
  ['watch', '--once'],
  ['watch', '--replay'],
  ['plot', '--chart=ttft'],
  ['export', '--samples=csv'],
  ['serve', '--listen=0'],
])('%s refuses a run log that is no file by one message', async (command, flag) => {
  rmSync(run.logPath);
  mkdirSync(run.logPath);
  expect(await program(command, run.path, flag)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: `error: ${run.path}: no run here (run.log is a folder); give a run directory\n`,
  });
});

it.each([
  ['report', '--full'],
  ['watch', '--replay'],
])('%s says which log lost its header', async (command, ...flags) => {
  const log = readFileSync(run.logPath);
  log[30]! ^= 1;
  writeFileSync(run.logPath, log);
  const finished = await program(command, run.path, ...flags);
  expect(finished.code).toBe(2);
  expect(finished.stderr).toContain(`error: ${run.logPath}: its first frame must be the run's header`);
});
