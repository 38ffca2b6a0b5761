/**
 * Holds the client's own error bound against the truth while the client is disturbed: on its core, by stops, by its garbage collector, by
 * what the server sends. Prints for each disturbance how often the stated bound covered the bias, how wide it was, and whether
 * a figure that was off by more than 5 % was called valid.
 *
 * Usage: npm run bench:provoked [-- --runs RUNS --seconds SECONDS --only TEXT --json]; exit code 1 when a goal is missed.
 */
import { parseArgs } from 'node:util';
import { alignColumns } from '../../../src/core/text-table.ts';
import { Workspace } from '../program.ts';
import { DISTURBANCES } from './disturbances.ts';
import { LOADS, provokedRun } from './provoked-run.ts';
import { judgeRun, summaryOf, type JudgedRun } from './judge.ts';

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);
const workspace = new Workspace();
const all: JudgedRun[] = [];
const rows: string[][] = [];
try {
  for (const load of LOADS) {
    for (const disturbance of DISTURBANCES) {
      const name = `${disturbance.name}, ${load.name}`;
      if (!name.includes(flags.only)) continue;
      const runs: JudgedRun[] = [];
      for (let run = 0; run < Number(flags.runs); run++) {
        const judged = judgeRun(await provokedRun(workspace, load, disturbance, Number(flags.seconds)));
        runs.push(judged);
        if (flags.json) say(JSON.stringify({ name, run, ...judged }));
      }
      if (disturbance.name !== 'none') all.push(...runs);
      rows.push([name, ...summaryOf(runs).cells]);
    }
  }
} finally {
  workspace.remove();
}
const total = summaryOf(all);
const heads = [
  '',
  'runs',
  'bound ≥ bias',
  'figures covered',
  'bound/bias',
  'gap p99 bias',
  'bound',
  'off > 5 %',
  'of them VALID',
];
for (const line of alignColumns([heads, ...rows, ['all disturbed', ...total.cells]])) say(line);
process.exitCode = total.meetsGoals ? 0 : 1;
