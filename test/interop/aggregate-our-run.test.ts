import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseSnapshotJson } from '../../src/metrics/snapshot-json.ts';
import type { MetricSnapshot } from '../../src/metrics/snapshot.ts';
import { readFileSync } from 'node:fs';
import { WENT_THROUGH, waitFor, Workbench } from '../process/program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

/** The metrics of a final snapshot by name. */
function finalMetrics(run: string): ReadonlyMap<string, MetricSnapshot> {
  const text = readFileSync(bench.file(`${run}/metrics/final_snapshot.json`), 'utf8');
  return new Map(parseSnapshotJson(text).metrics.map((metric) => [metric.name, metric]));
}

it("aggregate, on the bus of a run of ours, comes to the run's own final snapshot", async () => {
  const url = await bench.mock('--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--fail', 'status:503=0.2');
  const address = `ipc://${bench.file('events')}`;
  const aggregate = bench.start(['aggregate', '--connect', address, '--out', bench.file('theirs')]);
  await waitFor(() => existsSync(bench.file('theirs/run.json')), 'the aggregator');
  const load = ['--rate', '150', '--duration', '2s', '--streaming', 'on'];
  const run = bench.start(
    bench.runArgs(url, 40, ...load, '--event-wire', 'mlcommons', '--event-address', address),
  );
  expect(WENT_THROUGH, run.stderr).toContain((await run.finished).code);
  const { code, stderr } = await aggregate.finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const [ours, theirs] = [finalMetrics('run'), finalMetrics('theirs')];
  expect(Number((ours.get('total_samples_issued') as { value: bigint }).value)).toBeGreaterThan(200);
  // Their wire has no due times, so what is counted from them is only in ours.
  const common = [...ours.keys()].filter((name) => theirs.has(name));
  expect(common.length).toBeGreaterThan(20);
  for (const name of common.filter((one) => !/^(response_|issue_delay)/.test(one))) {
    expect(theirs.get(name), name).toEqual(ours.get(name));
  }
  const report = await bench.start(['report', '--full', bench.file('theirs')]).finished;
  expect(report.stdout).toContain('client health unknown');
});
