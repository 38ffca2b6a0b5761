import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WENT_THROUGH } from '../process/program.ts';
import { ClusterBench } from './cluster-bench.ts';
import { NATS_SERVER, WITHOUT_NATS } from './nats-server.ts';

type Sample = Readonly<Record<string, string>>;

/** Of the same agent, in the order in which they were due. */
function byAgent(samples: readonly Sample[], agents = 3): readonly (readonly Sample[])[] {
  const inOrder = samples.toSorted((a, b) => Number(a.seq) - Number(b.seq));
  return Array.from({ length: agents }, (_, agent) =>
    inOrder.filter(({ seq }) => Number(seq) % agents === agent),
  );
}

const rows = (samples: readonly Sample[]) => samples.map((sample) => [sample.seq, sample.dataset_row]);

/** When samples were due, after the first of the run. */
function dueNs(samples: readonly Sample[]): readonly number[] {
  const first = Math.min(...samples.map((sample) => Number(sample.due_ns)));
  return samples.map((sample) => Number(sample.due_ns) - first);
}

describe.skipIf(NATS_SERVER === undefined)(`three agents and a coordinator${WITHOUT_NATS}`, () => {
  let bench: ClusterBench;
  beforeAll(async () => {
    bench = await ClusterBench.start([0, 3, -3]);
  });
  afterAll(() => bench.end());

  test('send the plan of one machine, and their samples are the requests that the server saw', async () => {
    const load = ['--pattern', 'poisson', '--rate', '120', '--duration', '2500ms', '--warmup', '30'];
    const run = await bench.startRun('shared', ...load).finished;
    expect(WENT_THROUGH, run.stderr).toContain(run.code);
    const seen = (await bench.truth(bench.mockUrl)).length;
    const samples = await bench.samples('shared');
    expect(seen).toBe(samples.length);

    const alone = await bench.runAlone('alone', ...load);
    expect(WENT_THROUGH, alone.stderr).toContain(alone.code);
    const single = await bench.samples('alone');
    expect(samples).toHaveLength(single.length);
    const measured = (all: readonly Sample[]) => all.filter((sample) => sample.measured === 'true');
    const singles = byAgent(measured(single));
    for (const [agent, part] of byAgent(measured(samples)).entries()) {
      expect(rows(part)).toEqual(rows(singles[agent]!));
      expect(dueNs(part)).toEqual(dueNs(singles[agent]!));
      expect(new Set(part.map((sample) => sample.agent))).toEqual(new Set([`agent-${agent}`]));
    }

    const facts = bench.agentFacts('shared');
    expect(facts.map(({ name }) => name)).toEqual(['agent-0', 'agent-1', 'agent-2']);
    expect(facts.reduce((sum, { sent }) => sum + sent, 0)).toBe(samples.length);
    for (const [agent, { clock_offset_ns: offsetNs, clock_error_ns: errorNs }] of facts.entries()) {
      const off = Math.abs(Number(BigInt(offsetNs) + bench.clockShiftNs(agent)));
      expect(off, `clock of agent ${agent}`).toBeLessThanOrEqual(Math.min(errorNs, 200_000));
    }
    expect(run.stdout).toContain('By agent:');
    for (const name of ['agent-0', 'agent-1', 'agent-2'])
      expect(readdirSync(bench.file('agents')).length, name).toBeGreaterThanOrEqual(3);
  });

  test('share a concurrency, ticket by ticket of their segments', async () => {
    const before = (await bench.truth(bench.mockUrl)).length;
    const run = await bench.startRun('closed', '--concurrency', '7', '--samples', '100', '--warmup', '10')
      .finished;
    expect(WENT_THROUGH, run.stderr).toContain(run.code);
    const samples = await bench.samples('closed');
    expect(samples).toHaveLength(110);
    expect((await bench.truth(bench.mockUrl)).length - before).toBe(110);
    const measured = samples.filter((sample) => sample.measured === 'true');
    const numbers = measured.map((sample) => Number(sample.seq)).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => 10 + index));
    expect(
      byAgent(measured.map((sample) => ({ ...sample, seq: String(Number(sample.seq) - 10) }))).map(
        (part) => part.length,
      ),
    ).toEqual([34, 33, 33]);
  });

  test('what they can’t share out is refused, and they wait on', async () => {
    const few = await bench.startRun('few', '--concurrency', '2').finished;
    expect(few.code).toBe(2);
    expect(few.stderr).toContain('--concurrency 2 is less than one for each of 3 agents');
    const secret = await bench.startRun('secret', '--rate', '5', '--header', 'X-Team-Token: abcdefghij')
      .finished;
    expect(secret.code).toBe(2);
    expect(secret.stderr).toContain('header X-Team-Token holds a secret, and no secret is sent to agents');

    const folder = await bench.startRun('folder', '--rate', '5', '--dataset', bench.file('shared')).finished;
    expect(folder.code).toBe(2);
    expect(folder.stderr).toContain("the folder of a run can't be shared with agents");

    // Agents have no key here; that the run was refused frees all of them at once.
    const key = { INFEROMETER_API_KEY: 'sk-abcdefghijklmnop' };
    const keyed = await bench.startRunWith(key, 'keyed', '--rate', '5').finished;
    expect(keyed.code).toBe(3);
    expect(keyed.stderr).toMatch(
      /agent agent-\d: the run needs an API key, and INFEROMETER_API_KEY is not set there/,
    );
    const after = await bench.startRunWith(key, 'after', '--rate', '5', '--agents-wait', '2s').finished;
    expect(after.stderr).toMatch(/agent agent-\d: the run needs an API key/);
  });
});
