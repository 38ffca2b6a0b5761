import { mkdirSync } from 'node:fs';
import type { Bench, BenchLine, BenchOptions } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { wholeAnswer } from './canned-answers.ts';
import { hasPythonPeer, PYTHON_PEERS, type PythonPeer, runPythonPeer } from './clients/python-peers.ts';
import { measuredRun, Workspace } from './program.ts';
import { CannedServer } from './server/canned-server.ts';

const CONNECTIONS = 64;
const REQUESTS = 20_000;
const QUICK_REQUESTS = 2000;
/** Each takes half a minute or more. */
const MAX_ROUNDS = 3;

/** Whole runs of so many requests, start and end included, beside the benchmarks that are on PyPI. */
export const bench: Bench = {
  async run(options) {
    const lines: BenchLine[] = [];
    for (const peer of Object.keys(PYTHON_PEERS) as PythonPeer[]) lines.push(await measure(options, peer));
    return lines;
  },
};

async function measure({ quick, rounds, say }: BenchOptions, peer: PythonPeer): Promise<BenchLine> {
  const requests = quick ? QUICK_REQUESTS : REQUESTS;
  const id = `system/python-peers/${peer}`;
  const what = `whole run of ${requests} requests, ${CONNECTIONS} connections`;
  if (!hasPythonPeer(peer)) {
    const { size } = PYTHON_PEERS[peer];
    return { id, what, skipped: `${peer} is not installed: npm run bench:peers -- ${peer} (PyPI, ${size})` };
  }
  say(`${what}, beside ${peer}`);
  const workspace = new Workspace();
  const server = await CannedServer.start(wholeAnswer());
  const prompts = workspace.prompts(requests);
  try {
    const { ours, theirs } = await inTurn(Math.min(rounds, MAX_ROUNDS), {
      ours: async () => {
        const { summary, cpuSeconds } = await measuredRun(workspace, [
          ...['--endpoint', server.url, '--dataset', prompts, '--streaming', 'off'],
          ...['--concurrency', String(CONNECTIONS), '--samples', String(requests)],
        ]);
        return summary.n_samples_completed / cpuSeconds;
      },
      theirs: async () => {
        const directory = workspace.freshRun();
        mkdirSync(directory);
        const order = { url: server.url, connections: CONNECTIONS, requests, prompts, directory };
        const result = await runPythonPeer(peer, order);
        return result.requests / result.cpuSeconds;
      },
    });
    return {
      ...{ id, what, unit: 'requests/CPU-s', value: spreadOf(ours) },
      peer: { name: peer, value: spreadOf(theirs), ratio: ratioOf(ours, theirs) },
    };
  } finally {
    await server.close();
    workspace.remove();
  }
}
