import { once } from 'node:events';
import type { Command } from 'commander';
import { EXIT_CODES, InferometerError } from '../core/errors.ts';
import { createLog, type Log } from '../core/log.ts';
import { countedText } from '../core/quantity-text.ts';
import { type ColumnMap, isMappedName, MAPPED_NAMES_ALLOWED, parseColumnMap } from '../dataset/column-map.ts';
import { type Conversation } from '../workload/conversation.ts';
import { WORKLOAD_FORMATS } from '../workload/formats.ts';
import { ROWS } from '../workload/formats/rows.ts';
import { NeutralWriter } from '../workload/neutral-json.ts';
import { noteText } from '../workload/notes.ts';
import { runAsDataset } from '../app/reports/run-dataset.ts';
import { openMappedRows, openWorkload, type Workload } from '../workload/open-workload.ts';
import { conversationText, summaryText } from '../workload/show-text.ts';
import { WorkloadTally } from '../workload/summary.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { choiceOf, flagError, wholeNumberOf } from './flag-values.ts';

interface Flags {
  readonly format?: string;
  readonly map?: ColumnMap;
  readonly json?: boolean;
}

interface ShowFlags extends Flags {
  readonly first?: number;
}

const MOST_SHOWN = 1_000_000_000;
const SHOWN_BY_DEFAULT = 10;
const PROGRESS_FROM_MS = 1000;
const PROGRESS_INTERVAL_MS = 500;

export function datasetCommand(finish: (exitCode: number) => void): Command {
  const info = createCommand(
    'info',
    'Says what a file or folder holds: its format, conversations, lengths and times.',
    [
      'inferometer dataset info sharegpt.json',
      'inferometer dataset info trace.jsonl --format mooncake --json',
    ],
  );
  const show = createCommand(
    'show',
    'Shows the conversations of a file or folder as the program understands them.',
    ['inferometer dataset show sharegpt.json', 'inferometer dataset show trace.jsonl --first 100 --json'],
  ).option(
    '--first <n>',
    `show this many conversations (default ${SHOWN_BY_DEFAULT}; all with --json)`,
    (text) => wholeNumberOf('--first', text, 1, MOST_SHOWN),
  );
  for (const command of [info, show]) {
    command
      .argument('<file>', 'file or folder; gzip and Zstandard files are read as they are')
      .option('--format <name>', 'how it is written, instead of finding out from its content', formatName)
      .option(
        '--map <columns>',
        'rows whose columns have other names, as for run: prompt=question,system=instructions',
        columnMap,
      )
      .option('--json', 'print JSON')
      .showHelpAfterError(`(inferometer dataset ${command.name()} --help shows all)`);
    command.addHelpText(
      'after',
      `\nFormats:\n${WORKLOAD_FORMATS.map(({ name, title }) => `  ${name.padEnd(20)} ${title}`).join('\n')}`,
    );
  }
  return createCommand('dataset', COMMANDS.dataset, [
    'inferometer dataset info prompts.jsonl',
    'inferometer dataset show sharegpt.json --first 3',
  ])
    .addCommand(info.action(async (path: string, flags: Flags) => finish(await showInfo(path, flags))))
    .addCommand(
      show.action(async (path: string, flags: ShowFlags) => finish(await showConversations(path, flags))),
    );
}

function formatName(text: string): string {
  return choiceOf(
    '--format',
    text,
    WORKLOAD_FORMATS.map(({ name }) => name),
  );
}

/** `discard` removes what was written to read a run's requests. */
async function open(
  path: string,
  { format, map }: Flags,
): Promise<{ readonly workload: Workload; readonly discard: () => Promise<void> }> {
  if (map !== undefined && (format ?? ROWS.name) !== ROWS.name)
    throw new InferometerError(
      'INFEROMETER_CLI_FLAG',
      'input',
      `--map: names the columns of rows, and --format ${format} has none to choose; leave one of them out`,
    );
  const opened = await runAsDataset(path);
  const { discard } = opened;
  if (map !== undefined) return { workload: await openMappedRows(opened.path, map), discard };
  return { workload: await openWorkload(opened.path, opened.format ?? format), discard };
}

function columnMap(text: string): ColumnMap {
  const parsed = parseColumnMap(text);
  if ('allowed' in parsed) throw flagError('--map', text, parsed.allowed);
  const unknown = Object.keys(parsed.value).find((name) => !isMappedName(name));
  if (unknown !== undefined) throw flagError('--map', unknown, MAPPED_NAMES_ALLOWED);
  return parsed.value;
}

async function showInfo(path: string, flags: Flags): Promise<number> {
  const { workload, discard } = await open(path, flags);
  const tally = new WorkloadTally();
  try {
    for (const conversation of withProgress(workload)) tally.add(conversation);
  } finally {
    await discard();
  }
  const summary = tally.summary();
  if (flags.json === true) {
    const { notes } = workload;
    process.stdout.write(
      `${JSON.stringify({ path, format: workload.format.name, ...summary, notes }, null, 2)}\n`,
    );
  } else process.stdout.write(`${summaryText(workload, summary)}\n`);
  return EXIT_CODES.ok;
}

async function showConversations(path: string, { json, first, ...flags }: ShowFlags): Promise<number> {
  const { workload, discard } = await open(path, flags);
  const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');
  const limit = first ?? (json === true ? Infinity : SHOWN_BY_DEFAULT);
  await (json === true ? writeJson(workload, limit) : writeText(workload, limit)).finally(discard);
  warn(workload, log);
  return EXIT_CODES.ok;
}

/** A conversation a line, as it is read: a large file takes no more memory than a small one. */
async function writeJson(workload: Workload, limit: number): Promise<void> {
  const writer = new NeutralWriter();
  const head = JSON.stringify({ path: workload.path, format: workload.format.name });
  await write(`${head.slice(0, -1)},"conversations":[`);
  let count = 0;
  for (const conversation of firstOf(workload, limit)) {
    await write(`${count === 0 ? '\n' : ',\n'}${JSON.stringify(writer.conversation(conversation))}`);
    count += 1;
  }
  await write(`\n],"notes":${JSON.stringify(workload.notes)}}\n`);
}

async function writeText(workload: Workload, limit: number): Promise<void> {
  await write(`${workload.format.title}\n`);
  let count = 0;
  for (const conversation of firstOf(workload, limit + 1)) {
    count += 1;
    if (count > limit) await write(`\n… and more: --first ${2 * limit} shows twice as many\n`);
    else await write(`\n${conversationText(conversation)}\n`);
  }
}

function* firstOf(workload: Workload, limit: number): Generator<Conversation> {
  let count = 0;
  for (const conversation of workload.conversations()) {
    if (count >= limit) return;
    yield conversation;
    count += 1;
  }
}

function* withProgress(workload: Workload): Generator<Conversation> {
  const { stderr } = process;
  let nextMs = performance.now() + PROGRESS_FROM_MS;
  let count = 0;
  for (const conversation of workload.conversations()) {
    yield conversation;
    count += 1;
    const nowMs = performance.now();
    if (nowMs < nextMs || !stderr.isTTY) continue;
    stderr.write(`\r\x1b[Kreading: ${countedText(count, 'conversation')}`);
    nextMs = nowMs + PROGRESS_INTERVAL_MS;
  }
  if (stderr.isTTY) stderr.write('\r\x1b[K');
}

function warn(workload: Workload, log: Log): void {
  for (const note of workload.notes) log.warning(noteText(note));
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
