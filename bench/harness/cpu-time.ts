import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The kernel's unit of CPU time in /proc, the same on every Linux of today. */
const TICKS_PER_SECOND = 100;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** CPU time a process has used, all its threads, s; `undefined` where the system does not tell or the process has ended. */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

/** How a command ended. */
export interface TimedCommand {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  /** Of the command and of every process it waited for, from start to end. */
  readonly cpuSeconds: number;
}

/** Runs a command and counts the CPU time of all its processes, as the shell's `times` tells it. */
export async function timedCommand(command: string, args: readonly string[]): Promise<TimedCommand> {
  const shell = spawn('sh', ['-c', '"$@"; code=$?; times; exit $code', 'sh', command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(shell, 'close')) as [number | null];
  const lines = stdout.trimEnd().split('\n');
  const cpuSeconds = [...lines.at(-1)!.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
  return { stdout: lines.slice(0, -2).join('\n'), stderr, code, cpuSeconds };
}
