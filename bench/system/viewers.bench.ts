import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchResult } from '../harness/bench.ts';
import { spreadOf } from '../harness/spread.ts';
import { readSummary, startMock, startProgram, Workspace } from './program.ts';

const PAGES = join(import.meta.dirname, 'clients/pages.main.ts');
const WEB_VIEWERS = 50;
const WATCHERS = 5;
const RATE = 50;
const ROWS = 200;
/** Viewers join in the warm-up, and are at rest when the measuring begins: starting five programs is not looking on. */
const WARMUP = '8s';
const NS_PER_MS = 1e6;

/**
 * What looking on costs: the same run without viewers and with 50 pages and 5 terminals, in turn. Their effect on how late requests go
 * out must be no more than two runs without viewers differ by. The readers of the pages stand for browsers on other machines, so they
 * stand back behind everything else.
 */
export const bench: Bench = {
  async run({ quick, rounds, say }) {
    const workspace = new Workspace();
    const mock = await startMock(['--output-tokens', 'fixed:20', '--inter-token', 'fixed:10']);
    const p99Ms = async (isWatched: boolean): Promise<number> => {
      const out = workspace.freshRun();
      const run = startProgram([
        ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', workspace.prompts(ROWS)],
        ...['--rate', String(RATE), '--duration', `${quick ? 5 : 20}s`, '--warmup', WARMUP],
        ...['--events-jsonl', 'off', '--out', out, '--web', '0'],
      ]);
      const ended = once(run, 'exit');
      run.stdout!.resume();
      const viewers = isWatched ? await openViewers(run, out) : (run.stderr!.resume(), undefined);
      await ended;
      await viewers?.close();
      return readSummary(out).issue_delay.percentiles['99.0']! / NS_PER_MS;
    };
    try {
      // The server's code is compiled while it first runs: that is nobody's effect.
      await p99Ms(false);
      // Without, with, without, with: what changes meanwhile changes both.
      const without: number[] = [];
      const watched: number[] = [];
      for (let round = 0; round < Math.max(2, rounds); round++) {
        without.push(await p99Ms(false));
        watched.push(await p99Ms(true));
        say(
          `issue delay p99: ${without.at(-1)!.toFixed(2)} ms alone, ${watched.at(-1)!.toFixed(2)} ms watched`,
        );
      }
      const noise = Math.max(...without) - Math.min(...without);
      const effect = spreadOf(watched).median - spreadOf(without).median;
      const line = (id: string, what: string, value: number): BenchResult => {
        return { id: `system/viewers/${id}`, what, unit: 'ms', value: spreadOf([value]), isLessBetter: true };
      };
      return [
        line('noise', 'issue delay p99: difference between runs without viewers', noise),
        {
          ...line(
            'effect',
            `issue delay p99: added by ${WEB_VIEWERS} web viewers and ${WATCHERS} watchers`,
            effect,
          ),
          goal: { of: 'value', bound: 'at most', value: noise },
          note: 'the goal is the noise of this run',
          tried:
            'pages served by a process of its own, viewers behind the load (nice 10, batch scheduling) and at different moments, one encoding for all, histories only when they are new; the rest is that all share the cores of the run here',
        },
      ];
    } finally {
      mock.child.kill();
      workspace.remove();
    }
  },
};

/** Pages that read all events and terminals that watch, from when the run has its page until they are closed. */
async function openViewers(run: ChildProcess, out: string): Promise<{ close(): Promise<void> }> {
  let printed = '';
  run.stderr!.setEncoding('utf8').on('data', (text: string) => (printed += text));
  while (!/warming up/.test(printed)) await sleep(20);
  const [url] = /http:\/\/\S+/.exec(printed)!;
  const pages = spawn(process.execPath, [PAGES, url, String(WEB_VIEWERS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const read = text(pages.stdout);
  const watchers = Array.from({ length: WATCHERS }, () => startProgram(['watch', out]));
  for (const { stdout, stderr } of watchers) {
    stdout!.resume();
    stderr!.resume();
  }
  return {
    close: async () => {
      for (const watcher of watchers) watcher.kill();
      pages.stdin.end();
      const least = Number(await read);
      if (!(least > 0)) throw new Error('a viewer saw nothing');
    },
  };
}
