/**
 * Holds a run against the server's own truth: Poisson arrivals, streaming, the mock server in a process of its own. Prints the
 * percentiles both report and their difference; exit code 1 when one differs by more than 1 ms and 1 %, or when a
 * sample is unaccounted for.
 *
 * Usage: npm run bench:truth [-- RATE SECONDS]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Truth {
  readonly outcome: string;
  readonly received_ns: string;
  readonly first_token_ns: string;
  readonly end_ns: string;
}
interface Summary {
  readonly n_samples_issued: number;
  readonly n_samples_completed: number;
  readonly n_samples_failed: number;
  readonly ttft: { readonly percentiles: Record<string, number> };
  readonly latency: { readonly percentiles: Record<string, number> };
}

const [ratePerSecond = '200', seconds = '60'] = process.argv.slice(2);
const TOLERANCE_MS = 1;
const TOLERANCE_SHARE = 0.01;
const entry = resolve(import.meta.dirname, '../../dist/cli/main.js');
const place = mkdtempSync(join(tmpdir(), 'inferometer-truth-'));
const dataset = join(place, 'prompts.jsonl');
const out = join(place, 'run');
writeFileSync(
  dataset,
  Array.from({ length: 1000 }, (_, i) => JSON.stringify({ prompt: `#${i} tell me more` })).join('\n'),
);
const say = (line: string) => process.stdout.write(`${line}\n`);

const mock = start([
  'serve-mock',
  '--ttft',
  'lognormal:60,0.4',
  '--inter-token',
  'normal:8,2',
  '--output-tokens',
  'lognormal:24,0.5',
]);
const [banner] = (await once(mock.stdout!, 'data')) as [Buffer];
const url = /http:\/\/\S+/.exec(banner.toString())![0];
const run = start([
  'run',
  '--endpoint',
  url,
  '--model',
  'm',
  '--dataset',
  dataset,
  '--pattern',
  'poisson',
  '--rate',
  ratePerSecond,
  ...['--duration', `${seconds}s`, '--out', out],
]);
run.stdout!.pipe(process.stdout);
run.stderr!.pipe(process.stderr);
await once(run, 'close');
const truth = (await (await fetch(`${url}/truth`)).text())
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Truth);
mock.kill('SIGTERM');

const summary = JSON.parse(readFileSync(join(out, 'performance/result_summary.json'), 'utf8')) as Summary;
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
rmSync(place, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}
