import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { RUNS_FOLDER } from '../app/run-folder/run-directory.ts';
import { listStudies, type StudyEntry } from '../app/studies/study-list.ts';
import { STUDIES_FOLDER } from '../app/studies/study-folder.ts';
import { RunsFolder } from '../app/views/serve-library.ts';
import { EXIT_CODES, InferometerError } from '../core/errors.ts';
import { createLog, type Log } from '../core/log.ts';
import { durationText, numberText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { visibleLine } from '../core/visible-text.ts';
import type { RunEntry } from '../web/run-library.ts';
import { addRepeatable, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { flagError, wholeNumberOf } from './flag-values.ts';

interface Flags {
  readonly model?: string;
  readonly endpoint?: string;
  readonly tag?: readonly string[];
  readonly last?: string;
  readonly json?: boolean;
}

interface ListedRun extends RunEntry {
  readonly path: string;
}

/** A study with what its first run tells of all. */
interface ListedStudy extends StudyEntry {
  readonly first: RunEntry | undefined;
}

const MOST = 1_000_000;

export function historyCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('history', COMMANDS.history, [
    'inferometer history',
    'inferometer history --model llama --tag gpu=h100 --last 20',
    'inferometer history nightly/ --json | jq .runs[].ttft_p99_ns',
  ])
    .argument('[folders...]', `folders of runs and studies (default: ${RUNS_FOLDER} and ${STUDIES_FOLDER})`)
    .option('--model <text>', 'only those whose model name contains this')
    .option('--endpoint <text>', 'only those with an endpoint that contains this')
    .option('--last <n>', 'only the newest n runs and n studies')
    .option('--json', 'print JSON');
  addRepeatable(command, '--tag <name[=text]>', 'only those with this tag; may be repeated');
  return command.action(async (folders: string[], flags: Flags) => finish(await history(folders, flags)));
}

async function history(given: readonly string[], flags: Flags): Promise<number> {
  const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');
  const folders = given.length === 0 ? [RUNS_FOLDER, STUDIES_FOLDER] : given;
  const missing = given.find((folder) => !existsSync(folder));
  if (missing !== undefined)
    throw new InferometerError('INFEROMETER_RUNS_FOLDER', 'input', `${missing}: there is no such folder`);
  const fits = filterOf(flags);
  const last = flags.last === undefined ? Infinity : wholeNumberOf('--last', flags.last, 1, MOST);
  const runs = (await runsIn(folders, log)).filter(fits).slice(0, last);
  const studies = (await studiesIn(folders, log))
    .filter(({ first }) => (first === undefined ? isUnfiltered(flags) : fits(first)))
    .slice(0, last);
  const text = flags.json === true ? jsonOf(runs, studies) : tableOf(runs, studies);
  process.stdout.write(`${text}\n`);
  return EXIT_CODES.ok;
}

async function runsIn(folders: readonly string[], log: Log): Promise<readonly ListedRun[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const entries = await new RunsFolder(folder, { mayReplay: false, log }).list();
      return entries.map((entry) => ({ ...entry, path: join(folder, entry.name) }));
    }),
  );
  return lists.flat().toSorted((a, b) => (b.startedAt ?? '').localeCompare(a.startedAt ?? ''));
}

async function studiesIn(folders: readonly string[], log: Log): Promise<readonly ListedStudy[]> {
  const entries = (await Promise.all(folders.map(listStudies))).flat();
  const studies = await Promise.all(
    entries.map(async (entry) => {
      const cells = await new RunsFolder(entry.cellsPath, { mayReplay: false, log }).list();
      return { ...entry, first: cells.at(-1) };
    }),
  );
  return studies.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
}

function isUnfiltered({ model, endpoint, tag = [] }: Flags): boolean {
  return model === undefined && endpoint === undefined && tag.length === 0;
}

