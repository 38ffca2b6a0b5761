/**
 * What the probes cost: the CPU time of this process while its event loop reads probes, less what it takes without them, as a share of a core;
 * when nothing else is read, as in a run that waits, and beside so many reads a second. Stretches with and without probes take turns, so that
 * whatever else the machine does is in both.
 *
 * Usage: npm run bench:probes [-- --rate RATE --reads 0,1000 --rounds ROUNDS --seconds SECONDS]
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { alignColumns } from '../../src/core/text-table.ts';
import { createRunClock, monotonicNs } from '../../src/core/time.ts';
import { LoopLateness } from '../../src/engine/loop-lateness.ts';
import { createSharedProbes } from '../../src/engine/probe-schedule.ts';
import { ProbeReader } from '../../src/engine/probe-reader.ts';
import { ProbeThread } from '../../src/engine/probe-thread.ts';

const clock = createRunClock();

/** CPU seconds a second of this process, all threads, while at most so many probes a second come in; 0: none. */
async function shareAt(probesPerSecond: number, readsPerSecond: number, seconds: number): Promise<number> {
  const originNs = monotonicNs();
  const thread =
    probesPerSecond === 0
      ? undefined
      : new ProbeThread({ originNs, workers: 1, ratePerSecond: probesPerSecond });
  const lateness = new LoopLateness(clock, thread?.shared ?? createSharedProbes());
  const { promise: first, resolve: onFirst } = Promise.withResolvers<void>();
  const reader = thread && new ProbeReader(await thread.port, clock, lateness, onFirst);
  if (reader !== undefined) await first;
  const feeder = readsPerSecond === 0 ? undefined : await startFeeder(readsPerSecond, lateness);
  // By then, what starting took is done, and the probes know how little is read.
  await sleep(3000);
  const before = process.cpuUsage();
  const startMs = performance.now();
  await sleep(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 1e6 / ((performance.now() - startMs) / 1000);
  reader?.close();
  await Promise.all([thread?.close(), feeder?.terminate()]);
  return share;
}

/** A thread that writes so many times a second to a socket that this thread's event loop reads. */
async function startFeeder(readsPerSecond: number, lateness: LoopLateness): Promise<Worker> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy()).on('data', () => lateness.read(clock.nowNs()));
    server.close();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return new Worker(new URL(import.meta.url), { workerData: { port, readsPerSecond } });
}

function feed({ port, readsPerSecond }: { port: number; readsPerSecond: number }): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }, function next() {
    Atomics.wait(sleeper, 0, 0, 1000 / readsPerSecond);
    socket.write('.');
    setImmediate(next);
  });
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      rate: { type: 'string', default: '250' },
      reads: { type: 'string', default: '0,1000' },
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '2' },
    },
  });
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const rows: string[][] = [];
  for (const reads of flags.reads.split(',').map(Number)) {
    const without: number[] = [];
    const costs: number[] = [];
    for (let round = 0; round < Number(flags.rounds); round++) {
      without.push(await shareAt(0, reads, Number(flags.seconds)));
      costs.push((await shareAt(Number(flags.rate), reads, Number(flags.seconds))) - without.at(-1)!);
    }
    const cells = [medianOf(without), medianOf(costs), Math.min(...costs), Math.max(...costs)];
    rows.push([String(reads), ...cells.map(percent)]);
  }
  const heads = ['reads/s', 'without probes', 'probes add, of a core (median)', 'least', 'most'];
  for (const line of alignColumns([heads, ...rows])) process.stdout.write(`${line}\n`);
}

if (isMainThread) await main();
else feed(workerData as { port: number; readsPerSecond: number });
