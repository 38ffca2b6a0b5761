import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

interface Summary {
  readonly samples: Readonly<Record<string, number>>;
  readonly verdict: { readonly level: string };
}

/** Numbers of the samples that ended so, and whether any of them has a latency. */
function samplesOf(csv: string, outcome: string) {
  const [head = '', ...lines] = csv.trim().split('\n');
  const names = head.split(',');
  const of = (line: string, name: string) => line.split(',')[names.indexOf(name)]!;
  const found = lines.filter((line) => of(line, 'outcome') === outcome);
  return {
    seqs: found.map((line) => Number(of(line, 'seq'))),
    ttfts: found.filter((line) => of(line, 'ttft_ns') !== '').length,
    latencies: found.filter((line) => of(line, 'latency_ns') !== '').length,
  };
}

it('run --cancel cancels the same requests each time, and none of them is a failure', async () => {
  const url = await bench.mock(
    ...['--ttft', 'fixed:5', '--output-tokens', 'fixed:20', '--inter-token', 'fixed:50'],
  );
  const run = async (name: string, workers: string) => {
    const { code, stdout } = await bench.start([
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(100)],
      ...['--out', bench.file(name), '--rate', '100', '--samples', '100', '--workers', workers],
      ...['--cancel', '40%', '--cancel-after', 'uniform:50ms,100ms'],
    ]).finished;
    expect(WENT_THROUGH).toContain(code);
    expect(stdout).toContain('cancelled by plan');
    const csv = bench.file(`${name}.csv`);
    const table = bench.start(['export', bench.file(name), '--samples', 'csv', '--out', csv]);
    expect((await table.finished).code).toBe(0);
    return {
      cancelled: samplesOf(readFileSync(csv, 'utf8'), 'cancelled_by_plan'),
      ...bench.json<Summary>(`${name}/performance/result_summary.json`),
      report: readFileSync(bench.file(`${name}/report.txt`), 'utf8'),
    };
  };
  const [one, two] = [await run('one', '1'), await run('two', '2')];
  expect(two.cancelled.seqs.toSorted()).toEqual(one.cancelled.seqs.toSorted());
  const count = one.cancelled.seqs.length;
  expect(Math.abs(count - 40)).toBeLessThan(4 * Math.sqrt(100 * 0.4 * 0.6));
  expect(one.samples).toMatchObject({
    ...{ issued: 100, succeeded: 100 - count, errored: 0, cancelled: 0 },
    ...{ cancelled_by_plan: count, unaccounted: 0 },
  });
  expect(one.cancelled.ttfts).toBeGreaterThan(0);
  expect(one.cancelled.latencies).toBe(0);
  expect(one.report).toMatch(new RegExp(`cancelled\\.planned +${count}`));
});