function filterOf({ model, endpoint, tag = [] }: Flags): (run: RunEntry) => boolean {
  const has = (text: string | null, part: string | undefined) =>
    part === undefined || (text ?? '').toLowerCase().includes(part.toLowerCase());
  const tags = tag.map((text) => {
    const [, name = text, wanted] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (name === '') throw flagError('--tag', text, 'a name, or a name and its text such as gpu=h100');
    return { name, wanted };
  });
  return (run) =>
    has(run.model, model) &&
    (endpoint === undefined || run.endpoints.some((one) => has(one, endpoint))) &&
    tags.every(({ name, wanted }) =>
      wanted === undefined ? Object.hasOwn(run.tags, name) : run.tags[name] === wanted,
    );
}

function tableOf(runs: readonly ListedRun[], studies: readonly ListedStudy[]): string {
  const lines = [
    ...(runs.length === 0 ? [] : alignColumns([RUN_HEAD, ...runs.map(runCells)], isTextOfRun)),
    ...(runs.length === 0 || studies.length === 0 ? [] : ['']),
    ...(studies.length === 0 ? [] : alignColumns([STUDY_HEAD, ...studies.map(studyCells)], () => true)),
  ];
  return lines.length === 0 ? 'No runs and no studies here.' : lines.map(visibleLine).join('\n');
}

const RUN_HEAD = ['run', 'started', 'model', 'load', 'verdict', 'req/s', 'tok/s', 'TTFT p50', 'p99', 'tags'];
const isTextOfRun = (column: number) => column < 5 || column === RUN_HEAD.length - 1;
const STUDY_HEAD = ['study', 'begun', 'model', 'kind', 'cells', 'tags', 'answer'];

function runCells(run: ListedRun): string[] {
  const rate = (value: number | null) => (value === null ? '–' : numberText(value));
  const time = (ns: number | null) => (ns === null ? '–' : durationText(ns));
  return [
    ...[run.path, whenText(run.startedAt), run.model ?? '–', run.load ?? '–'],
    run.verdict ?? run.state?.replace('_', ' ') ?? '–',
    ...[rate(run.samplesPerSecond), rate(run.outputTokensPerSecond)],
    ...[time(run.ttftP50Ns), time(run.ttftP99Ns), tagsText(run.tags)],
  ];
}

function studyCells(study: ListedStudy): string[] {
  const { path, createdAt, kind, cells, cellsDone, isComplete, conclusions, first } = study;
  return [
    ...[path, whenText(createdAt), first?.model ?? '–', kind],
    isComplete ? String(cellsDone) : `${cellsDone} of ${cells}`,
    ...[tagsText(first?.tags ?? {}), conclusions[0] ?? '–'],
  ];
}

function tagsText(tags: RunEntry['tags']): string {
  const texts = Object.entries(tags).map(([name, text]) => `${name}=${text}`);
  return texts.length === 0 ? '–' : texts.join(' ');
}

/** In the time zone of who looks, as `ls` has it. */
function whenText(iso: string | null): string {
  const date = iso === null ? undefined : new Date(iso);
  return date === undefined || Number.isNaN(date.getTime()) ? '–' : date.toLocaleString('sv').slice(0, 16);
}

function jsonOf(runs: readonly ListedRun[], studies: readonly ListedStudy[]): string {
  const document = {
    format: 1,
    runs: runs.map((run) => ({
      ...{ path: run.path, run_id: run.runId, started_at: run.startedAt, state: run.state },
      ...{ model: run.model, endpoints: run.endpoints, load: run.load, tags: run.tags, notes: run.notes },
      ...{ verdict: run.verdict, samples: run.samples, failed: run.failed },
      ...{ requests_per_second: run.samplesPerSecond, output_tokens_per_second: run.outputTokensPerSecond },
      ...{ ttft_p50_ns: run.ttftP50Ns, ttft_p99_ns: run.ttftP99Ns, latency_p99_ns: run.latencyP99Ns },
    })),
    studies: studies.map((study) => ({
      ...{ path: study.path, kind: study.kind, created_at: study.createdAt },
      ...{ model: study.first?.model ?? null, endpoints: study.first?.endpoints ?? [] },
      ...{ tags: study.first?.tags ?? {}, cells: study.cells, cells_done: study.cellsDone },
      ...{ is_complete: study.isComplete, conclusions: study.conclusions },
    })),
  };
  return JSON.stringify(document, null, 2);
}
