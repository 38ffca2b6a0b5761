import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Bench } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';
import { wholeAnswer } from './canned-answers.ts';
import { startProgram, Workspace } from './program.ts';

const ROWS = 10_000;
const SAMPLES = 100;

/** From the start of the command to the first byte of a request at the server, which is this process. */
export const bench: Bench = {
  async run({ rounds }) {
    const workspace = new Workspace();
    const dataset = workspace.prompts(ROWS);
    const answer = wholeAnswer().first;
    let firstMs: number | undefined;
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => {
        firstMs ??= performance.now();
        socket.write(answer);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { seconds } = await inTurn(rounds, {
      seconds: async () => {
        firstMs = undefined;
        const startedMs = performance.now();
        const child = startProgram([
          ...['run', '--endpoint', endpoint, '--model', 'm', '--dataset', dataset],
          ...['--samples', String(SAMPLES), '--max-connections', '4', '--out', workspace.freshRun()],
        ]);
        child.stdout!.resume();
        let stderr = '';
        child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
        await once(child, 'close');
        if (firstMs === undefined) throw new Error(`no request came: ${stderr}`);
        return (firstMs - startedMs) / 1000;
      },
    });
    server.close();
    workspace.remove();
    return [
      {
        id: 'system/first-request',
        what: 'from command to first request, 10k-row dataset',
        unit: 's',
        value: spreadOf(seconds),
        isLessBetter: true,
        goal: { of: 'value', bound: 'at most', value: 0.6 },
        note: 'on a machine with other things to do it grows with the load: start-up is CPU time of three threads of two processes',
        tried:
          'the aggregator loads beside configuration and dataset, workers beside what the end needs; each command, YAML, CSV, tokenizers, replay and the page of the report are loaded when used; rows are encoded with one head. What is left is the loading of 170 modules of our own and 95 of zod, each some 0.3 ms: a bundle would take most of that, and needs a bundler',
      },
    ];
  },
};
