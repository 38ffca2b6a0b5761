/**
 * What the probes cost: the CPU time of this process while its event loop reads probes and does nothing else, less what it takes without
 * them, as a share of a core. Stretches with and without probes take turns, so that whatever else the machine does is in both.
 *
 * Usage: npm run bench:probes [-- --rates 250,125 --rounds ROUNDS --seconds SECONDS]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRunClock, monotonicNs } from '../../src/core/time.ts';
import { alignColumns } from '../../src/core/text-table.ts';
import { LoopLateness } from '../../src/engine/loop-lateness.ts';
import { ProbeReader } from '../../src/engine/probe-reader.ts';
import { ProbeThread } from '../../src/engine/probe-thread.ts';

const { values: flags } = parseArgs({
  options: {
    rates: { type: 'string', default: '250' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
  },
});
const seconds = Number(flags.seconds);

/** CPU seconds a second of this process, all threads, while so many probes a second come in. */
async function shareAt(ratePerSecond: number): Promise<number> {
  if (ratePerSecond === 0) return await idleShare();
  const originNs = monotonicNs();
  const thread = new ProbeThread({ originNs, workers: 1, ratePerSecond });
  const clock = createRunClock(originNs);
  const { promise: first, resolve: onFirst } = Promise.withResolvers<void>();
  const reader = new ProbeReader(await thread.port, clock, new LoopLateness(clock, thread.shared), onFirst);
  await first;
  const share = await idleShare();
  reader.close();
  await thread.close();
  return share;
}

async function idleShare(): Promise<number> {
  // What starting took is done by then.
  await sleep(300);
  const before = process.cpuUsage();
  const startMs = performance.now();
  await sleep(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / ((performance.now() - startMs) / 1000);
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
const rows: string[][] = [];
for (const rate of flags.rates.split(',').map(Number)) {
  const costs: number[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    const without = await shareAt(0);
    costs.push((await shareAt(rate)) - without);
  }
  rows.push([
    String(rate),
    percent(medianOf(costs)),
    percent(Math.min(...costs)),
    percent(Math.max(...costs)),
  ]);
}
for (const line of alignColumns([
  ['probes/s', 'of a core (median)', 'least', 'most'],
  ...rows,
]))
  process.stdout.write(`${line}\n`);
