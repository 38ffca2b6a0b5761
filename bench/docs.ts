/**
 * Writes docs/performance.md from the last results. Usage: npm run bench && npm run bench:soak && npm run bench:docs
 *
 * `-- --add` leaves the page of the last whole run as it is and puts the results, of some benches that were run since, into a section of their own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format } from 'prettier';
import { type BenchLine, type BenchResult, isSkipped, verdictOf } from './harness/bench.ts';
import { type BenchResults, LAST_RESULTS, readResults } from './harness/results-file.ts';
import { cellsOf, TABLE_HEAD } from './harness/table.ts';

const PATH = resolve(import.meta.dirname, '../docs/performance.md');

const HOW = `## How it is measured

- Everything runs on one machine, over loopback; a result is the median of its rounds, the lowest and the highest in brackets. What is
  compared is measured in turn, A B A B, and the ratio is the median of the ratios of the pairs, so that what the machine does besides hits both.
  Absolute values are this machine's; ratios travel better.
- _requests/CPU-s_ and _chunks/CPU-s_ divide by the CPU time of the whole process (user and system), not by wall time; a whole run counts
  every process of the program from its start to its end: main with its workers, aggregator, run log written.
- The server of the benches is \`bench/system/server/canned-server.c\`: one thread that answers with bytes made beforehand. That it is not the limit
  shows in the note on its CPU time a request, which is below that of the leanest client.
- _wrk_ has one thread and sends the same request, made up once. _Bare Node sockets_ (\`bench/system/clients/bare.main.ts\`) is the least a client in Node
  can do: it knows the length of the answer and parses nothing, so it is a limit, not a rival.
- The engine worker alone is a worker of the engine with plan, sockets, parsers, and every event recorded and encoded, on the main thread
  of its own process.
- Flat-out streaming does not rank clients: the slower one finds more chunks in each read and looks cheaper. The paced rows are the ones to go
  by: chunks that come one by one (streams that know nothing of each other), and chunks of all streams at once (a model that computes a
  token for all of them in one step).
- aiperf and guidellm are run as they are installed from PyPI, the same requests in one whole run each, start and end included.

\`npm run bench\` prints this table, \`npm run bench:soak\` the long run, \`npm run bench:compare\` holds the last run against the baseline of the
same class of machine, \`npm run bench:docs\` writes this page.
`;

const ADDED =
  '## Measured since\n\nBenches that were added or run again after the run above, in runs of their own.\n\n';

const results = readResults(LAST_RESULTS);
if (results === undefined) {
  process.stdout.write('no results yet: npm run bench\n');
  process.exitCode = 1;
} else {
  const text = process.argv.includes('--add')
    ? withAdded(readFileSync(PATH, 'utf8'), results)
    : page(results);
  writeFileSync(PATH, await format(text, { parser: 'markdown', printWidth: 110 }));
  process.stdout.write('wrote docs/performance.md\n');
}

/** The page of an earlier run with these results behind its tables, in the place of those that were added before. */
function withAdded(earlier: string, added: BenchResults): string {
  if (added.quick) throw new Error('these results are of a quick run: no figures to quote');
  const [beforeHow = '', how = ''] = earlier.split(/^(?=## How it is measured$)/m);
  const [kept = ''] = beforeHow.split(/^(?=## Measured since$)/m);
  return `${kept}${ADDED}${measuredText(added)}\n${table(added.lines)}\n${missed(added.lines, '###')}${how}`;
}

function page(results: BenchResults): string {
  const { quick, lines } = results;
  const system = lines.filter(({ id }) => id.startsWith('system/'));
  const parts = lines.filter(({ id }) => !id.startsWith('system/'));
  return [
    '<!-- Written by `npm run bench:docs`; do not edit. -->\n\n# Performance\n',
    measuredText(results),
    quick ? '**From a quick run: it shows that the benches work, not how fast the program is.**\n' : '',
    `## The whole program\n\n${table(system)}`,
    `## The parts\n\n${table(parts)}`,
    missed(lines),
    HOW,
  ].join('\n');
}

function measuredText({ measuredAt, machine }: BenchResults): string {
  const { cpu, cores, memoryGb, platform, node, loadAverage } = machine;
  return `Measured ${measuredAt.slice(0, 10)} on ${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}; load average before the run ${loadAverage}.\n`;
}

function table(lines: readonly BenchLine[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = [row(TABLE_HEAD), row(TABLE_HEAD.map(() => '---'))];
  const notes = lines.filter(isResult).filter(({ note }) => note !== undefined);
  return [
    ...head,
    ...lines.map((line) => row(cellsOf(line))),
    '',
    ...[...Map.groupBy(notes, ({ note }) => note!)].map(
      ([note, noted]) => `- ${noted.map(({ what }) => what).join('; ')}: ${note}.`,
    ),
    '',
  ].join('\n');
}

function missed(lines: readonly BenchLine[], level = '##'): string {
  const misses = lines.filter(isResult).filter((line) => verdictOf(line) === 'MISSED');
  if (misses.length === 0) return '';
  return [
    `${level} Missed, and what was tried\n`,
    ...misses.map(({ what, tried }) => `- **${what}**: ${tried ?? 'nothing yet'}.`),
    '',
  ].join('\n');
}

function isResult(line: BenchLine): line is BenchResult {
  return !isSkipped(line);
}
