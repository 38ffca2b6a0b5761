import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface ServerCounts {
  /** Whole requests. */
  readonly requests: number;
  readonly answered: number;
  /** On purpose, with a status. */
  readonly failed: number;
  /** On purpose, in the middle of the answer. */
  readonly cut: number;
  /** Requests whose history is not what this server said before. */
  readonly wrongHistories: number;
}

/** The server of conversations in a process of its own. */
export class ConversationServer {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(): Promise<ConversationServer> {
    const main = join(import.meta.dirname, 'conversation-server.main.ts');
    const args = ['--disable-warning=ExperimentalWarning', main];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return new ConversationServer(`http://127.0.0.1:${port.toString().trim()}`, child);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async counts(): Promise<ServerCounts> {
    return (await (await fetch(this.url)).json()) as ServerCounts;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
