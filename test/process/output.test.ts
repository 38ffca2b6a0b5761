import { spawnSync, type StdioOptions } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENTRY, WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
/** Each write there fails as on a full disk. */
const full = openSync('/dev/full', 'w');
let run: readonly string[];
beforeAll(async () => {
  const endpoint = await bench.mock('--ttft', 'fixed:1', '--output-tokens', 'fixed:2');
  run = ['run', '--endpoint', endpoint, '--model', 'm', '--dataset', bench.dataset(5), '--samples', '20'];
});
afterAll(async () => {
  closeSync(full);
  await bench.end();
});

function program(args: readonly string[], stdio: StdioOptions) {
  return spawnSync(process.execPath, [ENTRY, ...args], { stdio, encoding: 'utf8' });
}

const COMPLAINT =
  /^error: standard output: can't be written \(ENOSPC: .*\); what was printed there is not whole$/m;

it.each([[], ['--json-lines']])(
  'a full disk behind standard output costs a run its lines alone: %j',
  (...flags) => {
    const place = bench.file(`out${flags.length}`);
    const { status, stderr } = program([...run, ...flags, '--out', place], ['ignore', full, 'pipe']);
    expect(stderr).toMatch(COMPLAINT);
    expect(status).toBe(4);
    expect(existsSync(`${place}/report.html`)).toBe(true);
    const report = program(['report', '--full', place], ['ignore', full, 'pipe']);
    expect([report.status, report.stderr]).toEqual([4, expect.stringMatching(COMPLAINT)]);
  },
);

it('a full disk behind standard error costs a run nothing else', () => {
  const { status, stdout } = program([...run, '--out', bench.file('err')], ['ignore', 'pipe', full]);
  expect(WENT_THROUGH).toContain(status);
  expect(stdout).toContain('20 issued = 20 succeeded');
  expect(existsSync(bench.file('err/report.html'))).toBe(true);
});

it('--report-html off leaves out the page until report --write asks for it', async () => {
  const [place, page] = [bench.file('plain'), bench.file('plain/report.html')];
  const { code, stderr } = await bench.start([...run, '--report-html', 'off', '--out', place]).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  expect((await bench.start(['report', place, '--summary']).finished).code).toBe(0);
  expect(existsSync(page)).toBe(false);
  expect((await bench.start(['report', place, '--write', '--summary']).finished).code).toBe(0);
  expect(readFileSync(page, 'utf8')).toContain('id="over-time"');
});
