/**
 * The table of requests in `serve`, on a run of a million of them (or as many as the first argument says) of eight chunks each: time to the
 * first rows, time of sorts and filters that were not asked for before, memory of the process, and the longest that another request waited meanwhile.
 *
 * Usage: npm run bench:requests [-- SAMPLES]
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { countText } from '../../src/core/quantity-text.ts';
import { peakMemoryMb } from '../harness/memory.ts';
import { startProgram, Workspace } from './program.ts';
import { writeSyntheticRun } from './synthetic-log.ts';

const CHUNKS = 8;
const LOOK_MS = 20;
const samples = Number(process.argv[2] ?? 1_000_000);
const workspace = new Workspace();
const say = (line: string) => process.stdout.write(`${line}\n`);

const runs = join(workspace.path, 'runs');
await writeSyntheticRun(join(runs, 'large'), samples, CHUNKS);
const logBytes = statSync(join(runs, 'large/run.log')).size;
say(`${countText(samples)} requests of ${CHUNKS} chunks, run.log ${(logBytes / 2 ** 20).toFixed(0)} MB`);
const server = startProgram(['serve', '--runs', runs, '--listen', '0']);
try {
  const url = await addressOf();
  say(`memory at the start: ${memoryMb()} MB`);
  for (const [what, path] of [
    ['first rows, the log read', 'requests?limit=100'],
    ['sort by latency', 'requests?limit=100&sort=latency&order=desc'],
    ['sort by TTFT', 'requests?limit=100&sort=ttft'],
    ['the last rows of that', `requests?limit=100&sort=ttft&offset=${samples - 100}`],
    ['search and sort', 'requests?limit=100&sort=tpot&search=succeeded'],
    ['filter by latency', 'requests?limit=100&min_latency_ms=1&max_latency_ms=20'],
    ['one request', `requests/${Math.floor(samples / 2)}`],
  ] as const) {
    const { ms, longestWaitMs } = await timed(`${url}api/runs/large/${path}`, `${url}api/about`);
    say(
      `${what.padEnd(26)} ${(ms / 1000).toFixed(2).padStart(7)} s   others waited ${longestWaitMs.toFixed(0).padStart(4)} ms at most`,
    );
  }
  say(`peak memory: ${memoryMb()} MB`);
} finally {
  server.kill('SIGTERM');
  workspace.remove();
}

async function addressOf(): Promise<string> {
  let said = '';
  for await (const [bytes] of events()) {
    said += String(bytes);
    const [, found] = /web page: (http\S+)/.exec(said) ?? [];
    if (found !== undefined) return found;
  }
  throw new Error(`the server ended: ${said}`);
}

async function* events(): AsyncGenerator<unknown[]> {
  for (;;)
    yield Promise.race([once(server.stderr!, 'data'), once(server.stdout!, 'data')]) as Promise<unknown[]>;
}

function memoryMb(): string {
  return (peakMemoryMb(server.pid!) ?? 0).toFixed(0);
}

/** Asks until the answer is whole; another asks for something small all the while. */
async function timed(url: string, other: string): Promise<{ ms: number; longestWaitMs: number }> {
  let [isOver, longestWaitMs] = [false, 0];
  const waiting = (async () => {
    while (!isOver) {
      const askedMs = performance.now();
      await (await fetch(other)).text();
      longestWaitMs = Math.max(longestWaitMs, performance.now() - askedMs);
      await sleep(LOOK_MS);
    }
  })();
  const startedMs = performance.now();
  for (;;) {
    const answer = await fetch(url);
    const text = await answer.text();
    if (answer.status === 200) break;
    if (answer.status !== 202) throw new Error(`${url}: ${answer.status} ${text}`);
  }
  const ms = performance.now() - startedMs;
  isOver = true;
  await waiting;
  return { ms, longestWaitMs };
}
