import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder of this program below `XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder({ XDG_CACHE_HOME: home }: Readonly<NodeJS.ProcessEnv>, name: string): string {
  const cache = home === undefined || home === '' ? join(homedir(), '.cache') : home;
  return join(cache, 'inferometer', name);
}
