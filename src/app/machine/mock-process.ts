import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { InferometerError } from '../../core/errors.ts';

/** The bundled mock server in a process of its own, as a server under test must be. */
export interface MockProcess {
  readonly url: string;
  /** Resolves when it has ended. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts `serve-mock` with `flags`; it ends with this process whatever happens to that.
 *
 * `program`: path of the program's entry. Throws `INFEROMETER_MOCK_PROCESS` (setup) when the server does not come up; what it had
 * to say is then on stderr.
 */
export async function startMockProcess(program: string, flags: readonly string[]): Promise<MockProcess> {
  const server = spawn(process.execPath, [program, 'serve-mock', '--with-parent', ...flags], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C is for the run: it goes to the process group of the terminal, which the server is then no part of.
    detached: true,
  });
  const ended = once(server, 'exit').then(() => undefined);
  const lines = createInterface({ input: server.stdout });
  const first = once(lines, 'line').then(([line]) => /http:\/\/\S+/.exec(line as string)?.[0]);
  const url = await Promise.race([first, ended]);
  if (url === undefined) {
    server.kill('SIGTERM');
    throw new InferometerError('INFEROMETER_MOCK_PROCESS', 'setup', 'the mock server did not start');
  }
  return {
    url,
    stop: async () => {
      server.kill('SIGTERM');
      await ended;
    },
  };
}
