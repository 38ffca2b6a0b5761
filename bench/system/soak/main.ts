/**
 * A long run, its memory over time, and whether anything was lost. The figures join those of the last `npm run bench`.
 *
 * By default the load is conversations with live histories and think times, under chaos: the aggregator is killed and stopped, the load generator
 * is stopped, a viewer hardly ever reads, and beside it short runs are killed or run into a full disk. In the end, each sample and each
 * conversation must be accounted for, by the count of the server, too. `--steady`: streamed requests at a steady rate, and no chaos.
 *
 * Memory is judged once there were enough samples for the raw values of a series to fill their budget of 8 MB. Exit code 1 when something was
 * lost.
 *
 * Usage: npm run bench:soak [-- --minutes 30] [--talks 800] [--quick]                      (quick: half a minute)
 *        npm run bench:soak -- --steady [--minutes 10] [--rate 5000] [--chunks 8] [--quick]
 */
import { parseArgs } from 'node:util';
import type { BenchLine } from '../../harness/bench.ts';
import { thisMachine } from '../../harness/machine.ts';
import { LAST_RESULTS, mergeLines, readResults, writeResults } from '../../harness/results-file.ts';
import { tableText } from '../../harness/table.ts';
import { Workspace } from '../program.ts';
import { soakConversations } from './conversations.ts';
import { soakSteadily } from './steady.ts';

const QUICK_MINUTES = 0.5;

const { values: flags } = parseArgs({
  options: {
    steady: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    talks: { type: 'string', default: '800' },
    rate: { type: 'string', default: '5000' },
    chunks: { type: 'string', default: '8' },
    quick: { type: 'boolean', default: false },
  },
});
const minutes = flags.quick ? QUICK_MINUTES : Number(flags.minutes ?? (flags.steady ? 10 : 30));
const say = (line: string) => process.stdout.write(`${line}\n`);
const workspace = new Workspace();
let lines: readonly BenchLine[];
try {
  lines = flags.steady
    ? await soakSteadily({ workspace, minutes, rate: Number(flags.rate), chunks: Number(flags.chunks), say })
    : await soakConversations({ workspace, minutes, talks: Number(flags.talks), say });
} finally {
  workspace.remove();
}
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
