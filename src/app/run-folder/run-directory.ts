import { accessSync, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { overwriteFile, removeTemporaryFilesIn, writeFileAtomic } from '../../core/atomic-file.ts';
import { oddKindOf, readTextInside, readTextSync } from '../../core/careful-read.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import { FILE_LIMITS } from '../../core/file-limits.ts';
import type { AgentFacts } from '../../core/agent-news.ts';
import type { RunId } from '../../core/ids.ts';
import { requireInside } from '../../core/folder-guard.ts';
import { makeDirectory } from '../../core/make-directory.ts';
import type { Json } from '../../metrics/snapshot.ts';
import { findReportDirectory, type ReportDirectory } from './report-directory.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { RUN_LOG } from './run-log-place.ts';

function isEmptyDirectory(path: string): boolean {
  return statSync(path).isDirectory() && readdirSync(path).length === 0;
}

const LOG_IS_MISSING = 'run.log is missing';

/** What keeps a run log from being read, if anything does. */
function faultOfLog(path: string): string | undefined {
  try {
    const kind = oddKindOf(lstatSync(path));
    if (kind !== undefined) return `run.log is ${kind}`;
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return LOG_IS_MISSING;
    return `run.log cannot be read: ${errorText(error)}`;
  }
}

/** In a report directory of somebody else, where what we draw from it goes: its own files are never written over. */
const OUR_FOLDER = 'inferometer';

/** The files of a run, by name: of one of ours, or of a report directory of MLCommons endpoints. */
export class RunDirectory {
  readonly path: string;
  /** For a report directory: what it has. */
  readonly reportDirectory: ReportDirectory | undefined;

  private constructor(path: string, reportDirectory?: ReportDirectory) {
    this.path = path;
    this.reportDirectory = reportDirectory;
  }

  /** Makes the folders of a new run. Throws `InferometerError` (input) when it cannot or when a run is there already. */
  static async create(path: string): Promise<RunDirectory> {
    if (path === '') {
      throw new InferometerError(
        'INFEROMETER_OUT_UNWRITABLE',
        'input',
        '--out must be a writable directory (got "")',
      );
    }
    const directory = new RunDirectory(path);
    if (existsSync(path) && !isEmptyDirectory(path)) {
      throw new InferometerError(
        'INFEROMETER_RUN_EXISTS',
        'input',
        `--out ${path} already exists and is not empty; choose a new directory`,
      );
    }
    try {
      await makeDirectory(directory.metricsPath);
      await makeDirectory(directory.performancePath);
      await access(path, constants.W_OK);
    } catch (error) {
      throw new InferometerError(
        'INFEROMETER_OUT_UNWRITABLE',
        'input',
        `--out ${path} cannot be created (${errorText(error)}); choose a writable directory`,
        { cause: error },
      );
    }
    return directory;
  }

  /** Opens the directory of an earlier or a running run. Throws `InferometerError` (input) when it holds none that can be read. */
  static open(path: string): RunDirectory {
    const directory = RunDirectory.find(path);
    if (directory !== undefined) return directory;
    const fault = path === '' ? LOG_IS_MISSING : faultOfLog(new RunDirectory(path).logPath);
    const wanted =
      fault === LOG_IS_MISSING
        ? 'a run directory, or a report directory of MLCommons endpoints'
        : 'a run directory';
    throw new InferometerError(
      'INFEROMETER_RUN_MISSING',
      'input',
      `${path === '' ? '""' : path}: no run here (${fault}); give ${wanted}`,
    );
  }

  /** The same, or `undefined` where that throws. */
  static find(path: string): RunDirectory | undefined {
    const directory = new RunDirectory(path);
    const fault = faultOfLog(directory.logPath);
    if (fault === undefined) return directory;
    const reportDirectory = fault === LOG_IS_MISSING ? findReportDirectory(path) : undefined;
    return reportDirectory && new RunDirectory(path, reportDirectory);
  }

  /** One that may be anything yet: nothing is looked at. */
  static at(path: string): RunDirectory {
    return new RunDirectory(path);
  }

  /** Makes one of the folders below, unless it is there. Throws `INFEROMETER_FOLDER_LEADS_OUT` (input) for a link out of the run. */
  async makeFolder(path: string): Promise<void> {
    await makeDirectory(path);
    await requireInside(this.path, path);
  }

  /** Makes the folder that {@link eventsPath}, {@link samplesPath} and the reports are in, unless it is there. Throws as {@link makeFolder}. */
  async makeOutputFolder(): Promise<void> {
    if (this.#outputPath !== this.path) await this.makeFolder(this.#outputPath);
  }

  /** The text of one of the files below, of at most `maxBytes`. Throws `INFEROMETER_FILE_REFUSED` (input), and the system's errors. */
  read(path: string, maxBytes: number): Promise<string> {
    return readTextInside(this.path, path, maxBytes);
  }

  /** Removes the temporary files of a process that was killed while it wrote one of the files below. */
  removeUnfinished(): void {
    removeTemporaryFilesIn([this.#outputPath, this.metricsPath, this.performancePath]);
  }

  /** The files that cannot be made again, if it was opened by an absolute path. */
  get sources(): readonly string[] {
    const { events, finalSnapshot, summary, config } = this.reportDirectory ?? { events: this.logPath };
    return [events, finalSnapshot, summary, config].filter((path) => path !== undefined);
  }

  /** Throws `INFEROMETER_RUN_NO_EVENTS` (input) for a report directory that has only figures: there is nothing to `what`. */
  requireEvents(what: string): void {
    if (this.reportDirectory === undefined || this.reportDirectory.events !== undefined) return;
    throw new InferometerError(
      'INFEROMETER_RUN_NO_EVENTS',
      'input',
      `${this.path}: has no samples to ${what}, as events.jsonl is missing; give a report directory that has it`,
    );
  }

  /** Where what is drawn from the run goes. */
  get #outputPath(): string {
    return this.reportDirectory === undefined ? this.path : join(this.path, OUR_FOLDER);
  }
  /** The file that the run is read from. */
  get recordPath(): string {
    return this.reportDirectory?.events ?? this.reportDirectory?.finalSnapshot ?? this.logPath;
  }
  get configPath(): string {
    return join(this.path, 'config.yaml');
  }
  get mlcommonsConfigPath(): string {
    return join(this.path, 'config.mlcommons.yaml');
  }
  get manifestPath(): string {
    return join(this.path, 'run.json');
  }
  get logPath(): string {
    return join(this.path, RUN_LOG);
  }
  get eventsPath(): string {
    return join(this.#outputPath, 'events.jsonl');
  }
  get metricsPath(): string {
    return join(this.path, 'metrics');
  }
  get finalSnapshotPath(): string {
    return this.reportDirectory?.finalSnapshot ?? join(this.metricsPath, 'final_snapshot.json');
  }
  get performancePath(): string {
    return join(this.#outputPath, 'performance');
  }
  get resultPath(): string {
    return join(this.performancePath, 'result_summary.json');
  }
  /** The report to list a run by: ours, else the one of a report directory. */
  get summaryPath(): string {
    const theirs = this.reportDirectory?.summary;
    return theirs === undefined || existsSync(this.resultPath) ? this.resultPath : theirs;
  }
  /** What people wrote about the run. */
  get notesPath(): string {
    return join(this.#outputPath, 'notes.txt');
  }
  get reportPath(): string {
    return join(this.#outputPath, 'report.txt');
  }
  get plotsPath(): string {
    return join(this.#outputPath, 'plots');
  }
  /** Where samples are exported to, by the ending of the file. */
  samplesPath(format: string): string {
    return join(this.#outputPath, `samples.${format}`);
  }
  get pagePath(): string {
    return join(this.#outputPath, 'report.html');
  }
}

/**
 * All else can be made again from the log of a run, or from the files of a report directory. Throws `InferometerError` (input) for a file
 * that would take the place of one of these.
 */
export function refuseRunLog(outPath: string): void {
  const folder = dirname(resolve(outPath));
  for (const path of [folder, dirname(folder)]) {
    const directory = RunDirectory.find(path);
    if (directory?.sources.includes(resolve(outPath)) !== true) continue;
    const what =
      directory.reportDirectory === undefined ? 'the log of a run' : 'a file of a report directory';
    throw new InferometerError(
      'INFEROMETER_OUT_IS_LOG',
      'input',
      `--out ${outPath} is ${what}, which is never overwritten; choose another file`,
    );
  }
}

/** Where runs go that are not given another place. */
export const RUNS_FOLDER = 'runs';

/** `runs/<UTC time>-<6 digits of the run id>`. */
export function defaultRunPath(runId: RunId, now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return join(RUNS_FOLDER, `${time}-${runId.slice(0, 6)}`);
}

/** What run.json holds: who ran what, where, and how it ended. Written anew at each change. */
export interface RunManifest {
  readonly format: 1;
  readonly run_id: string;
  readonly version: string;
  readonly started_at: string;
  readonly origin_ns: string;
  readonly machine: { readonly [key: string]: Json };
  /** Where the paths in its configuration begin; missing in runs of versions before 0.2. */
  readonly directory?: string;
  /** Missing where it has none. */
  readonly tags?: { readonly [name: string]: string };
  readonly pids: { readonly main: number; readonly aggregator: number | null };
  /** The main process, to be told from a later one of the same number. */
  readonly main_process: ProcessIdentity;
  /**
   * `view`: where it is shown to other machines, when it is. `event_bus`: where others can subscribe to its events, when they can, and
   * `event_wire` in which form.
   */
  readonly addresses: {
    readonly events: string;
    readonly snapshots: string;
    readonly view?: string;
    readonly event_bus?: string;
    readonly event_wire?: string;
  };
  /** The load generators that shared the run, where there were several. */
  readonly agents?: readonly AgentFacts[];
  readonly outcome: { readonly [key: string]: Json } & {
    /** `interrupted`: an aggregation ended before what it followed did, and may be resumed. */
    readonly state: 'running' | 'complete' | 'stopped_early' | 'failed' | 'interrupted';
  };
}

/** A full disk may have ended the run, and then run.json is where a later report learns of it: it is written over in its place. */
export async function writeManifest({ manifestPath }: RunDirectory, manifest: RunManifest): Promise<void> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  try {
    await writeFileAtomic(manifestPath, text);
  } catch (error) {
    if (!DISK_IS_FULL.includes((error as NodeJS.ErrnoException).code)) throw error;
    await overwriteFile(manifestPath, text);
  }
}

const DISK_IS_FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/** The manifest of a run, or `undefined` when it is missing, torn, too large or none: the run log alone suffices for a report. */
export function readManifest(directory: RunDirectory): RunManifest | undefined {
  try {
    const found: unknown = JSON.parse(readTextSync(directory.manifestPath, FILE_LIMITS.manifestBytes));
    return isManifest(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isManifest(found: unknown): found is RunManifest {
  const { format, run_id, version, started_at, machine, main_process, addresses, outcome } = fieldsOf(found);
  return (
    format === 1 &&
    [run_id, version, started_at].every((field) => typeof field === 'string') &&
    [machine, main_process, addresses, outcome].every(
      (field) => typeof field === 'object' && field !== null,
    ) &&
    typeof fieldsOf(main_process).pid === 'number' &&
    typeof fieldsOf(addresses).snapshots === 'string' &&
    typeof fieldsOf(outcome).state === 'string'
  );
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
