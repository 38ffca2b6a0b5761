import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface HookOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Ends it, with all that it started. */
  readonly signal: AbortSignal;
}

const STDERR = 2;

/** Runs a shell command to its end, with what it prints on standard error. Resolves to why it failed, or to undefined. */
export async function runHook(
  command: string,
  { directory, environment, signal }: HookOptions,
): Promise<string | undefined> {
  const child = spawn('sh', ['-c', command], {
    cwd: directory,
    env: { ...process.env, ...environment },
    // No pipe of ours: a server that it leaves in the background would lose its output with us.
    stdio: ['ignore', STDERR, STDERR],
    // A group of its own, to end what it started with it.
    detached: true,
  });
  const end = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  };
  signal.addEventListener('abort', end);
  try {
    const [code, killed] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    if (code === 0) return undefined;
    return killed === null ? `exit code ${code}` : `ended by ${killed}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    signal.removeEventListener('abort', end);
  }
}
