import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { makeDirectory } from '../../core/make-directory.ts';
import type { CalibratedCell } from '../../report/error-bound.ts';
import { machineFacts } from '../run-folder/manifest-keeper.ts';
import type { RunManifest } from '../run-folder/run-directory.ts';
import { programVersion } from '../run-folder/version.ts';

/** What a calibration holds for: another program on another machine errs otherwise. */
export interface MachineClass {
  readonly cpu: string;
  readonly cores: number;
  readonly nodeMajor: number;
  readonly version: string;
}

/** `INFEROMETER_CALIBRATION`, else `inferometer/calibration.json` below `XDG_STATE_HOME` or `~/.local/state`. */
export function defaultCalibrationPath(environment: Readonly<NodeJS.ProcessEnv>): string {
  const { INFEROMETER_CALIBRATION: path, XDG_STATE_HOME: stateHome } = environment;
  if (path !== undefined && path !== '') return path;
  const state = stateHome === undefined || stateHome === '' ? join(homedir(), '.local', 'state') : stateHome;
  return join(state, 'inferometer', 'calibration.json');
}

/** The class of this machine, or of the one that `manifest` says a run was on. */
export function machineClass(
  manifest: Pick<RunManifest, 'machine' | 'version'> = { machine: machineFacts(), version: programVersion() },
): MachineClass {
  const { cpu, cores, node } = manifest.machine;
  return {
    cpu: typeof cpu === 'string' ? cpu : 'unknown CPU',
    cores: Number(cores),
    nodeMajor: typeof node === 'string' ? Number(/^v?(\d+)/.exec(node)?.[1]) : NaN,
    version: manifest.version,
  };
}

const ns = z.number();
const seriesError = z.object({ count: z.int(), bias_ns: ns, p50_ns: ns, p99_ns: ns, max_ns: ns }).nullable();
const amount = z.number().nonnegative();
const fileSchema = z.object({
  format: z.literal(1),
  machines: z.array(
    z.object({
      cpu: z.string(),
      cores: z.int(),
      node_major: z.int(),
      version: z.string(),
      cells: z.array(
        z.object({
          calibrated_at: z.iso.datetime(),
          workers: z.int().positive(),
          requests_per_second: amount,
          streams: amount,
          chunks_per_second: amount,
          ttft_error: seriesError,
          chunk_gap_error: seriesError,
          latency_error: seriesError,
        }),
      ),
    }),
  ),
});

type CalibrationFile = z.infer<typeof fileSchema>;
type StoredMachine = CalibrationFile['machines'][number];
type StoredCell = StoredMachine['cells'][number];

/**
 * The cells measured on a machine; none when there is no file or nothing of that machine in it. A file that can't be used is
 * a warning: a report does without a bound, it never fails for it.
 */
export async function loadCalibration(
  path: string,
  machine: MachineClass,
  log: Log,
): Promise<readonly CalibratedCell[]> {
  let machines: readonly StoredMachine[];
  try {
    ({ machines } = await readCalibrationFile(path));
  } catch (error) {
    log.warning(`${path}: ${errorText(error)}; move it away, and inferometer calibrate writes a new one`);
    return [];
  }
  return machines.filter((stored) => isOf(stored, machine)).flatMap(({ cells }) => cells.map(cellOf));
}

/**
 * Puts cells into a file, in the place of earlier ones of the same load and machine. Throws `INFEROMETER_CALIBRATION_FOREIGN` (input) for
 * a file with anything else in it, which stays as it is, and `INFEROMETER_CALIBRATION_UNWRITABLE` (input).
 */
export async function saveCalibration(
  path: string,
  machine: MachineClass,
  cells: readonly CalibratedCell[],
): Promise<void> {
  const { machines } = await fileToUpdate(path);
  const stored = cells.map(storedCell);
  const kept = machines
    .filter((other) => isOf(other, machine))
    .flatMap((other) => other.cells.filter((old) => !stored.some((cell) => isSameLoad(old, cell))));
  const { cpu, cores, nodeMajor, version } = machine;
  const updated: CalibrationFile = {
    format: 1,
    machines: [
      ...machines.filter((other) => !isOf(other, machine)),
      { cpu, cores, node_major: nodeMajor, version, cells: [...kept, ...stored] },
    ],
  };
  try {
    await makeDirectory(dirname(path));
    await writeFileAtomic(path, `${JSON.stringify(updated, null, 2)}\n`);
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_CALIBRATION_UNWRITABLE',
      'input',
      `${path}: can't be written: ${errorText(error)}`,
      { cause: error },
    );
  }
}

async function fileToUpdate(path: string): Promise<CalibrationFile> {
  try {
    return await readCalibrationFile(path);
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_CALIBRATION_FOREIGN',
      'input',
      `${path}: ${errorText(error)}, and was left as it is; give a calibration file, or a file that is new or empty`,
      { cause: error },
    );
  }
}

/** Throws, saying what is wrong with it, for a file that is there and not empty and can't be used. */
async function readCalibrationFile(path: string): Promise<CalibrationFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    // With a file in the place of a directory above it nothing is there either.
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw new Error(`can't be read (${errorText(error)})`, { cause: error });
    text = '';
  }
  if (text === '') return { format: 1, machines: [] };
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error('is no calibration of this program', { cause: error });
  }
}

function isOf(stored: StoredMachine, { cpu, cores, nodeMajor, version }: MachineClass): boolean {
  return (
    stored.cpu === cpu &&
    stored.cores === cores &&
    stored.node_major === nodeMajor &&
    stored.version === version
  );
}

function isSameLoad(a: StoredCell, b: StoredCell): boolean {
  return (
    a.requests_per_second === b.requests_per_second &&
    a.streams === b.streams &&
    a.chunks_per_second === b.chunks_per_second
  );
}

function storedCell({ load, workers, calibratedAt, ttft, chunkGap, latency }: CalibratedCell): StoredCell {
  return {
    calibrated_at: calibratedAt,
    workers,
    requests_per_second: load.requestsPerSecond,
    streams: load.streams,
    chunks_per_second: load.chunksPerSecond,
    ttft_error: storedError(ttft),
    chunk_gap_error: storedError(chunkGap),
    latency_error: storedError(latency),
  };
}

function cellOf(stored: StoredCell): CalibratedCell {
  return {
    load: {
      requestsPerSecond: stored.requests_per_second,
      streams: stored.streams,
      chunksPerSecond: stored.chunks_per_second,
    },
    workers: stored.workers,
    calibratedAt: stored.calibrated_at,
    ttft: errorOf(stored.ttft_error),
    chunkGap: errorOf(stored.chunk_gap_error),
    latency: errorOf(stored.latency_error),
  };
}

function storedError(error: CalibratedCell['ttft']): StoredCell['ttft_error'] {
  if (error === null) return null;
  const { count, biasNs, p50Ns, p99Ns, maxNs } = error;
  return { count, bias_ns: biasNs, p50_ns: p50Ns, p99_ns: p99Ns, max_ns: maxNs };
}

function errorOf(stored: StoredCell['ttft_error']): CalibratedCell['ttft'] {
  if (stored === null) return null;
  const { count, bias_ns: biasNs, p50_ns: p50Ns, p99_ns: p99Ns, max_ns: maxNs } = stored;
  return { count, biasNs, p50Ns, p99Ns, maxNs };
}
