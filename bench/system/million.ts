/**
 * One million samples (or as many as the first argument says): a burst of short non-streaming answers against the mock
 * server, each in a process of its own. Prints throughput, CPU and peak memory of each process.
 *
 * Usage: npm run bench:million [-- SAMPLES]
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { aggregatorPid, ProcessUsages, readSummary, startMock, startProgram, Workspace } from './program.ts';

const ROWS = 1000;
const WATCH_INTERVAL_MS = 100;
const samples = Number(process.argv[2] ?? 1_000_000);
const workspace = new Workspace();
const out = workspace.freshRun();
const say = (line: string) => process.stdout.write(`${line}\n`);

const mock = await startMock([
  ...['--ttft', 'fixed:0', '--inter-token', 'fixed:0'],
  ...['--output-tokens', 'fixed:8'],
]);
const usages = new ProcessUsages();
const startedMs = performance.now();
const run = startProgram([
  ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', workspace.prompts(ROWS)],
  ...['--max-connections', '64', '--samples', String(samples), '--out', out],
]);
run.stdout!.pipe(process.stdout);
run.stderr!.pipe(process.stderr);
const watching = setInterval(() => {
  usages.note('main (with its engine workers)', run.pid);
  usages.note('mock server', mock.child.pid);
  usages.note('aggregator', aggregatorPid(out));
}, WATCH_INTERVAL_MS);
const [code] = (await once(run, 'close')) as [number | null];
clearInterval(watching);
const seconds = (performance.now() - startedMs) / 1000;
mock.child.kill('SIGTERM');

const { n_samples_completed: completed, qps } = readSummary(out);
say(
  `\nexit code ${code}; ${completed} samples in ${seconds.toFixed(1)} s whole process, ${qps.toFixed(0)}/s while measuring`,
);
say(`run.log ${(statSync(join(out, 'run.log')).size / 2 ** 20).toFixed(0)} MB`);
say('process                          peak memory MB   CPU s   µs CPU a sample');
for (const [name, { peakMb, cpuSeconds }] of usages.byName) {
  say(
    `${name.padEnd(32)} ${peakMb.toFixed(0).padStart(14)} ${cpuSeconds.toFixed(1).padStart(7)} ${((cpuSeconds / samples) * 1e6).toFixed(1).padStart(17)}`,
  );
}
workspace.remove();
process.exitCode = code ?? 1;
