import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorText, InferometerError } from '../../core/errors.ts';

const execute = promisify(execFile);

/** Who is to run where. */
export interface PinnedProgram {
  /** CPUs for the engine threads: the first for the first thread, from the first again when there are more threads. */
  readonly cpus: readonly number[];
  /** The system's numbers of the engine threads of this process. */
  readonly threadIds: readonly (number | undefined)[];
  readonly aggregatorPid: number | undefined;
}

/** How often a process is gone through again because a thread of it began or ended meanwhile. */
const MOST_PASSES = 20;

/** CPUs this process may use; empty where the system does not tell. */
export function allowedCpus(): readonly number[] {
  try {
    return cpusOfStatus('/proc/self/status');
  } catch {
    return [];
  }
}

/** Throws `INFEROMETER_CPUS` (input) for a CPU this process may not use. */
export function checkCpus(cpus: readonly number[], allowed = allowedCpus()): void {
  const missing = cpus.find((cpu) => !allowed.includes(cpu));
  if (missing === undefined) return;
  const choice =
    allowed.length === 0
      ? 'this system does not list its CPUs in /proc'
      : `choose from ${allowed.join(', ')}`;
  throw new InferometerError(
    'INFEROMETER_CPUS',
    'input',
    `--cpus: this process may not use CPU ${missing}; ${choice}`,
  );
}

/**
 * Pins each engine thread to a CPU of its own, and main and aggregator to what is left, if anything is. An aggregator started later
 * inherits that. Takes some ms.
 *
 * Throws `INFEROMETER_TASKSET` (set-up) when taskset is missing or refuses.
 */
export async function pinProgram({ cpus, threadIds, aggregatorPid }: PinnedProgram): Promise<void> {
  const rest = allowedCpus().filter((cpu) => !cpus.includes(cpu));
  if (rest.length > 0) {
    const processes = [process.pid, ...(aggregatorPid === undefined ? [] : [aggregatorPid])];
    await Promise.all(processes.map((pid) => pinThreads(pid, rest)));
  }
  await Promise.all(
    threadIds.map(async (threadId, index) => {
      const refusal = await taskset(['-c', '-p', String(cpus[index % cpus.length]), String(threadId)]);
      if (refusal !== undefined) throw pinningError(refusal);
    }),
  );
}

/**
 * Pins all threads of a process, those too that begin meanwhile. taskset gives up at a thread that ended after it had listed
 * them, so it is asked again until all are seen where they belong.
 *
 * Throws `INFEROMETER_TASKSET` (set-up) when taskset is missing or keeps refusing.
 */
export async function pinThreads(pid: number, cpus: readonly number[]): Promise<void> {
  let refusal: string | undefined;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    refusal = await taskset(['-a', '-c', '-p', cpus.join(','), String(pid)]);
    if (!existsSync(`/proc/${pid}`)) break;
    if (threadsAreOn(pid, cpus)) return;
  }
  throw pinningError(
    refusal ?? `a thread of process ${pid} was on another CPU after each of ${MOST_PASSES} times`,
  );
}

function threadsAreOn(pid: number, cpus: readonly number[]): boolean {
  const wanted = new Set(cpus);
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const path = `/proc/${pid}/task/${thread}/status`;
    try {
      return cpusOfStatus(path).every((cpu) => wanted.has(cpu));
    } catch {
      return !existsSync(path);
    }
  });
}

/** Resolves to what it found wrong, if anything. */
async function taskset(args: readonly string[]): Promise<string | undefined> {
  try {
    await execute('taskset', args);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return errorText(error).trim();
    throw new InferometerError(
      'INFEROMETER_TASKSET',
      'setup',
      '--cpus needs the program taskset (part of util-linux), which is not installed',
      { cause: error },
    );
  }
}

function pinningError(found: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_TASKSET',
    'setup',
    `--cpus: threads could not be pinned: ${found}`,
  );
}

/** The kernel's list, such as `0-3,8`, is in the status of each process and thread: proc(5). */
function cpusOfStatus(path: string): readonly number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(path, 'latin1')) ?? [];
  return list.split(',').flatMap((part) => {
    const [first = NaN, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 || 0 }, (_, index) => first + index);
  });
}
