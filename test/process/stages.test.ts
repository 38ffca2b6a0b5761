import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KOLMOGOROV_LIMIT, kolmogorovDistance } from '../../bench/stats/kolmogorov.ts';
import { RateProfile } from '../../src/plan/rate-profile.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

const S = 1e9;

/** When the run began to measure, on the clock of the server. */
function measuringSinceNs(): bigint {
  const events = readFileSync(bench.file('run/events.jsonl'), 'utf8');
  return BigInt(/"session.start_performance_tracking","timestamp_ns":(\d+)/.exec(events)![1]!);
}

describe('run --stages', () => {
  it('sends when the stages say, and the server gets each request', async () => {
    const url = await bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:1');
    const run = bench.start(
      bench.runArgs(url, 100, '--stages', 'rate 40 for 1s, pause for 1s, ramp to 200 over 2s', '--seed', '5'),
    );
    const { code, stdout } = await run.finished;
    expect(WENT_THROUGH).toContain(code);
    expect(stdout).toContain('on average');
    const profile = new RateProfile([
      { forNs: S, fromPerSecond: 40, toPerSecond: 40 },
      { forNs: S, fromPerSecond: 0, toPerSecond: 0 },
      { forNs: 2 * S, fromPerSecond: 0, toPerSecond: 200 },
    ]);
    const times = (await bench.samples()).map(({ due_ns: ns }) => Number(ns) / S);
    expect(Math.abs(times.length - profile.totalCount)).toBeLessThan(4 * Math.sqrt(profile.totalCount));
    const resumed = times.findIndex((at, i) => at - times[i - 1]! >= 1);
    const paused = times[resumed - 1]!;
    expect(Math.abs(resumed - 40)).toBeLessThan(4 * Math.sqrt(40));
    const between = (from: number, to: number) =>
      times.filter((at) => at - paused >= from && at - paused < to).length;
    expect(between(2, 3)).toBeGreaterThan(2 * between(1, 2));
    expect(await bench.truth(url)).toHaveLength(times.length);
  });

  it('ramps from 10 to 1000 requests a second as a Poisson process with that rate at every moment', async () => {
    const url = await bench.mock('--ttft', 'fixed:1', '--output-tokens', 'fixed:1');
    const stages = 'rate 10 for 500ms, ramp to 1000 over 3s';
    // More rows than requests, so that each is known by its row in the server's log.
    const run = bench.start(
      bench.runArgs(url, 3000, '--stages', stages, '--seed', '7', '--streaming', 'off'),
    );
    expect(WENT_THROUGH).toContain((await run.finished).code);
    const profile = new RateProfile([
      { forNs: S / 2, fromPerSecond: 10, toPerSecond: 10 },
      { forNs: 3 * S, fromPerSecond: 10, toPerSecond: 1000 },
    ]);
    const originNs = BigInt(bench.json<{ origin_ns: string }>('run/run.json').origin_ns);
    const startNs = Number(measuringSinceNs() - originNs);
    const samples = await bench.samples();
    expect(Math.abs(samples.length - profile.totalCount)).toBeLessThan(4 * Math.sqrt(profile.totalCount));
    // In expected arrivals, those of a Poisson process are spread evenly. Even gaps would be far closer than chance is.
    const distance = kolmogorovDistance(
      samples.map(({ due_ns: ns }) => profile.countAt(Number(ns) - startNs) / profile.totalCount),
    );
    expect(distance).toBeLessThan(KOLMOGOROV_LIMIT);
    expect(distance).toBeGreaterThan(0.3);
    // The server saw each of them once, after it was due and sent. How long after is the machine's business: `system/ramp` measures it.
    const receivedNs = new Map(
      (await bench.truth(url)).map((row) => [
        row['prompt_number'],
        Number(BigInt(row['received_ns']!) - originNs),
      ]),
    );
    expect(receivedNs.size).toBe(samples.length);
    const outOfOrder = samples.filter(({ dataset_row: row, due_ns: due, issued_ns: issued }) => {
      const received = receivedNs.get(Number(row));
      return !(Number(due) <= Number(issued) && Number(issued) <= received!);
    });
    expect(outOfOrder).toEqual([]);
  });

  it('follows a file of rates, and names the line of one that it cannot follow', async () => {
    const url = await bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:1');
    const rates = bench.file('rates.csv');
    const start = () =>
      bench.start([
        ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(100)],
        ...['--out', bench.file('run'), '--pattern', 'constant', '--stages', `@${rates}`],
      ]);
    writeFileSync(rates, 'second,rate\n0,50\n1,50\n1,0\n2\n');
    const refused = await start().finished;
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(`${rates}:5: `)]);
    // 50 in the first second, none in the next, 75 in the last: constant arrivals are at most one off.
    writeFileSync(rates, 'second,rate\n0,50\n1,50\n1,0\n2,0\n3,150\n');
    expect(WENT_THROUGH).toContain((await start().finished).code);
    const times = (await bench.samples()).map(({ due_ns: ns }) => Number(ns) / S);
    const first = Math.min(...times);
    expect(Math.abs(times.length - 125)).toBeLessThanOrEqual(1);
    // The first is due at once, or a gap of 20 ms after that.
    expect(times.filter((at) => at - first > 1.001 && at - first < 1.979)).toEqual([]);
    expect(await bench.truth(url)).toHaveLength(times.length);
    expect(readFileSync(bench.file('run/config.yaml'), 'utf8')).toContain(`stages_file: ${rates}`);
  });

  it('can be given in a file, and comes back in config.yaml', async () => {
    const url = await bench.mock();
    const run = bench.start(
      bench.runArgs(url, 10, '--stages', 'rate 20 for 500ms, ramp to 40 over 500ms', '--burstiness', '4'),
    );
    expect(WENT_THROUGH).toContain((await run.finished).code);
    const again = bench.start([
      ...['run', '--config', bench.file('run/config.yaml'), '--out', bench.file('again')],
      ...['--endpoint', url],
    ]);
    expect(WENT_THROUGH).toContain((await again.finished).code);
    const [one, two] = await Promise.all(
      ['run', 'again'].map(async (name) => bench.start(['report', '--full', bench.file(name)]).finished),
    );
    const issued = (text: string) => /Total samples issued: (\d+)/.exec(text)?.[1];
    expect(issued(two!.stdout)).toBe(issued(one!.stdout));
    expect(Number(issued(one!.stdout))).toBeGreaterThan(10);
  });
});

