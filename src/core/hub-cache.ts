import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { openRegularFile, textOf } from './careful-read.ts';
import { cacheFolder } from './cache-folder.ts';

/** What a hub holds, by the names of its folders in a cache. */
export type HubKind = 'models' | 'datasets';

/** `owner/name`, as hubs name models and datasets. */
const HUB_NAME = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
/** Bytes of a file that names a revision. */
const MAX_REF_BYTES = 1024;
const REVISION = /^(?!\.+$)[\w.-]+$/;

export function isHubName(text: string): boolean {
  return HUB_NAME.test(text);
}

/** Where the files of a name are in a cache. */
export function hubFolderIn(cache: string, kind: HubKind, name: string): string {
  return join(cache, `${kind}--${name.replace('/', '--')}`);
}

/** Our own cache, for what `--hub` fetched: laid out as theirs. */
export function ownHubCache(environment: Readonly<NodeJS.ProcessEnv> = process.env): string {
  return cacheFolder(environment, 'hub');
}

/**
 * The newest revision of a model or dataset that is on this machine: in the cache of the tools of Hugging Face, or in ours. Undefined for a path that
 * is there, for what is no name, and for what neither cache has. Nothing is fetched.
 */
export async function hubSnapshot(kind: HubKind, name: string): Promise<string | undefined> {
  if (!isHubName(name) || (await isThere(name))) return undefined;
  const { HF_HUB_CACHE, HF_HOME = join(homedir(), '.cache', 'huggingface') } = process.env;
  for (const cache of [HF_HUB_CACHE ?? join(HF_HOME, 'hub'), ownHubCache()]) {
    const folder = hubFolderIn(cache, kind, name);
    const revision = await revisionOf(join(folder, 'refs', 'main'));
    if (revision !== undefined) return join(folder, 'snapshots', revision);
  }
  return undefined;
}

async function revisionOf(path: string): Promise<string | undefined> {
  try {
    const file = await openRegularFile(path, true);
    try {
      const revision = (await textOf(path, file, MAX_REF_BYTES)).trim();
      return REVISION.test(revision) ? revision : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
