import { spawn } from 'node:child_process';
import type { Log } from '../core/log.ts';

/** Opens a page in the browser of whoever sits here, and does not wait for it. */
export function openPage(path: string, log: Log): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  spawn(command, [path], { detached: true, stdio: 'ignore' })
    .on('error', () => log.warning(`--open: ${command} was not found; open ${path} in a browser`))
    .unref();
}
