import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorText, InferometerError } from '../core/errors.ts';

const execute = promisify(execFile);

/** Who is to run where. */
export interface PinnedProgram {
  /** CPUs for the engine threads: the first for the first thread, from the first again when there are more threads. */
  readonly cpus: readonly number[];
  /** The system's numbers of the engine threads of this process. */
  readonly threadIds: readonly (number | undefined)[];
  readonly aggregatorPid: number | undefined;
}

/**
 * CPUs this process may use; empty where the system does not tell.
 *
 * The kernel's list, such as `0-3,8`, is in the status of each process (proc(5)).
 */
export function allowedCpus(): readonly number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(statusText()) ?? [];
  return list.split(',').flatMap((part) => {
    const [first = NaN, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 || 0 }, (_, index) => first + index);
  });
}

/** Throws `INFEROMETER_CPUS` (input) for a CPU this process may not use. */
export function checkCpus(cpus: readonly number[], allowed = allowedCpus()): void {
  const missing = cpus.find((cpu) => !allowed.includes(cpu));
  if (missing === undefined) return;
  const wanted =
    allowed.length === 0 ? 'a system that tells its CPUs in /proc' : `some of ${allowed.join(', ')}`;
  throw new InferometerError(
    'INFEROMETER_CPUS',
    'input',
    `--cpus: found CPU ${missing}, which this process may not use, wanted ${wanted}`,
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
    await Promise.all(processes.map((pid) => taskset(['-a', '-c', '-p', rest.join(','), String(pid)])));
  }
  await Promise.all(
    threadIds.map((threadId, index) =>
      taskset(['-c', '-p', String(cpus[index % cpus.length]), String(threadId)]),
    ),
  );
}

async function taskset(args: readonly string[]): Promise<void> {
  try {
    await execute('taskset', args);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new InferometerError(
      'INFEROMETER_TASKSET',
      'setup',
      isMissing
        ? '--cpus: found no program taskset on this machine, wanted it to pin threads (it is part of util-linux)'
        : `--cpus: threads could not be pinned: ${errorText(error).trim()}`,
      { cause: error },
    );
  }
}

function statusText(): string {
  try {
    return readFileSync('/proc/self/status', 'latin1');
  } catch {
    return '';
  }
}
