/**
 * A dataset that is larger than its memory: rows of 16 kB, as many GB as the first argument says (default 2), each sent once from a file in shuffled order,
 * with 256 MiB of memory for requests. Prints how long it took to get ready, peak memory, the rate and how late requests went out.
 *
 * Usage: npm run bench:dataset [-- GIGABYTES]
 */
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aggregatorPid, ProcessUsages, readSummary, startMock, startProgram, Workspace } from './program.ts';

const ROW_BYTES = 16_000;
const RATE = 1000;
const MEMORY = '256MiB';
const WATCH_INTERVAL_MS = 100;
const gigabytes = Number(process.argv[2] ?? 2);
const rows = Math.round((gigabytes * 1e9) / ROW_BYTES);
const workspace = new Workspace();
const out = workspace.freshRun();
const say = (line: string) => process.stdout.write(`${line}\n`);

const dataset = join(workspace.path, 'large.jsonl');
const file = createWriteStream(dataset);
const filler = 'word '.repeat(ROW_BYTES / 5);
for (let row = 0; row < rows; row++) {
  const prompt = `${row} ${filler}`.slice(0, ROW_BYTES - 16);
  if (!file.write(`{"prompt":"${prompt}"}\n`)) await once(file, 'drain');
}
file.end();
await once(file, 'close');
say(`${rows.toLocaleString('en-US')} rows, ${gigabytes} GB`);

const mock = await startMock([
  ...['--ttft', 'fixed:1', '--inter-token', 'fixed:0'],
  ...['--output-tokens', 'fixed:2'],
]);
const usages = new ProcessUsages();
const startedMs = performance.now();
let measuringMs = NaN;
const run = startProgram([
  ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', dataset, '--rate', String(RATE)],
  ...['--dataset-memory', MEMORY, '--out', out],
]);
run.stderr!.pipe(process.stderr);
for (const stream of [run.stdout!, run.stderr!]) {
  stream.on('data', (text: Buffer) => {
    if (String(text).includes('measuring') && Number.isNaN(measuringMs)) measuringMs = performance.now();
  });
}
const watching = setInterval(() => {
  usages.note('main (with its engine workers)', run.pid);
  usages.note('aggregator', aggregatorPid(out));
}, WATCH_INTERVAL_MS);
const [code] = (await once(run, 'close')) as [number | null];
clearInterval(watching);
mock.child.kill('SIGTERM');

const { n_samples_completed: completed, qps } = readSummary(out);
say(`exit code ${code}; ${completed} of ${rows} samples, ${qps.toFixed(0)}/s`);
say(`ready after ${((measuringMs - startedMs) / 1000).toFixed(1)} s`);
for (const [name, { peakMb, cpuSeconds }] of usages.byName) {
  say(`${name}: ${peakMb.toFixed(0)} MB at most, ${cpuSeconds.toFixed(1)} CPU-s`);
}
const report = readFileSync(join(out, 'report.txt'), 'utf8');
for (const line of report.split('\n')) {
  if (/issue delay|read from a file/i.test(line)) say(line.trim());
}
workspace.remove();
process.exitCode = code ?? 1;
