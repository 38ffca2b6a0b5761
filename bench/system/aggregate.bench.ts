import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { readManifest, RunDirectory } from '../../src/app/run-folder/run-directory.ts';
import { SnapshotIndex } from '../../src/live/snapshot-index.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import { SnapshotSubscriber } from '../../src/metrics/snapshot-subscriber.ts';
import { connectSubscriber } from '../../src/transport/zmq/subscriber.ts';
import type { Bench } from '../harness/bench.ts';
import { cpuSecondsOf } from '../harness/cpu-time.ts';
import { inTurn } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';
import { startProgram, Workspace } from './program.ts';

const PLAYER = join(import.meta.dirname, 'record-player.main.ts');
/** Well below what is folded, so that nothing queues. */
const RECORDS_PER_SECOND = 1_000_000;
const RECORDS_PER_SAMPLE = 32;
const GOAL = 2e6;

/**
 * How much of a core the records of MLCommons endpoints take on their way from the socket through the run log into the metrics, the live view and
 * the start of the process included: `inferometer aggregate` with its defaults, all its threads, from its start until everything is folded.
 */
export const bench: Bench = {
  async run({ quick, rounds }) {
    const workspace = new Workspace();
    const records = quick ? 4_096_000 : 20_480_000;
    try {
      const { theirs, ours } = await inTurn(quick ? 1 : rounds, {
        theirs: () => recordsPerCpuSecond(workspace, records, 'theirs'),
        ours: () => recordsPerCpuSecond(workspace, records, 'ours'),
      });
      return [
        {
          id: 'system/aggregate',
          what: "MLCommons' records aggregated from a socket",
          unit: 'records/CPU-s',
          value: spreadOf(theirs),
          goal: { of: 'value', bound: 'at least', value: GOAL },
          note:
            'the whole process `inferometer aggregate` with its defaults: received, appended to the run log, folded, shown live every 250 ms; ' +
            `batches of 1000 records of about 160 bytes, 30 chunks a sample, at ${RECORDS_PER_SECOND / 1e6}M records/s`,
          tried:
            'records are read where they stand in the message, eight bytes at a time, without an object or a text for each; ' +
            'what is left is the copy through the socket and into the page cache, the checksum, and the metrics',
        },
        {
          id: 'system/aggregate-ours',
          what: 'records of our own event bus aggregated from a socket',
          unit: 'records/CPU-s',
          value: spreadOf(ours),
          goal: { of: 'value', bound: 'at least', value: GOAL },
          note: 'the same with our extra key, in which due times, dataset rows, token counts and the channels of chunks travel',
          tried: 'the extra key is read like the others, without an object for each record',
        },
      ];
    } finally {
      workspace.remove();
    }
  },
};

async function recordsPerCpuSecond(
  workspace: Workspace,
  records: number,
  whose: 'theirs' | 'ours',
): Promise<number> {
  const out = workspace.freshRun();
  const address = `ipc://${join(workspace.path, 'events')}`;
  const player = spawn(
    process.execPath,
    [PLAYER, address, String(records), String(RECORDS_PER_SECOND), whose],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const said = createInterface({ input: player.stdout })[Symbol.asyncIterator]();
  await said.next();
  const aggregator = startProgram(['aggregate', '--connect', address, '--out', out]);
  aggregator.stdout!.resume();
  aggregator.stderr!.resume();
  const ended = once(aggregator, 'close');
  const sent = Number((await said.next()).value) * RECORDS_PER_SAMPLE;
  await waitUntilFolded(out, sent / RECORDS_PER_SAMPLE);
  const cpuSeconds = cpuSecondsOf(aggregator.pid!);
  player.stdin.end();
  await ended;
  if (cpuSeconds === undefined) throw new Error('the system does not tell the CPU time of a process');
  return sent / cpuSeconds;
}

/** By the live view, as any viewer of this machine sees it. */
async function waitUntilFolded(out: string, samples: number): Promise<void> {
  const address = readManifest(RunDirectory.open(out))!.addresses.snapshots;
  let completed = 0;
  const viewer = new SnapshotSubscriber({
    subscriber: await connectSubscriber(new SnapshotCodec(), address, { conflate: true }),
    onSnapshot: (snapshot) => (completed = new SnapshotIndex(snapshot).counter('total_samples_completed')),
  });
  while (completed < samples) await sleep(10);
  await viewer.close();
}
