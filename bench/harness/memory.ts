import { readFileSync } from 'node:fs';

const KB_PER_MB = 1024;

/** The most memory a process had at once so far, MB; `undefined` where the system does not tell or the process has ended. */
export function peakMemoryMb(pid: number): number | undefined {
  return statusMb(pid, 'VmHWM');
}

/** The memory a process has, MB; as {@link peakMemoryMb}. */
export function residentMemoryMb(pid: number): number | undefined {
  return statusMb(pid, 'VmRSS');
}

function statusMb(pid: number, field: string): number | undefined {
  try {
    const match = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? undefined : Number(match[1]) / KB_PER_MB;
  } catch {
    return undefined;
  }
}
