import { readdir, readFile } from 'node:fs/promises';

/** What one seeded round of an attack found. */
export interface RoundResult {
  /** What should not have happened, each a sentence; empty when all held. */
  readonly failures: readonly string[];
  /** What the round did, enough to repeat it: the seed and what was drawn from it. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** Runs one round of an attack with everything drawn from `seed`, in about `budgetMs`. */
export type AttackRound = (seed: number, budgetMs: number) => Promise<RoundResult>;

/** Resident memory of a process, MB; NaN when it is gone or the system does not tell. */
export async function residentMb(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  } catch {
    return NaN;
  }
}

/** Files and sockets a process has open; NaN when it is gone or the system does not tell. */
export async function openFiles(pid: number): Promise<number> {
  try {
    return (await readdir(`/proc/${pid}/fd`)).length;
  } catch {
    return NaN;
  }
}
