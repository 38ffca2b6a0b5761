/**
 * What reads the samples of a run, on a log of twenty million of them (or as many as the first argument says): time and peak memory of each
 * command. The log is written by this script, as an engine worker would; each sample has two chunks. Takes 480 bytes of disk a sample, and
 * 920 with the events, which are left out where there is no room for them.
 *
 * Usage: npm run bench:large [-- SAMPLES] [--only compare]     (only: the commands whose line has this text)
 */
import { once } from 'node:events';
import { readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { countText } from '../../src/core/quantity-text.ts';
import { alignColumns } from '../../src/core/text-table.ts';
import { peakMemoryMb } from '../harness/memory.ts';
import { startProgram, Workspace } from './program.ts';
import { writeSyntheticRun } from './synthetic-log.ts';

const CHUNKS = 2;
const WATCH_INTERVAL_MS = 100;
const EVENTS_BYTES_A_SAMPLE = 760;
const { values: flags, positionals } = parseArgs({
  options: { only: { type: 'string', default: '' } },
  allowPositionals: true,
});
const samples = Number(positionals[0] ?? 20_000_000);
const workspace = new Workspace();
const say = (line: string) => process.stdout.write(`${line}\n`);

try {
  const run = workspace.freshRun();
  await writeSyntheticRun(run, samples, CHUNKS);
  const logBytes = statSync(join(run, 'run.log')).size;
  say(`${countText(samples)} samples, run.log ${(logBytes / 2 ** 20).toFixed(0)} MB\n`);
  const rows = [['command', 'seconds', 'samples/s', 'peak memory MB']];
  for (const args of [
    ['report', '--full', run],
    ['export', run],
    ['export', run, '--samples', 'csv'],
    ['export', run, '--events'],
    ['compare', run, run],
  ]) {
    const name = args.filter((arg) => arg !== run).join(' ');
    if (!name.includes(flags.only)) continue;
    if (args.includes('--events') && freeBytes(run) < samples * EVENTS_BYTES_A_SAMPLE) {
      rows.push([name, 'no room', '', '']);
      continue;
    }
    const { seconds, peakMb } = await measured(args);
    rows.push([name, seconds.toFixed(1), countText(Math.round(samples / seconds)), peakMb.toFixed(0)]);
    say(rows.at(-1)!.join('  '));
    removeAllButLog(run);
  }
  say('');
  for (const line of alignColumns(rows)) say(line);
} finally {
  workspace.remove();
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function removeAllButLog(run: string): void {
  for (const name of readdirSync(run)) if (name !== 'run.log') rmSync(join(run, name), { recursive: true });
}

/** Peak memory is that of the process itself. */
async function measured(args: readonly string[]): Promise<{ seconds: number; peakMb: number }> {
  const startedMs = performance.now();
  const child = startProgram(args);
  let [peakMb, errors] = [0, ''];
  child.stdout!.resume();
  child.stderr!.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  const watching = setInterval(() => {
    peakMb = Math.max(peakMb, peakMemoryMb(child.pid!) ?? 0);
  }, WATCH_INTERVAL_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(watching);
  // A run of made-up samples may well be called invalid or different; what counts is that the command did its work.
  if (code !== 0 && code !== 5 && code !== 6)
    throw new Error(`${args.join(' ')} ended with ${code}: ${errors}`);
  return { seconds: (performance.now() - startedMs) / 1000, peakMb };
}
