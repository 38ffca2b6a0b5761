import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { getPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Program, waitFor, WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

/** Starts a run with a page, and waits until it says where. */
async function shownRun(...more: string[]): Promise<{ readonly run: Program; readonly url: string }> {
  const server = await bench.mock(
    '--ttft',
    'fixed:5',
    '--inter-token',
    'fixed:2',
    '--output-tokens',
    'fixed:5',
  );
  const run = bench.start([
    ...['run', '--endpoint', server, '--model', 'm', '--dataset', bench.dataset(5), '--rate', '50'],
    ...['--web', '0', '--out', bench.file('run'), ...more],
  ]);
  const [url] = await run.waitForOutput(/http:\/\/127\.0\.0\.1:\d+\//);
  return { run, url };
}

/** The child of a process that serves its views. */
function viewsOf(pid: number): number {
  const found = readdirSync('/proc').find((name) => {
    try {
      const isChild = readFileSync(`/proc/${name}/status`, 'utf8').includes(`\nPPid:\t${pid}\n`);
      return isChild && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('views.main');
    } catch {
      return false;
    }
  });
  return Number(found);
}

const SCHED_BATCH = 3;
const hasChrt = spawnSync('chrt', ['--help'], { stdio: 'ignore' }).status === 0;

/** The 41st field of proc_pid_stat(5); the second, a name in brackets, may hold blanks. */
function schedulingPolicy(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);
}

it('viewers get the last state of the run before the page ends with it', async () => {
  const { run, url } = await shownRun('--duration', '2s');
  const asking = request(new URL('/api/live/events', url)).end();
  const [events] = (await once(asking, 'response')) as [IncomingMessage];
  const seen = await text(events);
  const [, last = ''] = seen.split('event: update\ndata: ').slice(-2);
  expect(JSON.parse(last.split('\n')[0]!)).toMatchObject({ view: { state: 'complete' } });
  expect(WENT_THROUGH).toContain((await run.finished).code);
});

it('the process of the page stands back behind the load, and its death does the run no harm', async () => {
  const { run } = await shownRun('--duration', '3s');
  await run.waitForOutput(/measuring/);
  const pid = viewsOf(run.pid);
  expect(getPriority(pid)).toBeGreaterThan(getPriority(run.pid));
  if (hasChrt) await waitFor(() => schedulingPolicy(pid) === SCHED_BATCH, 'batch scheduling');
  process.kill(pid, 'SIGKILL');
  await run.waitForOutput(/process of the page ended \(SIGKILL\); the run goes on/);
  expect(WENT_THROUGH).toContain((await run.finished).code);
  expect(bench.json('run/run.json')).toMatchObject({ outcome: { state: 'complete' } });
});

it('the page ends with a run that is killed', async () => {
  const { run, url } = await shownRun('--duration', '60s');
  await run.waitForOutput(/measuring/);
  const asking = request(new URL('/api/live/events', url)).end();
  const [events] = (await once(asking, 'response')) as [IncomingMessage];
  run.child.kill('SIGKILL');
  await expect(text(events)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

it('a page that cannot be served is refused before the run', async () => {
  const refused = await bench.start([
    ...['run', '--endpoint', 'http://127.0.0.1:9', '--model', 'm', '--dataset', bench.dataset(2)],
    ...['--web', 'no address', '--out', bench.file('run')],
  ]).finished;
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('--web must be a port up to 65535 such as 7860');
});
