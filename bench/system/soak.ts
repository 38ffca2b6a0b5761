/**
 * A long streaming run at a steady rate: memory of each process over time, and whether a frame was lost. The figures join those of the last
 * `npm run bench`.
 *
 * Usage: npm run bench:soak [-- --minutes 10] [--rate 5000] [--chunks 8] [--quick]     (quick: half a minute)
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { BenchLine } from '../harness/bench.ts';
import { thisMachine } from '../harness/machine.ts';
import { residentMemoryMb } from '../harness/memory.ts';
import { LAST_RESULTS, mergeLines, readResults, writeResults } from '../harness/results-file.ts';
import { spreadOf } from '../harness/spread.ts';
import { tableText } from '../harness/table.ts';
import { streamedAnswer } from './canned-answers.ts';
import { aggregatorPid, readSummary, startProgram, Workspace } from './program.ts';
import { CannedServer } from './server/canned-server.ts';

const QUICK_MINUTES = 0.5;
const SAMPLES_SHOWN = 30;
const ROWS = 1000;
const GAP_US = 5000;
/** The last third of the run may have so much more memory than the middle one. */
const FLAT = 1.05;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '5000' },
    chunks: { type: 'string', default: '8' },
    quick: { type: 'boolean', default: false },
  },
});
const minutes = flags.quick ? QUICK_MINUTES : Number(flags.minutes);
const say = (line: string) => process.stdout.write(`${line}\n`);
const PROCESSES = ['main with engine', 'aggregator', 'server'] as const;
type Memory = Readonly<Record<(typeof PROCESSES)[number], number>>;

const workspace = new Workspace();
const out = workspace.freshRun();
const server = await CannedServer.start(streamedAnswer(Number(flags.chunks)), {
  gapUs: GAP_US,
  pace: 'spread',
});
const run = startProgram([
  ...['run', '--endpoint', server.url, '--model', 'm', '--dataset', workspace.prompts(ROWS)],
  ...['--streaming', 'on', '--pattern', 'poisson', '--rate', flags.rate],
  ...['--duration', `${Math.round(minutes * 60)}s`, '--events-jsonl', 'off', '--out', out],
]);
run.stdout!.resume();
run.stderr!.resume();

const memories: Memory[] = [];
const intervalMs = (minutes * 60_000) / (4 * SAMPLES_SHOWN);
say(`MB of memory       ${PROCESSES.map((name) => name.padStart(18)).join('')}`);
const watching = setInterval(() => {
  const aggregator = aggregatorPid(out);
  if (aggregator === undefined) return;
  const memory: Memory = {
    'main with engine': residentMemoryMb(run.pid!) ?? NaN,
    aggregator: residentMemoryMb(aggregator) ?? NaN,
    server: residentMemoryMb(server.pid) ?? NaN,
  };
  if (!Object.values(memory).every(Number.isFinite)) return;
  memories.push(memory);
  if (memories.length % 4 !== 1) return;
  const cells = PROCESSES.map((name) => memory[name].toFixed(0).padStart(18));
  say(`${((memories.length * intervalMs) / 1000).toFixed(0).padStart(8)} s        ${cells.join('')}`);
}, intervalMs);
const [code] = (await once(run, 'close')) as [number | null];
clearInterval(watching);
await server.close();

const {
  n_samples_issued: issued,
  n_samples_completed: completed,
  event_stream: stream,
  qps,
} = readSummary(out);
workspace.remove();
say(
  `\nexit code ${code}; ${issued} issued, ${completed} completed, ${qps.toFixed(0)}/s; ${stream.frames} frames, ${stream.healed_frames} healed from the log, ${stream.lost_frames} lost`,
);
const what = `${minutes} min at ${flags.rate}/s streaming`;
const lines: readonly BenchLine[] = [
  ...PROCESSES.map((name): BenchLine => memoryLine(name)),
  {
    id: 'system/soak/lost-frames',
    what: `lost frames, ${what}`,
    unit: 'frames',
    value: spreadOf([stream.lost_frames]),
    isLessBetter: true,
    goal: { of: 'value', bound: 'at most', value: 0 },
    note: `${stream.healed_frames} of ${stream.frames} frames were healed from the run log`,
  },
  {
    id: 'system/soak/unaccounted',
    what: `samples issued and not completed, ${what}`,
    unit: 'samples',
    value: spreadOf([issued - completed]),
    isLessBetter: true,
    goal: { of: 'value', bound: 'at most', value: 0 },
  },
];
say(`\n${tableText(lines)}`);
const machine = thisMachine();
const earlier = readResults(LAST_RESULTS);
const isSameKind = earlier?.machine.class === machine.class && earlier.quick === flags.quick;
writeResults(LAST_RESULTS, {
  ...(isSameKind
    ? earlier
    : { format: 1, measuredAt: new Date().toISOString(), quick: flags.quick, machine }),
  lines: mergeLines(isSameKind ? earlier.lines : [], lines),
});

function memoryLine(name: keyof Memory): BenchLine {
  const values = memories.map((memory) => memory[name]);
  const third = Math.floor(values.length / 3);
  const middle = spreadOf(values.slice(third, 2 * third));
  const last = spreadOf(values.slice(2 * third));
  const ratio = last.median / middle.median;
  return {
    id: `system/soak/memory/${name.replaceAll(' ', '-')}`,
    what: `memory of ${name}, last third of ${what}`,
    unit: 'MB',
    value: last,
    isLessBetter: true,
    peer: { name: 'middle third', value: middle, ratio: spreadOf([ratio]) },
    ...(name === 'server' ? {} : { goal: { of: 'ratio', bound: 'at most', value: FLAT } }),
  };
}
