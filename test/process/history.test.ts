import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

interface Listed {
  readonly path: string;
  readonly model: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly notes: string;
}
interface History {
  readonly runs: readonly (Listed & { readonly requests_per_second: number })[];
  readonly studies: readonly (Listed & {
    readonly kind: string;
    readonly cells_done: number;
    readonly is_complete: boolean;
  })[];
}

const folder = bench.file('past');

beforeAll(async () => {
  const url = await bench.mock('--ttft', 'fixed:2', '--output-tokens', 'fixed:2');
  const load = ['--endpoint', url, '--dataset', bench.dataset(4), '--concurrency', '2', '--samples', '8'];
  const tags = ['--tag', 'gpu=h100', '--tag', 'night=1'];
  const runs = [
    ['run', ...load, '--model', 'alpha', ...tags, '--out', join(folder, 'a')],
    ['run', ...load, '--model', 'beta', '--tag', 'gpu=l4', '--out', join(folder, 'b')],
    ['repeat', '2', ...load, '--model', 'gamma', '--tag', 'gpu=h100', '--out', join(folder, 'study')],
  ];
  for (const args of runs) {
    const { code, stderr } = await bench.start(args).finished;
    expect(WENT_THROUGH, stderr).toContain(code);
  }
}, 60_000);

async function historyOf(...flags: readonly string[]): Promise<History> {
  const { stdout, stderr, code } = await bench.start(['history', folder, '--json', ...flags]).finished;
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as History;
}

it('lists runs and studies, newest first, by model, endpoint and tag', async () => {
  const all = await historyOf();
  expect(all.runs.map(({ model, tags }) => [model, tags])).toEqual([
    ['beta', { gpu: 'l4' }],
    ['alpha', { gpu: 'h100', night: '1' }],
  ]);
  expect(all.runs[0]!.requests_per_second).toBeGreaterThan(0);
  expect(all.studies).toMatchObject([
    { kind: 'repeat', model: 'gamma', tags: { gpu: 'h100' }, cells_done: 2, is_complete: true },
  ]);
  const tagged = await historyOf('--tag', 'gpu=h100');
  expect([tagged.runs.length, tagged.studies.length]).toEqual([1, 1]);
  const named = await historyOf('--tag', 'night', '--model', 'ALPH', '--endpoint', '127.0.0.1');
  expect([named.runs.length, named.studies.length]).toEqual([1, 0]);
  const { stdout } = await bench.start(['history', folder, '--last', '1']).finished;
  expect(stdout).toMatch(/past\/b +20\d\d-.* beta .* gpu=l4\n/);
  expect(stdout).not.toContain('past/a');
});

it('takes notes about a run from the page of serve, and says how to run it again', async () => {
  const server = bench.start(['serve', '--runs', folder, '--listen', '0']);
  const [, url] = await server.waitForOutput(/web page: (http:\S+?)\/?\s/);
  const put = (name: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/api/runs/${name}/notes`, { method: 'PUT', body: 'after the upgrade', headers });
  expect((await put('a', { origin: 'http://evil.example' })).status).toBe(403);
  expect((await put('..')).status).toBe(404);
  expect((await put('a')).status).toBe(200);
  expect(readFileSync(join(folder, 'a', 'notes.txt'), 'utf8')).toBe('after the upgrade');
  const opened = (await (await fetch(`${url}/api/runs/a`)).json()) as {
    readonly entry: Listed;
    readonly runAgain: string;
  };
  expect(opened.entry).toMatchObject({ tags: { gpu: 'h100' }, notes: 'after the upgrade' });
  expect(opened.runAgain).toBe(
    `cd ${process.cwd()} && inferometer run --config ${join(folder, 'a/config.yaml')}`,
  );
  const studies = (await (await fetch(`${url}/api/studies`)).json()) as readonly unknown[];
  expect(studies).toMatchObject([{ name: 'study', kind: 'repeat', cells: 2, cellsDone: 2 }]);
  server.child.kill('SIGTERM');
  await server.finished;
  const { runs } = await historyOf('--model', 'alpha');
  expect(runs[0]!.notes).toBe('after the upgrade');
  const again = opened.runAgain.slice(opened.runAgain.indexOf('run --config')).split(' ');
  const rerun = await bench.start([...again, '--out', bench.file('again')]).finished;
  expect(WENT_THROUGH, rerun.stderr).toContain(rerun.code);
});

it('refuses a tag without a name', async () => {
  const { code, stderr } = await bench.start(bench.runArgs('http://127.0.0.1:9', 1, '--tag', 'h100'))
    .finished;
  expect(code).toBe(2);
  expect(stderr).toContain('--tag must be name=text, such as gpu=h100 (got "h100")');
});
