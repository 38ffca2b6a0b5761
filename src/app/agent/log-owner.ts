import { readFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { identityOf, isRunning } from '../run-folder/process-identity.ts';

/** In the folder of an agent's log: who writes it. */
const OWNER_FILE = 'agent.json';

const ownerSchema = z.object({
  host: z.string(),
  process: z.object({ pid: z.int(), start_ticks: z.int().nullable() }),
});

/** From now on this process writes the log in that folder. */
export async function ownLog(folder: string): Promise<void> {
  const owner = { host: hostname(), process: identityOf(process.pid) };
  await writeFileAtomic(join(folder, OWNER_FILE), `${JSON.stringify(owner, null, 2)}\n`);
}

/** Takes over a log that its process has left; false where another process was faster. */
export async function takeOverLog(folder: string): Promise<boolean> {
  const place = join(folder, OWNER_FILE);
  const taken = `${place}.${process.pid}`;
  try {
    await rename(place, taken);
  } catch {
    return false;
  }
  await ownLog(folder);
  await rm(taken);
  return true;
}

/** Whether the process that wrote the log in that folder ran on this machine and has ended. */
export function isLogAbandoned(folder: string): boolean {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(join(folder, OWNER_FILE), 'utf8'));
  } catch {
    return false;
  }
  const { data: owner } = ownerSchema.safeParse(json);
  return owner?.host === hostname() && !isRunning(owner.process);
}
