import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, isRunning, type Program, waitFor, WENT_THROUGH } from '../process/program.ts';
import { ClusterBench } from './cluster-bench.ts';
import { NATS_SERVER, WITHOUT_NATS } from './nats-server.ts';

const SAMPLES = 45;
const LOAD = ['--pattern', 'constant', '--rate', '30', '--duration', '1500ms'];
/** Requests are in flight for so long, and so is the drain. */
const TTFT_MS = 700;
const VICTIM = 1;
const INVALID = [5];

interface Facts {
  readonly run_id: string;
  readonly pids: { readonly aggregator: number };
}

/** A run under way, and what is known of it from outside. */
class WatchedRun {
  readonly bench: ClusterBench;
  readonly name: string;
  readonly program: Program;
  readonly #seenBefore: number;

  private constructor(bench: ClusterBench, name: string, seenBefore: number) {
    this.bench = bench;
    this.name = name;
    this.#seenBefore = seenBefore;
    this.program = bench.startRun(name, ...LOAD);
  }

  static async start(bench: ClusterBench, name: string): Promise<WatchedRun> {
    return new WatchedRun(bench, name, (await bench.truth(bench.mockUrl)).length);
  }

  get facts(): Facts | undefined {
    return this.bench.tryJson<Facts>(`${this.name}/run.json`);
  }

  /** By the server's own log. */
  async requests(): Promise<number> {
    return (await this.bench.truth(this.bench.mockUrl)).length - this.#seenBefore;
  }

  async untilRequests(count: number): Promise<void> {
    while ((await this.requests()) < count) await sleep(20);
  }
}

/** When something is killed. */
const MOMENTS = {
  'before T0': async (run: WatchedRun) => {
    const { run_id: runId } = await waitFor(() => run.facts, 'run.json');
    const hasBegun = new RegExp(`run ${runId}: part \\d of 3`);
    await Promise.all(run.bench.agents.map((agent) => agent.waitForOutput(hasBegun)));
  },
  'in the middle': (run: WatchedRun) => run.untilRequests(SAMPLES / 3),
  'in the drain': async (run: WatchedRun) => {
    await run.untilRequests(SAMPLES);
    // The last requests are in the logs by then, and still in flight.
    await sleep(200);
  },
  'at the end': async (run: WatchedRun) => {
    // What it says if this does not come is in the error.
    await run.program.waitForOutput(/finishing the metrics/);
  },
} as const;
type Moment = keyof typeof MOMENTS;

interface Cell {
  readonly moment: Moment;
  /** How the run ends. */
  readonly codes: readonly unknown[];
  /** What it says on its way or in its report. */
  readonly says: RegExp;
  readonly isWhole: boolean;
}

const wentOn = (moment: Moment, says: RegExp): Cell => ({ moment, codes: WENT_THROUGH, says, isWhole: true });

/** Whatever was killed, no sample counts twice, and all that the agents sent and logged is there. */
async function expectSamples(run: WatchedRun, isWhole: boolean): Promise<void> {
  const samples = await run.bench.samples(run.name);
  expect(new Set(samples.map(({ seq }) => seq)).size).toBe(samples.length);
  if (isWhole) {
    expect(samples).toHaveLength(SAMPLES);
    expect(await run.requests()).toBe(SAMPLES);
    return;
  }
  for (const [agent] of run.bench.agents.entries()) {
    const own = samples.filter((sample) => sample.agent === `agent-${agent}`);
    if (agent !== VICTIM) expect(own).toHaveLength(SAMPLES / 3);
  }
}

/** What the agent that died had logged has all come. */
async function expectVictimsLog(run: WatchedRun): Promise<void> {
  const seqsOf = async (folder: string) => (await run.bench.samples(folder)).map(({ seq }) => Number(seq));
  const logged = await seqsOf(`agents/${run.facts!.run_id}-agent-${VICTIM}`);
  expect(logged.length).toBeGreaterThan(0);
  const own = (await seqsOf(run.name)).filter((seq) => seq % 3 === VICTIM);
  expect(own).toEqual(logged);
}

const oneLine = ({ stdout, stderr }: Finished) => `${stderr}\n${stdout}`.replace(/\s+/g, ' ');

const IN_TURN = { concurrent: false };

