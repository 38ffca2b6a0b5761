import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import { makeDirectory } from '../core/make-directory.ts';
import type { Json } from '../metrics/snapshot.ts';
import type { ProcessIdentity } from './process-identity.ts';

function isEmptyDirectory(path: string): boolean {
  return statSync(path).isDirectory() && readdirSync(path).length === 0;
}

/** The files of a run, by name. */
export class RunDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the folders of a new run. Throws `InferometerError` (input) when it cannot or when a run is there already. */
  static async create(path: string): Promise<RunDirectory> {
    if (path === '') {
      throw new InferometerError(
        'INFEROMETER_OUT_UNWRITABLE',
        'input',
        '--out: found "", wanted a directory I may write to',
      );
    }
    const directory = new RunDirectory(path);
    if (existsSync(path) && !isEmptyDirectory(path)) {
      throw new InferometerError(
        'INFEROMETER_RUN_EXISTS',
        'input',
        `--out ${path}: is there already and not empty, wanted a new directory`,
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
        `--out ${path}: cannot be made (${errorText(error)}), wanted a directory I may write to`,
        { cause: error },
      );
    }
    return directory;
  }

  /** Opens the directory of an earlier or a running run. Throws `InferometerError` (input) when it holds none. */
  static open(path: string): RunDirectory {
    const directory = new RunDirectory(path);
    if (path === '' || !existsSync(directory.logPath)) {
      throw new InferometerError(
        'INFEROMETER_RUN_MISSING',
        'input',
        `${path === '' ? '""' : path}: no run here (run.log is missing), wanted a run directory`,
      );
    }
    return directory;
  }

  get configPath(): string {
    return join(this.path, 'config.yaml');
  }
  get manifestPath(): string {
    return join(this.path, 'run.json');
  }
  get logPath(): string {
    return join(this.path, 'run.log');
  }
  get eventsPath(): string {
    return join(this.path, 'events.jsonl');
  }
  get metricsPath(): string {
    return join(this.path, 'metrics');
  }
  get finalSnapshotPath(): string {
    return join(this.metricsPath, 'final_snapshot.json');
  }
  get performancePath(): string {
    return join(this.path, 'performance');
  }
  get resultPath(): string {
    return join(this.performancePath, 'result_summary.json');
  }
  get reportPath(): string {
    return join(this.path, 'report.txt');
  }
  get plotsPath(): string {
    return join(this.path, 'plots');
  }
  /** Where samples are exported to, by the ending of the file. */
  samplesPath(format: string): string {
    return join(this.path, `samples.${format}`);
  }
  get pagePath(): string {
    return join(this.path, 'report.html');
  }
}

/** `runs/<UTC time>-<6 digits of the run id>`. */
export function defaultRunPath(runId: RunId, now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return join('runs', `${time}-${runId.slice(0, 6)}`);
}

/** What run.json holds: who ran what, where, and how it ended. Written anew at each change. */
export interface RunManifest {
  readonly format: 1;
  readonly run_id: string;
  readonly version: string;
  readonly started_at: string;
  readonly origin_ns: string;
  readonly machine: { readonly [key: string]: Json };
  readonly pids: { readonly main: number; readonly aggregator: number | null };
  /** The main process, to be told from a later one of the same number. */
  readonly main_process: ProcessIdentity;
  /** `view`: where it is shown to other machines, when it is. */
  readonly addresses: { readonly events: string; readonly snapshots: string; readonly view?: string };
  readonly outcome: { readonly [key: string]: Json } & {
    readonly state: 'running' | 'complete' | 'stopped_early' | 'failed';
  };
}

export async function writeManifest(directory: RunDirectory, manifest: RunManifest): Promise<void> {
  await writeFileAtomic(directory.manifestPath, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The manifest of a run, or `undefined` when it is missing or torn: the run log alone suffices for a report. */
export function readManifest(directory: RunDirectory): RunManifest | undefined {
  try {
    return JSON.parse(readFileSync(directory.manifestPath, 'utf8')) as RunManifest;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
