import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

/** The most requests that the server had at once, by its own clock. */
async function mostAtOnce(url: string): Promise<{ readonly most: number; readonly requests: number }> {
  const truths = await bench.truth(url);
  const steps = truths
    .flatMap(({ received_ns: from, end_ns: to }) => [
      { at: BigInt(from!), by: 1 },
      { at: BigInt(to!), by: -1 },
    ])
    .sort((a, b) => (a.at === b.at ? a.by - b.by : a.at < b.at ? -1 : 1));
  let now = 0;
  const levels = steps.map(({ by }) => (now += by));
  return { most: Math.max(...levels), requests: truths.length };
}

it('keeps a rate, and no more in flight than it was told: the rest waits, in the order in which it is due', async () => {
  const url = await bench.mock('--ttft', 'fixed:100', '--output-tokens', 'fixed:1');
  const load = ['--pattern', 'constant', '--rate', '80', '--duration', '1s'];
  const run = bench.start(bench.runArgs(url, 80, ...load, '--max-in-flight', '4'));
  const { code, stdout, stderr } = await run.finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const { most, requests } = await mostAtOnce(url);
  expect(most).toBe(4);
  const samples = await bench.samples();
  const rows = samples.map((one) => [one.due_ns, one.issued_ns, one.issue_delay_ns].map(Number));
  expect(rows.length).toBe(requests);
  expect(Math.abs(requests - 80)).toBeLessThanOrEqual(1);
  // 4 at a time, 100 ms each: what was due last, after 1 s, cannot go out before 1.9 s.
  const waits = rows.map(([dueNs, issuedNs]) => issuedNs! - dueNs!);
  expect(Math.max(...waits)).toBeGreaterThan(800e6);
  expect(rows.map(([, , delayNs]) => delayNs)).toEqual(waits);
  // Each thread sends its own in order, so the order holds but for those that two threads send at the same time.
  const byDue = [...rows].sort((a, b) => a[0]! - b[0]!).map(([, issuedNs]) => issuedNs!);
  const overtaken = byDue.filter((issuedNs, i) => i > 0 && byDue[i - 1]! - issuedNs > 200e6);
  expect(overtaken).toEqual([]);
  expect(stdout).toContain('requests waited here while 4 were in flight');
  expect(stdout).not.toMatch(/raise --max-connections|raise --workers/);
  const report = readFileSync(bench.file('run/report.txt'), 'utf8');
  expect(report).toMatch(/In flight at most: 4\n/);
  expect(report).toMatch(/waited .* at the median/);
});

it('works with conversations, whose later turns wait, too', async () => {
  const url = await bench.mock('--ttft', 'fixed:50', '--output-tokens', 'fixed:1');
  const path = bench.file('talks.json');
  const talks = Array.from({ length: 20 }, (_, id) => ({
    id: `t${id}`,
    conversations: [1, 2, 3].flatMap((turn) => [
      { from: 'human', value: `#${id} question ${turn}` },
      { from: 'gpt', value: 'an answer' },
    ]),
  }));
  writeFileSync(path, JSON.stringify(talks));
  const run = bench.start([
    ...[
      'run',
      '--endpoint',
      url,
      '--model',
      'm',
      '--dataset',
      path,
      '--multi-turn',
      '--out',
      bench.file('run'),
    ],
    ...['--pattern', 'constant', '--rate', '100', '--max-in-flight', '3', '--conversations', '20'],
  ]);
  const { code, stderr } = await run.finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  expect(await mostAtOnce(url)).toEqual({ most: 3, requests: 60 });
});
