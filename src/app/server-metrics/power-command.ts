import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type PowerLine, readPowerLine } from '../../server-metrics/power-text.ts';

export interface PowerCommandOptions {
  readonly command: string;
  readonly onLine: (line: PowerLine) => void;
  readonly onFailure: (why: string) => void;
}

/** A command that ended is started again at this distance: so one that prints a single line works as well. */
const RESTART_MS = 1000;
/** What a program says of itself when it fails, letters. */
const LONGEST_WHY = 200;

/** Runs a shell command again and again until it is closed, in a process group of its own, and reads what it prints line by line. */
export class PowerCommand {
  readonly #options: PowerCommandOptions;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PowerCommandOptions) {
    this.#options = options;
    this.#start();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    const { pid } = this.#child ?? {};
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended, and all it started.
    }
  }

  #start(): void {
    const { command, onLine, onFailure } = this.#options;
    const startedMs = performance.now();
    const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-LONGEST_WHY);
    });
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (text.trim() === '' || this.#isClosed) return;
      const line = readPowerLine(text);
      if (typeof line === 'string') onFailure(line);
      else onLine(line);
    });
    const onEnd = (how: string | undefined) => {
      this.#child = undefined;
      if (this.#isClosed) return;
      if (how !== undefined) onFailure(said.trim() === '' ? how : `${how}: ${said.trim()}`);
      const tookMs = performance.now() - startedMs;
      this.#restart = setTimeout(() => this.#start(), Math.max(0, RESTART_MS - tookMs));
    };
    child.once('error', (error) => onEnd(error.message));
    child.once('close', (code, signal) => {
      if (child.pid !== undefined) onEnd(code === 0 ? undefined : (signal ?? `exit code ${code}`));
    });
  }
}
