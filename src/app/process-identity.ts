import { readFileSync } from 'node:fs';

/** A process as it can be recognised later: numbers are used again, start times are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start; null where the system does not tell. */
  readonly start_ticks: number | null;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, start_ticks: startTicks(pid) };
}

/** Whether that very process runs, whoever owns it. */
export function isRunning({ pid, start_ticks: ticks }: ProcessIdentity): boolean {
  return pid > 0 && exists(pid) && (ticks === null || startTicks(pid) === ticks);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat; the second field, a name in parentheses, may hold spaces. */
function startTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]);
  } catch {
    return null;
  }
}
