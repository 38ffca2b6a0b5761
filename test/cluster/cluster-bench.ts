import { spawnSync } from 'node:child_process';
import type { AgentFacts } from '../../src/core/agent-news.ts';
import { type Finished, type Program, Workbench } from '../process/program.ts';
import { NatsServer } from './nats-server.ts';

/** Whether a process may have monotonic time of its own here. */
const HAS_TIME_NAMESPACES = spawnSync('unshare', ['--time', '--monotonic', '3', 'true']).status === 0;

/** A NATS server, a mock server and three agents, for runs that they share. */
export class ClusterBench extends Workbench {
  readonly agents: Program[] = [];
  readonly #clockSeconds: number[] = [];
  readonly mockUrl: string;
  readonly nats: NatsServer;

  private constructor(nats: NatsServer, mockUrl: string) {
    super();
    this.nats = nats;
    this.mockUrl = mockUrl;
  }

  /** The clocks of the agents differ by these seconds from ours, where the system permits that. */
  static async start(clockSeconds: readonly number[] = [0, 0, 0], ttftMs = 10): Promise<ClusterBench> {
    const nats = await NatsServer.start();
    const mock = new Workbench();
    const tokens = ['--inter-token', 'fixed:2', '--output-tokens', 'fixed:4'];
    const mockUrl = await mock.mock('--ttft', `fixed:${ttftMs}`, ...tokens);
    const bench = new ClusterBench(nats, mockUrl);
    bench.#mock = mock;
    for (const [index, seconds] of clockSeconds.entries()) bench.startAgent(index, seconds);
    await Promise.all(bench.agents.map((agent) => agent.waitForOutput(/waits for work/)));
    return bench;
  }

  #mock: Workbench | undefined;

  startAgent(index: number, clockSeconds = 0): Program {
    const shift =
      clockSeconds !== 0 && HAS_TIME_NAMESPACES
        ? `exec unshare --time --monotonic ${clockSeconds} -- "$@"`
        : undefined;
    this.#clockSeconds[index] = shift === undefined ? 0 : clockSeconds;
    const args = ['agent', '--nats', this.nats.url, '--name', `agent-${index}`, '--out', this.file('agents')];
    const agent = this.startBehind(shift, args);
    this.agents[index] = agent;
    return agent;
  }

  /** Starts a run that the agents share, into the directory `run`. */
  startRun(run: string, ...load: readonly string[]): Program {
    return this.startRunWith({}, run, ...load);
  }

  startRunWith(environment: Record<string, string>, run: string, ...load: readonly string[]): Program {
    // NATS sets the room aside, and keeps it for the streams of coordinators that died.
    const room = ['--stream-size', '64MiB'];
    const args = [...this.runOf(run, ...load), '--agents', '3', '--nats', this.nats.url, ...room];
    return this.start(args, environment);
  }

  /** The same by one machine. */
  runAlone(run: string, ...load: readonly string[]): Promise<Finished> {
    return this.start(this.runOf(run, ...load)).finished;
  }

  /** How far the clock of an agent is ahead of ours. */
  clockShiftNs(index: number): bigint {
    return BigInt(this.#clockSeconds[index] ?? 0) * 1_000_000_000n;
  }

  agentFacts(run: string): readonly AgentFacts[] {
    return this.json<{ agents: readonly AgentFacts[] }>(`${run}/run.json`).agents;
  }

  override async end(): Promise<void> {
    await super.end();
    await this.#mock?.end();
    await this.nats.end();
  }

  private runOf(run: string, ...load: readonly string[]): string[] {
    const target = ['--endpoint', this.mockUrl, '--model', 'm', '--dataset', this.dataset(40)];
    return ['run', ...target, '--out', this.file(run), '--seed', '7', ...load];
  }
}
