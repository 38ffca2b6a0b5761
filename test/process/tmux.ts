import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { waitFor } from './program.ts';

const ENTRY = resolve(import.meta.dirname, '../../dist/cli/main.js');

/** Why the suites that need a terminal cannot run; undefined when they can. */
export function tmuxMissing(): string | undefined {
  return spawnSync('tmux', ['-V']).error === undefined ? undefined : 'tmux is not installed';
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

export interface TerminalOptions {
  readonly directory: string;
  readonly environment?: Record<string, string>;
  /** A shell command to run first. */
  readonly before?: string;
}

/** One terminal of its own tmux server, in which the program runs. */
export class TmuxTerminal {
  readonly #socket: string;

  /** Starts the built program in it; what it prints afterwards stays to be read. */
  constructor(
    name: string,
    size: TerminalSize,
    args: readonly string[],
    { environment = {}, directory, before = 'true' }: TerminalOptions,
  ) {
    this.#socket = `inferometer-test-${process.pid}-${name}`;
    // What the terminal is told of colours comes from the test alone.
    const unset = ['NO_COLOR', 'FORCE_COLOR', 'CI'].flatMap((name_) => ['-u', name_]);
    const set = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    const env = ['env', ...unset, ...set].map(quoted).join(' ');
    const command = [process.execPath, ENTRY, ...args].map(quoted).join(' ');
    const script = `${before}; ${env} ${command}; echo "exit code $?"; exec cat`;
    this.#tmux(
      ...['-f', '/dev/null', 'new-session', '-d', '-s', 'main', '-c', directory],
      ...['-x', String(size.width), '-y', String(size.height), script],
    );
  }

  /** What it shows. */
  text(): string {
    return this.#tmux('capture-pane', '-p', '-t', 'main');
  }

  /** What it shows and what went before, each paragraph in one line. */
  history(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-200', '-t', 'main');
  }

  /** What it shows, with colours. */
  painted(): string {
    return this.#tmux('capture-pane', '-e', '-p', '-t', 'main');
  }

  /** Presses keys by their tmux names. */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', '-t', 'main', ...keys);
  }

  /** Types text as it is. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', '-t', 'main', text);
  }

  resize({ width, height }: TerminalSize): void {
    this.#tmux('resize-window', '-t', 'main', '-x', String(width), '-y', String(height));
  }

  /** Waits until the screen shows it; fails with what it shows instead. */
  async waitForText(pattern: RegExp, timeoutMs = 40_000): Promise<RegExpExecArray> {
    try {
      return await waitFor(() => pattern.exec(this.text()), String(pattern), timeoutMs);
    } catch {
      throw new Error(`no ${String(pattern)} on the screen within ${timeoutMs} ms:\n${this.history()}`);
    }
  }

  end(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-u', '-L', this.#socket, ...args], { encoding: 'utf8', stdio: 'pipe' });
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
