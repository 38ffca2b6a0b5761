/**
 * One million samples (or as many as the first argument says): a burst of short non-streaming answers against the mock
 * server, each in a process of its own. Prints throughput, CPU and peak memory of each process.
 *
 * Usage: npm run bench:million [-- SAMPLES]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Usage {
  readonly peakMb: number;
  readonly cpuSeconds: number;
}

const CLOCK_TICKS_PER_SECOND = 100;
const entry = resolve(import.meta.dirname, '../../dist/cli/main.js');
const samples = Number(process.argv[2] ?? 1_000_000);
const place = mkdtempSync(join(tmpdir(), 'inferometer-million-'));
const dataset = join(place, 'prompts.jsonl');
writeFileSync(
  dataset,
  Array.from({ length: 1000 }, (_, i) => JSON.stringify({ prompt: `#${i} hello` })).join('\n'),
);
const say = (line: string) => process.stdout.write(`${line}\n`);

const mock = start([
  'serve-mock',
  '--ttft',
  'fixed:0',
  '--inter-token',
  'fixed:0',
  '--output-tokens',
  'fixed:8',
]);
const url = await new Promise<string>((found) => {
  mock.stdout!.on('data', (data: Buffer) => {
    const match = /http:\/\/\S+/.exec(data.toString());
    if (match !== null) found(match[0]);
  });
});
const usages = new Map<string, Usage>();
const out = join(place, 'run');
const startedMs = performance.now();
const run = start([
  'run',
  '--endpoint',
  url,
  '--model',
  'm',
  '--dataset',
  dataset,
  '--max-connections',
  '64',
  ...['--samples', String(samples), '--out', out],
]);
run.stdout!.pipe(process.stdout);
run.stderr!.pipe(process.stderr);
const watching = setInterval(() => {
  note('main (with its engine workers)', run.pid);
  note('mock server', mock.pid);
  note('aggregator', aggregatorPid());
}, 100);
const [code] = (await once(run, 'close')) as [number | null];
clearInterval(watching);
const seconds = (performance.now() - startedMs) / 1000;
mock.kill('SIGTERM');

const result = JSON.parse(readFileSync(join(out, 'performance/result_summary.json'), 'utf8')) as {
  n_samples_completed: number;
  qps: number;
};
say(
  `\nexit code ${code}; ${result.n_samples_completed} samples in ${seconds.toFixed(1)} s whole process, ${result.qps.toFixed(0)}/s while measuring`,
);
say(`run.log ${(statSync(join(out, 'run.log')).size / 2 ** 20).toFixed(0)} MB`);
say('process                          peak memory MB   CPU s   µs CPU a sample');
for (const [name, { peakMb, cpuSeconds }] of usages) {
  say(
    `${name.padEnd(32)} ${peakMb.toFixed(0).padStart(14)} ${cpuSeconds.toFixed(1).padStart(7)} ${((cpuSeconds / samples) * 1e6).toFixed(1).padStart(17)}`,
  );
}
rmSync(place, { recursive: true, force: true });
process.exitCode = code ?? 1;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function aggregatorPid(): number | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as {
      pids: { aggregator: number | null };
    };
    return manifest.pids.aggregator ?? undefined;
  } catch {
    return undefined; // not written yet
  }
}

/** Takes down what the kernel has counted for a process so far; the last note before its end stays. */
function note(name: string, pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    const peakKb = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    if (peakKb !== undefined)
      usages.set(name, { peakMb: Number(peakKb) / 1024, cpuSeconds: ticks / CLOCK_TICKS_PER_SECOND });
  } catch {
    // It has ended; the last note stands.
  }
}
