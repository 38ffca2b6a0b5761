import { once } from 'node:events';
import { statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import type { Bench } from '../harness/bench.ts';
import { peakMemoryMb } from '../harness/memory.ts';
import { inTurn } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';
import { wholeAnswer } from './canned-answers.ts';
import { startProgram, Workspace } from './program.ts';

const ROWS = 10_000;
const MANY_ROWS = 1_000_000;
const SAMPLES = 100;

/** The start of a command. */
interface Start {
  /** Until the first byte of a request is at the server, which is this process. */
  readonly seconds: number;
  /** The most memory the command had by then. */
  readonly peakMb: number;
}

export const bench: Bench = {
  async run({ rounds }) {
    const workspace = new Workspace();
    const [some, many] = [workspace.prompts(ROWS), workspace.prompts(MANY_ROWS)];
    const manyMb = statSync(many).size / 2 ** 20;
    const answer = wholeAnswer().first;
    let onFirst: () => void = () => undefined;
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => {
        onFirst();
        socket.write(answer);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    const startWith = async (dataset: string): Promise<Start> => {
      let start: Start | undefined;
      const startedMs = performance.now();
      const child = startProgram([
        ...['run', '--endpoint', endpoint, '--model', 'm', '--dataset', dataset],
        ...['--samples', String(SAMPLES), '--max-connections', '4', '--out', workspace.freshRun()],
      ]);
      onFirst = () => {
        start ??= {
          seconds: (performance.now() - startedMs) / 1000,
          peakMb: peakMemoryMb(child.pid!) ?? NaN,
        };
      };
      child.stdout!.resume();
      let stderr = '';
      child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
      await once(child, 'close');
      if (start === undefined) throw new Error(`no request came: ${stderr}`);
      return start;
    };
    const starts = await inTurn(rounds, { some: () => startWith(some), many: () => startWith(many) });
    server.close();
    workspace.remove();
    const kbARow = starts.many.map(
      ({ peakMb }, round) => ((peakMb - starts.some[round]!.peakMb - manyMb) * 2 ** 10) / (MANY_ROWS - ROWS),
    );
    return [
      {
        id: 'system/first-request',
        what: 'from command to first request, 10k-row dataset',
        unit: 's',
        value: spreadOf(starts.some.map(({ seconds }) => seconds)),
        isLessBetter: true,
        goal: { of: 'value', bound: 'at most', value: 0.35 },
        note: 'on a machine with other things to do it grows with the load: start-up is CPU time of three threads of two processes',
        tried:
          'the aggregator loads beside configuration and dataset, workers beside what the end needs; each command, YAML, CSV, tokenizers, replay and the page of the report are loaded when used; rows are encoded with one head. The build gathers our modules and packages that are plain JavaScript; the compile cache has their code. What is left is the start of two processes and a thread, and the evaluation of the schema',
      },
      {
        id: 'system/first-request/million-rows',
        what: 'from command to first request, dataset of a million short rows',
        unit: 's',
        value: spreadOf(starts.many.map(({ seconds }) => seconds)),
        isLessBetter: true,
        goal: { of: 'value', bound: 'at most', value: 4 },
      },
      {
        id: 'system/first-request/million-rows/memory',
        what: 'peak memory for each of a million short rows, beside their bytes in the file',
        unit: 'KB',
        value: spreadOf(kbARow),
        isLessBetter: true,
        goal: { of: 'value', bound: 'at most', value: 1.2 },
      },
    ];
  },
};
