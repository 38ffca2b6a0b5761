import { lstat, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createSocketDirectory,
  defaultSocketParent,
  type SocketDirectory,
} from '../../transport/zmq/address.ts';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';

/** What stands for a start time or a namespace where the system does not tell. */
const UNKNOWN = 'x';
/** `inferometer-<pid>-<start ticks>-<namespace of pids>-<six letters>`: all that is needed to know whether its run is over. */
const NAME = /^inferometer-(\d+)-(\d+|x)-(\d+|x)-[A-Za-z0-9]{6}$/;

/**
 * A directory for the sockets of this process's run, named after the process, in `parent` or where `createSocketDirectory` puts it.
 * Removes the directories that killed runs of this user left there.
 */
export async function createRunSockets(parent = defaultSocketParent()): Promise<SocketDirectory> {
  const { pid, start_ticks: ticks } = identityOf(process.pid);
  const namespace = await pidNamespace();
  await removeLeftovers(parent, namespace);
  return createSocketDirectory(parent, `inferometer-${pid}-${ticks ?? UNKNOWN}-${namespace}-`);
}

/** What cannot be looked at or removed stays: it is in nobody's way. */
async function removeLeftovers(parent: string, namespace: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const owner = ownerOf(name, namespace);
    if (owner === undefined || isRunning(owner)) continue;
    const path = join(parent, name);
    try {
      const found = await lstat(path);
      // A link is not followed, here or inside, and nobody but its owner can put another in the place of a directory in a sticky one.
      if (found.isDirectory() && found.uid === process.getuid?.()) await rm(path, { recursive: true });
    } catch {
      continue;
    }
  }
}

/** Whose directory it is by its name; undefined for another one's, and for a process in another container, where ours mean nothing. */
function ownerOf(name: string, namespace: string): ProcessIdentity | undefined {
  const [, pid, ticks, itsNamespace] = NAME.exec(name) ?? [];
  if (pid === undefined || itsNamespace !== namespace) return undefined;
  return { pid: Number(pid), start_ticks: ticks === UNKNOWN ? null : Number(ticks) };
}

async function pidNamespace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid').catch(() => '');
  return /\d+/.exec(link)?.[0] ?? UNKNOWN;
}
