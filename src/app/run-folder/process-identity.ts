import { readFileSync } from 'node:fs';

/** A process as it can be recognised later: numbers are used again, start times are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start; null where the system does not tell. */
  readonly start_ticks: number | null;
}

/** Positions among the fields of /proc/PID/stat that follow its name (proc(5)). */
const STATE = 0;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const START_TICKS = 19;
/** The kernel's unit of CPU time in /proc, the same on every Linux of today. */
const MS_PER_TICK = 10;

export function identityOf(pid: number): ProcessIdentity {
  return { pid, start_ticks: startTicks(pid) };
}

/** Whether that very process runs, whoever owns it. One that has ended and waits for its parent to ask how does not. */
export function isRunning({ pid, start_ticks: ticks }: ProcessIdentity): boolean {
  if (!(pid > 0 && exists(pid))) return false;
  const fields = statFields(pid);
  if (fields?.[STATE] === 'Z') return false;
  return ticks === null || Number(fields?.[START_TICKS]) === ticks;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** CPU time a process has used, all its threads, ms in steps of 10; 0 where the system does not tell. */
export function cpuTimeMs(pid: number): number {
  const fields = statFields(pid);
  return fields === undefined ? 0 : (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * MS_PER_TICK;
}

function startTicks(pid: number): number | null {
  const fields = statFields(pid);
  return fields === undefined ? null : Number(fields[START_TICKS]);
}

/** /proc/PID/stat from its third field on; the second one, a name in parentheses, may hold spaces. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
