import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRunning, waitFor, WENT_THROUGH } from '../process/program.ts';
import { ClusterBench } from './cluster-bench.ts';
import { NATS_SERVER, WITHOUT_NATS } from './nats-server.ts';

const LOAD = ['--pattern', 'constant', '--rate', '90'];

describe.skipIf(NATS_SERVER === undefined)(`what dies during a run of three agents${WITHOUT_NATS}`, () => {
  let bench: ClusterBench;
  beforeAll(async () => {
    bench = await ClusterBench.start();
  });
  afterAll(() => bench.end());

  const requestsSeen = async () => (await bench.truth(bench.mockUrl)).length;
  /** Waits until the load has begun. */
  const requestsAfter = async (before: number) => {
    while ((await requestsSeen()) === before) await sleep(50);
  };

  test('NATS, which comes back, and the aggregator: nothing is lost and nothing counts twice', async () => {
    const before = await requestsSeen();
    const run = bench.startRun('nats', ...LOAD, '--duration', '4s');
    await requestsAfter(before);
    await sleep(500);
    await bench.nats.kill();
    process.kill(bench.json<{ pids: { aggregator: number } }>('nats/run.json').pids.aggregator, 'SIGKILL');
    await sleep(1500);
    await bench.nats.restart();
    const { code, stderr } = await run.finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    expect(stderr).toContain('is gone; trying to connect again');
    const samples = await bench.samples('nats');
    expect(samples).toHaveLength(360);
    expect(new Set(samples.map(({ seq }) => seq)).size).toBe(360);
    expect((await requestsSeen()) - before).toBe(360);
    expect(bench.agentFacts('nats').every((agent) => agent.lost_ns === null)).toBe(true);
  });

  test('the coordinator: agents finish the phase, and its report can be made of what NATS has', async () => {
    const before = await requestsSeen();
    const run = bench.startRun('orphan', ...LOAD, '--duration', '3s');
    await requestsAfter(before);
    const { run_id: runId, pids } = bench.json<{ run_id: string; pids: { aggregator: number } }>(
      'orphan/run.json',
    );
    process.kill(run.pid, 'SIGKILL');
    await run.finished;
    await Promise.all(bench.agents.map((agent) => agent.waitForOutput(new RegExp(`finished; .*${runId}`))));
    expect((await requestsSeen()) - before).toBe(270);
    await waitFor(() => !isRunning(pids.aggregator), 'end of the aggregator');

    const rebuilt = await bench.start(
      ['report', runId, '--nats', bench.nats.url, '--summary'],
      {},
      bench.path,
    ).finished;
    expect(rebuilt.code, rebuilt.stderr).toBe(0);
    expect(rebuilt.stdout).toContain('270 issued = 270 succeeded');
    expect(rebuilt.stdout).toContain('the run did not come to its end');
    expect(readdirSync(bench.file('runs'))).toEqual([runId]);
    const again = await bench.start(['report', runId, '--nats', bench.nats.url], {}, bench.path).finished;
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`run ${runId} is in runs/${runId} already`);
  });

  test('an agent: the others finish, and the run is invalid and says who is missing since when', async () => {
    const before = await requestsSeen();
    const run = bench.startRun('lost', ...LOAD, '--duration', '6s');
    await requestsAfter(before);
    process.kill(bench.agents[1]!.pid, 'SIGKILL');
    const { code, stdout, stderr } = await run.finished;
    expect(code, stderr).toBe(5);
    expect(stderr).toMatch(/agent agent-1 is lost: nothing was heard from it for 5\.\d s/);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /agent-1 was lost .* into the run: 1 of 3 parts of the load is missing/,
    );
    const samples = await bench.samples('lost');
    for (const agent of ['agent-0', 'agent-2'])
      expect(samples.filter((sample) => sample.agent === agent)).toHaveLength(180);
    expect(bench.agentFacts('lost')[1]!.lost_ns).not.toBeNull();
  });
});