/** Rows go side by side, since most of their time is waiting; the cells of one come one after another, on one bench. */
describe.skipIf(NATS_SERVER === undefined)(`what dies during a run of three agents${WITHOUT_NATS}`, () => {
  const benches = new Map<string, ClusterBench>();
  const onBench = (name: string, work: (bench: ClusterBench) => Promise<void>) => () =>
    work(benches.get(name)!);

  beforeAll(async () => {
    await Promise.all(
      ['agents', 'coordinators', 'aggregators', 'nats'].map(async (name) =>
        benches.set(name, await ClusterBench.start([0, 0, 0], TTFT_MS)),
      ),
    );
  });
  afterAll(async () => {
    await Promise.all([...benches.values()].map((bench) => bench.end()));
  });

  const startVictim = async (bench: ClusterBench) => {
    await bench.startAgent(VICTIM).waitForOutput(/waits for work/);
  };

  describe.concurrent('an agent', () => {
    const lost = /agent agent-1 is lost: nothing was heard from it for 5\.\d s/;
    test.each<Cell>([
      {
        moment: 'in the middle',
        codes: INVALID,
        says: /agent-1 was lost .* into the run: 1 of 3 parts/,
        isWhole: false,
      },
      { moment: 'in the drain', codes: INVALID, says: lost, isWhole: true },
      wentOn('at the end', /45 issued = 45 succeeded/),
    ])('$moment', IN_TURN, ({ moment, codes, says, isWhole }) =>
      onBench('agents', async (bench) => {
        const run = await WatchedRun.start(bench, moment);
        await MOMENTS[moment](run);
        process.kill(bench.agents[VICTIM]!.pid, 'SIGKILL');
        const finished = await run.program.finished;
        await startVictim(bench);
        expect(codes, oneLine(finished)).toContain(finished.code);
        expect(oneLine(finished)).toMatch(says);
        await expectSamples(run, isWhole);
      })(),
    );

    test(
      'before T0',
      IN_TURN,
      onBench('agents', async (bench) => {
        const run = await WatchedRun.start(bench, 'early');
        await MOMENTS['before T0'](run);
        process.kill(bench.agents[VICTIM]!.pid, 'SIGKILL');
        const finished = await run.program.finished;
        await startVictim(bench);
        expect(finished.stderr).toMatch(lost);
        // Where its loss shows after the connections were opened, the others have begun.
        expect([4, 5], oneLine(finished)).toContain(finished.code);
        expect(await run.requests()).toBe(finished.code === 4 ? 0 : (SAMPLES * 2) / 3);
      }),
    );

    test(
      'with NATS away, and started again: what only its log had arrives',
      IN_TURN,
      onBench('agents', async (bench) => {
        const run = await WatchedRun.start(bench, 'again');
        await run.untilRequests(SAMPLES / 3);
        await bench.nats.kill();
        await run.untilRequests(SAMPLES / 2);
        process.kill(bench.agents[VICTIM]!.pid, 'SIGKILL');
        await bench.nats.restart();
        await startVictim(bench);
        const finished = await run.program.finished;
        expect(INVALID, oneLine(finished)).toContain(finished.code);
        expect(finished.stderr).toContain(
          'agent agent-1 died and was started again; all that it had logged is here',
        );
        expect(bench.agents[VICTIM]!.stderr).toMatch(
          /published the rest of .*-agent-1, whose agent had died/,
        );
        await expectSamples(run, false);
        await expectVictimsLog(run);
      }),
    );
  });

  describe.concurrent('the coordinator', () => {
    test.each(Object.keys(MOMENTS) as Moment[])('%s', IN_TURN, (moment) =>
      onBench('coordinators', async (bench) => {
        const run = await WatchedRun.start(bench, moment);
        await MOMENTS[moment](run);
        const { run_id: runId, pids } = run.facts!;
        run.program.child.kill('SIGKILL');
        await run.program.finished;
        const free = new RegExp(`finished; .*${runId}`);
        await Promise.all(bench.agents.map((agent) => agent.waitForOutput(free)));
        await waitFor(() => !isRunning(pids.aggregator), 'end of the aggregator');
        const args = ['report', runId, '--nats', bench.nats.url, '--summary'];
        const rebuilt = await bench.start(args, {}, bench.path).finished;
        expect(rebuilt.code, rebuilt.stderr).toBe(0);
        const seen = await run.requests();
        expect(rebuilt.stdout).toContain(`${seen} issued = ${seen} succeeded + 0 errored + 0 cancelled`);
        if (moment !== 'before T0') expect(seen).toBe(SAMPLES);
        if (moment === 'at the end') return;
        expect(rebuilt.stdout).toContain('the run did not come to its end');
        if (moment !== 'in the middle') return;
        const again = await bench.start(args, {}, bench.path).finished;
        expect(again.code).toBe(2);
        expect(again.stderr).toContain(`run ${runId} is in runs/${runId} already`);
      })(),
    );
  });

  describe.concurrent('the aggregator', () => {
    test.each<Cell>([
      ...(['before T0', 'in the middle', 'in the drain'] as const).map((moment) =>
        wentOn(moment, /aggregator died \(SIGKILL\); restart 1 of 5, it catches up from the run log/),
      ),
      // It may have done its work by then.
      wentOn('at the end', /45 issued = 45 succeeded/),
    ])('$moment', IN_TURN, ({ moment, codes, says, isWhole }) =>
      onBench('aggregators', async (bench) => {
        const run = await WatchedRun.start(bench, `aggregator ${moment}`);
        await MOMENTS[moment](run);
        const pid = run.facts!.pids.aggregator;
        if (isRunning(pid)) process.kill(pid, 'SIGKILL');
        const finished = await run.program.finished;
        expect(codes, oneLine(finished)).toContain(finished.code);
        expect(oneLine(finished)).toMatch(says);
        await expectSamples(run, isWhole);
      })(),
    );
  });

  describe.concurrent('NATS, which comes back', () => {
    test.each<Cell>([
      ...(Object.keys(MOMENTS) as Moment[]).map((moment) =>
        wentOn(moment, /is gone; trying to connect again/),
      ),
    ])('$moment', IN_TURN, ({ moment, codes, says, isWhole }) =>
      onBench('nats', async (bench) => {
        const run = await WatchedRun.start(bench, `nats ${moment}`);
        await MOMENTS[moment](run);
        await bench.nats.kill();
        await sleep(500);
        await bench.nats.restart();
        const finished = await run.program.finished;
        expect(codes, oneLine(finished)).toContain(finished.code);
        expect(oneLine(finished)).toMatch(says);
        await expectSamples(run, isWhole);
      })(),
    );
  });
});
