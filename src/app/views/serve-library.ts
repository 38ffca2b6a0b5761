import { lstat, readdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText } from '../../core/errors.ts';
import { fromMlcommonsConfig } from '../../config/mlcommons-config.ts';
import { FILE_LIMITS } from '../../core/file-limits.ts';
import { readHistoryExtras } from '../../core/run-history.ts';
import { shellQuoted } from '../../other-tools/shell-words.ts';
import { settingText } from '../../core/quantity-text.ts';
import type { Log } from '../../core/log.ts';
import { fieldsOf, numberOrNull, textOrNull } from '../../live/snapshot-index.ts';
import type { Json, MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { PastRun, RunEntry, RunLibrary } from '../../web/run-library.ts';
import { judgeRun, leftSnapshot } from '../reports/judge-run.ts';
import { LiveUpdates, verdictSoFar } from './live-updates.ts';
import { RunComparisons } from './run-comparisons.ts';
import { RequestLibrary } from './requests/request-library.ts';
import { isRunning } from '../run-folder/process-identity.ts';
import { readManifest, RunDirectory, type RunManifest } from '../run-folder/run-directory.ts';

export interface RunsFolderOptions {
  /** May read the logs of runs, to show what they say now; else only what was left beside them. */
  readonly mayReplay: boolean;
  /** Who looks may write notes about runs. Default: no. */
  readonly mayWriteNotes?: boolean;
  /** The studies to list beside the runs. */
  readonly studies?: RunLibrary['studies'];
  readonly log: Log;
}

interface SeenRun {
  readonly snapshot: MetricsSnapshot;
  readonly verdict: RunEntry['verdict'];
}

/** Runs whose last snapshot is kept in memory, at most some MB each. */
const KEPT_RUNS = 8;
/** A log that takes longer to read no longer holds up that of another run. */
const REPLAY_TURN_MS = 10_000;

type Fields = { readonly [key: string]: Json };

/** The runs in a folder. What was read of a run is kept until its files change; a folder that is missing holds none. */
export class RunsFolder implements RunLibrary {
  readonly writeNotes: RunLibrary['writeNotes'];
  readonly studies: RunLibrary['studies'];
  readonly requests: RunLibrary['requests'];
  readonly compare: RunLibrary['compare'];
  readonly #comparisons = new RunComparisons();
  readonly #path: string;
  readonly #options: RunsFolderOptions;
  readonly #read = new Map<string, { readonly changedMs: number; readonly entry: RunEntry }>();
  readonly #seen = new Map<string, { readonly stamp: string; readonly seen: SeenRun }>();
  /** Logs are read one after another: each takes a core. */
  #judging: Promise<unknown> = Promise.resolve();

  constructor(path: string, options: RunsFolderOptions) {
    this.#path = path;
    this.#options = options;
    this.studies = options.studies;
    if (options.mayReplay) {
      this.requests = new RequestLibrary((name) => this.#find(name), options.log);
      this.compare = (names) => this.#compare(names);
    }
    if (options.mayWriteNotes === true) this.writeNotes = (name, text) => this.#writeNotes(name, text);
  }

  async list(): Promise<readonly RunEntry[]> {
    const entries = await Promise.all((await this.#names()).map((name) => this.#entry(name)));
    // A run without a time is one whose run.json is lost: last.
    return entries
      .filter((entry) => entry !== undefined)
      .sort((a, b) => (b.startedAt ?? '').localeCompare(a.startedAt ?? ''));
  }

  async open(name: string): Promise<PastRun | undefined> {
    // Only what the folder lists: no name leads out of it.
    if (!(await this.#names()).includes(name)) return undefined;
    const entry = await this.#entry(name);
    if (entry === undefined) return undefined;
    const directory = RunDirectory.open(join(this.#path, name));
    const seen = await this.#seenRun(name, directory).catch((error: unknown) => {
      this.#options.log.warning(`${directory.path}: cannot be shown: ${errorText(error)}`);
      return undefined;
    });
    if (seen === undefined) return undefined;
    const { snapshot, verdict } = seen;
    return {
      // The list tells what was written with the report; this is what the log says now.
      entry: { ...entry, verdict },
      update: new LiveUpdates().update(snapshot),
      slowestSamples: readHistoryExtras(snapshot.extras).slowestSamples,
      config: await readConfig(directory),
      machine: readManifest(directory)?.machine ?? null,
      runAgain: runAgainText(directory),
    };
  }

  /** Only what the folder lists: no name leads out of it. */
  async #find(name: string): Promise<RunDirectory | undefined> {
    return (await this.#names()).includes(name) ? RunDirectory.find(join(this.#path, name)) : undefined;
  }

  async #compare(names: readonly string[]): ReturnType<NonNullable<RunLibrary['compare']>> {
    const runs = await Promise.all(names.map((name) => this.#find(name)));
    const found = runs.filter((run) => run !== undefined);
    return found.length < names.length ? undefined : this.#comparisons.compare(found);
  }

  async #writeNotes(name: string, text: string): Promise<boolean> {
    const directory = await this.#find(name);
    if (directory === undefined) return false;
    await directory.makeOutputFolder();
    if (text.trim() === '') await rm(directory.notesPath, { force: true });
    else await writeFileAtomic(directory.notesPath, text);
    // Its time stamp may be that of the one before.
    this.#read.delete(name);
    return true;
  }

  async #names(): Promise<readonly string[]> {
    try {
      const found = await readdir(this.#path, { withFileTypes: true });
      return found.filter((item) => item.isDirectory()).map(({ name }) => name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** What was seen last is kept: a page asks for the same run again and again. */
  async #seenRun(name: string, directory: RunDirectory): Promise<SeenRun | undefined> {
    const { mtimeMs, size } = await lstat(directory.recordPath);
    const stamp = `${mtimeMs} ${size} ${String(await changedMs(directory.manifestPath))}`;
    const known = this.#seen.get(name);
    if (known?.stamp === stamp) return known.seen;
    const seen = await this.#look(directory);
    if (seen === undefined || !this.#options.mayReplay) return seen;
    this.#seen.delete(name);
    this.#seen.set(name, { stamp, seen });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > KEPT_RUNS) this.#seen.delete(oldest!);
    return seen;
  }

  async #look(directory: RunDirectory): Promise<SeenRun | undefined> {
    const { log, mayReplay } = this.#options;
    if (!mayReplay) {
      const snapshot = await leftSnapshot(directory, log);
      return snapshot && { snapshot, verdict: verdictSoFar(snapshot).level };
    }
    const before = this.#judging;
    const judging = before.then(() => judgeRun(directory, 'show', log));
    this.#judging = before
      .then(() => Promise.race([judging, sleep(REPLAY_TURN_MS, undefined, { ref: false })]))
      .catch(() => undefined);
    const { snapshot, report } = await judging;
    return { snapshot, verdict: report.verdict.level };
  }

  async #entry(name: string): Promise<RunEntry | undefined> {
    const path = join(this.#path, name);
    const directory = RunDirectory.find(path);
    if (directory === undefined) return undefined;
    const { recordPath, manifestPath, summaryPath, notesPath } = directory;
    const changes = await Promise.all([recordPath, manifestPath, summaryPath, notesPath].map(changedMs));
    const latest = Math.max(...changes.map((change) => change ?? 0));
    const known = this.#read.get(name);
    // A run under way may end without touching a file.
    if (known?.changedMs === latest && known.entry.state !== 'running') return known.entry;
    const entry = await readEntry(name, directory).catch((error: unknown) => {
      this.#options.log.warning(`${path}: cannot be listed: ${errorText(error)}`);
      return undefined;
    });
    if (entry === undefined) return undefined;
    this.#read.set(name, { changedMs: latest, entry });
    return entry;
  }
}

async function readEntry(name: string, directory: RunDirectory): Promise<RunEntry> {
  const manifest = readManifest(directory);
  const config = fieldsOf(settingsOf(directory, await readConfig(directory)));
  const summary = await readSummary(directory);
  const quantile = (series: string, percentile: string) => {
    const { quantiles, percentiles } = fieldsOf(summary[series]);
    // A run of an earlier version has the reference's only.
    return (
      numberOrNull(fieldsOf(fieldsOf(quantiles)[percentile]).value) ??
      numberOrNull(fieldsOf(percentiles)[percentile])
    );
  };
  const { endpoints } = config;
  const throughput = fieldsOf(summary.throughput);
  return {
    name,
    runId: manifest?.run_id ?? null,
    startedAt: manifest?.started_at ?? null,
    state: manifest === undefined ? null : stateOf(manifest),
    model: modelText(config.model),
    endpoints: Array.isArray(endpoints) ? endpoints.map(String) : [],
    load: loadText(fieldsOf(config.load)),
    tags: tagsOf(manifest?.tags ?? config.tags),
    notes: (await readNotes(directory)).trim(),
    // Their reports have no verdict.
    verdict: verdictOf(
      directory.summaryPath === directory.resultPath
        ? (fieldsOf(summary.verdict).level ?? manifest?.outcome.verdict)
        : undefined,
    ),
    samples: numberOrNull(summary.n_samples_issued),
    failed: numberOrNull(summary.n_samples_failed),
    samplesPerSecond: numberOrNull(throughput.succeeded_per_second) ?? numberOrNull(summary.qps),
    outputTokensPerSecond:
      summary.tps === null
        ? null
        : (numberOrNull(throughput.output_tokens_per_second) ?? numberOrNull(summary.tps)),
    ttftP50Ns: quantile('ttft', '50.0'),
    ttftP99Ns: quantile('ttft', '99.0'),
    latencyP99Ns: quantile('latency', '99.0'),
  };
}

function tagsOf(tags: Json | undefined): RunEntry['tags'] {
  return Object.fromEntries(
    Object.entries(fieldsOf(tags)).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text]] : [],
    ),
  );
}

async function readNotes(directory: RunDirectory): Promise<string> {
  return readOr('', () => directory.read(directory.notesPath, FILE_LIMITS.notesBytes));
}

/** With the paths in its configuration as they were meant; secrets have to be given again. */
function runAgainText(directory: RunDirectory): string | null {
  if (directory.reportDirectory !== undefined) return null;
  const { directory: from } = readManifest(directory) ?? {};
  const command = `inferometer run --config ${shellQuoted(resolve(directory.configPath))}`;
  return from === undefined ? command : `cd ${shellQuoted(from)} && ${command}`;
}

function stateOf({ outcome, main_process: main }: RunManifest): RunEntry['state'] {
  return outcome.state === 'running' && !isRunning(main) ? 'gone' : outcome.state;
}

function verdictOf(level: Json | undefined): RunEntry['verdict'] {
  return level === 'valid' || level === 'degraded' || level === 'invalid' ? level : null;
}

/** `poisson 50/s`, `concurrency 64`, `burst`. */
function loadText({ pattern, rate_per_second: rate, concurrency }: Fields): string | null {
  if (typeof pattern !== 'string') return null;
  if (typeof rate === 'number') return `${pattern} ${settingText(rate)}/s`;
  return typeof concurrency === 'number' ? `${pattern} ${settingText(concurrency)}` : pattern;
}

async function readConfig(directory: RunDirectory): Promise<Json> {
  const { configPath } = directory;
  return readOr(null, async () => parse(await directory.read(configPath, FILE_LIMITS.configBytes)) as Json);
}

/** In our words. */
function settingsOf({ reportDirectory }: RunDirectory, config: Json): Json {
  return reportDirectory === undefined ? config : fromMlcommonsConfig(config).config;
}

async function readSummary(directory: RunDirectory): Promise<Fields> {
  const { summaryPath } = directory;
  return readOr({}, async () =>
    fieldsOf(JSON.parse(await directory.read(summaryPath, FILE_LIMITS.summaryBytes)) as Json),
  );
}

/** What is read, or `instead` for a file that is missing, torn or refused: a list must not fail for one bad run. */
async function readOr<T>(instead: T, read: () => Promise<T>): Promise<T> {
  return read().catch(() => instead);
}

async function changedMs(path: string): Promise<number | undefined> {
  return (await readOr(undefined, () => lstat(path)))?.mtimeMs;
}

/** The name of the model, or the names of several. */
function modelText(model: Json | undefined): string | null {
  if (!Array.isArray(model)) return textOrNull(model);
  return (model as readonly Json[]).map((one) => textOrNull(fieldsOf(one).name) ?? '').join(', ');
}
