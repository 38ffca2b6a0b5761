import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AgentFacts } from '../../src/core/agent-news.ts';
import { NATS_SERVER, NatsServer, WITHOUT_NATS } from '../../test/cluster/nats-server.ts';
import type { Bench } from '../harness/bench.ts';
import { cpuSecondsOf } from '../harness/cpu-time.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { startMock, startProgram, Workspace } from './program.ts';

/** In closed loop: a client that paces requests spins until each is due, and its CPU time says little. */
const IN_FLIGHT = 32;
const [SAMPLES, QUICK_SAMPLES] = [40_000, 6000];
const AGENTS = 3;
const NS_PER_MS = 1e6;

/** What a run that three agents share says of them. */
interface Together {
  readonly startSpreadMs: number;
  readonly clockErrorMs: number;
}

/** An agent against a run of one machine, and three agents with each other. */
export const bench: Bench = {
  async run({ quick, rounds }) {
    if (NATS_SERVER === undefined)
      return [
        { id: 'system/agents', what: 'an agent beside a run of one machine', skipped: WITHOUT_NATS.trim() },
      ];
    const workspace = new Workspace();
    const nats = await NatsServer.start();
    const mock = await startMock([
      '--ttft',
      'fixed:5',
      '--inter-token',
      'fixed:1',
      '--output-tokens',
      'fixed:4',
    ]);
    const samples = quick ? QUICK_SAMPLES : SAMPLES;
    const load = [
      ...[
        '--endpoint',
        mock.url,
        '--model',
        'm',
        '--dataset',
        workspace.prompts(1000),
        '--concurrency',
        String(IN_FLIGHT),
      ],
      ...['--report-html', 'off', '--events-jsonl', 'off'],
    ];
    const agents: ChildProcess[] = [];
    const startAgent = async () => {
      const name = `agent-${agents.length}`;
      const agent = startProgram([
        'agent',
        '--nats',
        nats.url,
        '--name',
        name,
        '--out',
        workspace.freshRun(),
      ]);
      agents.push(agent);
      await untilSaid(agent, /waits for work/);
      agent.stderr!.resume();
      agent.stdout!.resume();
      return agent;
    };
    try {
      const agent = await startAgent();
      const shared = (count: number) => [
        '--agents',
        String(count),
        '--nats',
        nats.url,
        '--stream-size',
        '1GiB',
      ];
      const msOfAgent = async (count: number): Promise<number> => {
        const before = cpuSecondsOf(agent.pid!)!;
        const run = startProgram([
          ...['run', ...load, '--samples', String(count), '--out', workspace.freshRun(), ...shared(1)],
        ]);
        await untilSaid(run, /finishing the metrics/);
        const used = cpuSecondsOf(agent.pid!)! - before;
        await ended(run);
        return 1000 * used;
      };
      const msOfRun = async (count: number): Promise<number> => {
        const run = startProgram([
          ...['run', ...load, '--samples', String(count), '--out', workspace.freshRun()],
        ]);
        await untilSaid(run, /finishing the metrics/);
        const used = cpuSecondsOf(run.pid!)!;
        await ended(run);
        return 1000 * used;
      };
      // What both take for their start falls out of the difference.
      const few = samples / 10;
      const usOf = async (ms: (count: number) => Promise<number>) =>
        (1000 * ((await ms(samples)) - (await ms(few)))) / (samples - few);
      const { ofAgent, ofRun } = await inTurn(rounds, {
        ofAgent: () => usOf(msOfAgent),
        ofRun: () => usOf(msOfRun),
      });
      while (agents.length < AGENTS) await startAgent();
      const { together } = await inTurn<'together', Together>(rounds, {
        together: async () => {
          const out = workspace.freshRun();
          const run = startProgram([
            ...['run', ...load, '--samples', String(few), '--out', out, ...shared(AGENTS)],
          ]);
          await ended(run);
          return togetherOf(out);
        },
      });
      return [
        {
          id: 'system/agents/cpu',
          what: 'CPU time of an agent for a request, beside the process that sends in a run of one machine',
          unit: 'µs',
          value: spreadOf(ofAgent),
          isLessBetter: true,
          peer: { name: 'a run of one machine', value: spreadOf(ofRun), ratio: ratioOf(ofAgent, ofRun) },
          goal: { of: 'ratio', bound: 'at most', value: 1.03 },
          note: `streams of 4 chunks, ${IN_FLIGHT} in flight; the difference of a long run and a short one, so without the start; the agent logs and publishes, the run logs and feeds its aggregator`,
        },
        {
          id: 'system/agents/start-spread',
          what: 'first to last start of three agents on this machine',
          unit: 'ms',
          value: spreadOf(together.map(({ startSpreadMs }) => startSpreadMs)),
          isLessBetter: true,
          goal: { of: 'value', bound: 'at most', value: 2 },
          note: 'three agents, the coordinator, the server and NATS share its cores',
        },
        {
          id: 'system/agents/clock-error',
          what: 'stated error of the worst clock of three agents',
          unit: 'ms',
          value: spreadOf(together.map(({ clockErrorMs }) => clockErrorMs)),
          isLessBetter: true,
          goal: { of: 'value', bound: 'at most', value: 0.2 },
          note: 'half the shortest round trip through NATS, which is longer on a machine with other things to do',
        },
      ];
    } finally {
      for (const child of [...agents, mock.child]) child.kill('SIGKILL');
      await nats.end();
      workspace.remove();
    }
  },
};

function togetherOf(out: string): Together {
  const { agents } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as {
    readonly agents: readonly AgentFacts[];
  };
  const lateNs = agents.map(({ start_late_ns: ns }) => ns ?? NaN);
  return {
    startSpreadMs: (Math.max(...lateNs) - Math.min(...lateNs)) / NS_PER_MS,
    clockErrorMs: Math.max(...agents.map(({ clock_error_ns: ns }) => ns)) / NS_PER_MS,
  };
}

/** Keeps reading, so that the program is never held up by its own output. */
function untilSaid(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const onData = (text: Buffer) => {
      said += text.toString();
      if (pattern.test(said)) resolve();
    };
    child.stdout!.on('data', onData);
    child.stderr!.on('data', onData);
    child.once('close', () => reject(new Error(`ended without ${String(pattern)}: ${said}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdout!.resume();
  child.stderr!.resume();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
}
