import { readdirSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { allowedCpus } from '../../src/app/machine/cpu-pinning.ts';
import { Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

const [cpu] = allowedCpus();
const others = allowedCpus().slice(1).join(',');

function startRun(url: string, cpus: string, environment: Record<string, string> = {}) {
  return bench.start(
    [
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(10), '--rate', '20'],
      ...['--duration', '60s', '--cpus', cpus, '--out', bench.file('run')],
    ],
    environment,
  );
}

/** CPUs each thread of a process may use, by the thread's number. */
function cpusOfThreads(pid: number): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
      return [thread, /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)![1]!];
    }),
  );
}

/** The kernel's way to write CPUs: two or more in a row as a range. */
const asListed = (list: string) =>
  list
    .split(',')
    .map(Number)
    .reduce<[number, number][]>((ranges, next) => {
      const range = ranges.at(-1);
      if (range !== undefined && range[1] === next - 1) range[1] = next;
      else ranges.push([next, next]);
      return ranges;
    }, [])
    .map(([first, last]) => (first === last ? String(first) : `${first}-${last}`))
    .join(',');

it('--cpus pins the engine thread to its CPU and keeps the rest of the program off it', async () => {
  const run = startRun(await bench.mock(), String(cpu));
  await run.waitForOutput(/measuring/);
  const main = [...cpusOfThreads(run.pid).values()];
  const aggregatorPid = bench.json<{ pids: { aggregator: number } }>('run/run.json').pids.aggregator;
  const aggregator = new Set(cpusOfThreads(aggregatorPid).values());
  if (others === '') {
    expect(new Set(main)).toEqual(new Set([String(cpu)]));
  } else {
    expect(main.filter((cpus) => cpus === String(cpu))).toHaveLength(1);
    expect(new Set(main)).toEqual(new Set([String(cpu), asListed(others)]));
    expect(aggregator).toEqual(new Set([asListed(others)]));
  }
  run.child.kill('SIGINT');
  await run.finished;
});

it('--cpus needs taskset, and says so before a request is sent', async () => {
  const run = startRun(await bench.mock(), String(cpu), {
    PATH: ['/nowhere', '/nowhere-else'].join(delimiter),
  });
  const { code, stderr } = await run.finished;
  expect(code).toBe(3);
  expect(stderr).toContain('error: --cpus needs the program taskset');
  expect(() => readdirSync(bench.file('run'))).toThrow('ENOENT');
});

it('--cpus refuses a CPU that is not there', async () => {
  const { code, stderr } = await startRun('http://127.0.0.1:1', '31337').finished;
  expect(code).toBe(2);
  expect(stderr).toContain('--cpus: this process may not use CPU 31337');
});
