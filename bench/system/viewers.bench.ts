import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchResult } from '../harness/bench.ts';
import { spreadOf } from '../harness/spread.ts';
import { readSummary, startMock, startProgram, Workspace } from './program.ts';

const WEB_VIEWERS = 50;
const WATCHERS = 5;
const RATE = 50;
const ROWS = 200;
/** Viewers join in the warm-up, and are at rest when the measuring begins: starting five programs is not looking on. */
const WARMUP = '8s';
const NS_PER_MS = 1e6;

/**
 * What looking on costs: the same run without viewers and with 50 pages and 5 terminals, in turn. Their effect on how late requests go
 * out must be no more than two runs without viewers differ by.
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
            'one encoding for all viewers, histories only when they are new, viewers pull; the rest is that all viewers share the cores of the run here',
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
  const leaving = new AbortController();
  let bytes = 0;
  const look = async () => {
    const { body } = await fetch(new URL('/api/live/events', url), { signal: leaving.signal });
    for await (const chunk of body as AsyncIterable<Uint8Array>) bytes += chunk.length;
  };
  // Each ends when the run does, which breaks its connection.
  const pages = Array.from({ length: WEB_VIEWERS }, () => look().catch(() => undefined));
  const watchers = Array.from({ length: WATCHERS }, () => startProgram(['watch', out]));
  for (const { stdout, stderr } of watchers) {
    stdout!.resume();
    stderr!.resume();
  }
  return {
    close: async () => {
      leaving.abort();
      for (const watcher of watchers) watcher.kill();
      await Promise.all(pages);
      if (bytes === 0) throw new Error('no viewer saw anything');
    },
  };
}
