/**
 * Holds a run against the server's own truth: Poisson arrivals, streaming, the mock server in a process of its own. Prints the
 * percentiles both report and their difference; exit code 1 when one differs by more than 1 ms and 1 %, or when a
 * sample is unaccounted for.
 *
 * Usage: npm run bench:truth [-- RATE SECONDS]
 */
import { once } from 'node:events';
import { readSummary, startMock, startProgram, Workspace } from './program.ts';

interface Truth {
  readonly outcome: string;
  readonly received_ns: string;
  readonly first_token_ns: string;
  readonly end_ns: string;
}

const [ratePerSecond = '200', seconds = '60'] = process.argv.slice(2);
const TOLERANCE_MS = 1;
const TOLERANCE_SHARE = 0.01;
const ROWS = 1000;
const workspace = new Workspace();
const out = workspace.freshRun();
const say = (line: string) => process.stdout.write(`${line}\n`);

const mock = await startMock([
  ...['--ttft', 'lognormal:60,0.4', '--inter-token', 'normal:8,2'],
  ...['--output-tokens', 'lognormal:24,0.5'],
]);
const run = startProgram([
  ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', workspace.prompts(ROWS)],
  ...['--pattern', 'poisson', '--rate', ratePerSecond, '--duration', `${seconds}s`, '--out', out],
]);
run.stdout!.pipe(process.stdout);
run.stderr!.pipe(process.stderr);
await once(run, 'close');
const truth = (await (await fetch(`${mock.url}/truth`)).text())
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Truth);
mock.child.kill('SIGTERM');

const summary = readSummary(out);
const spans = (end: 'first_token_ns' | 'end_ns') =>
  truth.map((sample) => Number(BigInt(sample[end]) - BigInt(sample.received_ns)) / 1e6).sort((a, b) => a - b);
let failed = false;
say(
  `\n${''.padEnd(12)}${['reported ms', 'true ms', 'difference ms', 'share'].map((head) => head.padStart(15)).join('')}`,
);
for (const [name, reported, trueMs] of [
  ['TTFT', summary.ttft, spans('first_token_ns')],
  ['latency', summary.latency, spans('end_ns')],
] as const) {
  for (const percentile of [50, 90, 99]) {
    const reportedMs = reported.percentiles[`${percentile}.0`]! / 1e6;
    const wantedMs = trueMs[Math.floor((trueMs.length - 1) * (percentile / 100))]!;
    const differenceMs = reportedMs - wantedMs;
    const within = Math.abs(differenceMs) <= Math.max(TOLERANCE_MS, wantedMs * TOLERANCE_SHARE);
    failed ||= !within;
    const cells = [
      reportedMs.toFixed(3),
      wantedMs.toFixed(3),
      differenceMs.toFixed(3),
      `${((differenceMs / wantedMs) * 100).toFixed(2)} %`,
    ];
    say(
      `${`${name} p${percentile}`.padEnd(12)}${cells.map((cell) => cell.padStart(15)).join('')}${within ? '' : '  OUT OF BOUNDS'}`,
    );
  }
}
const { n_samples_issued: issued, n_samples_completed: completed, n_samples_failed: failedSamples } = summary;
const accounted = issued === truth.length && completed === issued;
failed ||= !accounted;
say(
  `samples: ${issued} issued, ${completed} completed, ${failedSamples} failed; the server saw ${truth.length}${accounted ? '' : '  NOT ALL ACCOUNTED FOR'}`,
);
workspace.remove();
process.exitCode = failed ? 1 : 0;
