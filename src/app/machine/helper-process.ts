import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../core/log.ts';

export interface HelperProcessOptions<From> {
  /** Its entry. */
  readonly module: URL;
  /** What lines of its standard error are logged under. */
  readonly name: string;
  readonly onMessage: (message: From) => void;
  readonly log: Log;
}

/**
 * A child process that serves this one over a channel of messages. It ends with this process, however that ends: then its channel closes.
 * `To` and `From` are what is said to it, and what it says.
 */
export class HelperProcess<To extends object, From> {
  /** How it ended: a signal, an exit code, or why it could not be started. Never rejects. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  #hasEnded = false;

  constructor({ module, name, onMessage, log }: HelperProcessOptions<From>) {
    const child = fork(fileURLToPath(module), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child = child;
    // After a failed start both may come: the first one counts.
    const over = Promise.withResolvers<string>();
    child.once('error', (error) => over.resolve(error.message));
    child.once('exit', (code, signal) => over.resolve(signal ?? `exit code ${code}`));
    this.ended = over.promise.finally(() => (this.#hasEnded = true));
    // Without files to spare a process has none; that it could not be started is told by its end.
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (line) => log.warning(`${name}: ${line}`));
    child.on('message', (message) => onMessage(message as From));
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Nothing once it has ended, which {@link ended} tells. */
  send(message: To): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Ends it if it still runs. */
  async kill(): Promise<void> {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
    await this.ended;
  }
}