it('run --stages of a concurrency tells its stages, and a watcher gets them too', async () => {
  const url = await bench.mock('--ttft', 'fixed:20', '--output-tokens', 'fixed:1');
  const run = bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(10)],
    ...['--out', bench.file('run'), '--workers', '2', '--warmup', '3', '--json-lines'],
    ...['--stages', 'concurrency 2 for 500ms, ramp to 6 over 500ms, concurrency 6 for 500ms'],
  ]);
  const { code, stdout } = await run.finished;
  expect(WENT_THROUGH).toContain(code);
  const load = 'concurrency 2 for 500ms, ramp to 6 over 500ms, concurrency 6 for 500ms';
  expect(stdout).toContain(`"load":${JSON.stringify(load)}`);
  const report = readFileSync(bench.file('run/report.txt'), 'utf8').replace(/\s+/g, ' ');
  expect(report).toContain(`Load: ${load}`);
  const samples = bench.start([
    'export',
    bench.file('run'),
    '--samples',
    'csv',
    '--out',
    bench.file('s.csv'),
  ]);
  expect((await samples.finished).code).toBe(0);
  const [head = '', ...lines] = readFileSync(bench.file('s.csv'), 'utf8').trim().split('\n');
  const at = (name: string) => head.split(',').indexOf(name);
  const times = lines
    .map((line) => line.split(','))
    .filter((cells) => cells[at('measured')] === 'true')
    .map((cells) => ({ from: Number(cells[at('issued_ns')]), to: Number(cells[at('completed_ns')]) }));
  const inFlight = times.map(({ from }) => times.filter((one) => one.from <= from && one.to > from).length);
  expect(Math.max(...inFlight)).toBe(6);
  // It begins with 2 and lasts as long as the stages.
  expect(Math.max(...inFlight.slice(0, 10))).toBe(2);
  const [first, last] = [
    Math.min(...times.map(({ from }) => from)),
    Math.max(...times.map(({ from }) => from)),
  ];
  expect((last - first) / S).toBeLessThan(1.6);
  expect((last - first) / S).toBeGreaterThan(1.2);
});
