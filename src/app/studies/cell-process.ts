import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { EXIT_CODES } from '../../core/errors.ts';
import { END_WITH_PARENT } from '../machine/end-with-parent.ts';
import { commandOf, type RunFlags } from './run-flags.ts';

export interface CellProcessOptions {
  /** The entry of the program. */
  readonly program: string;
  readonly flags: RunFlags;
  readonly outPath: string;
  /** Where the paths of the flags begin. */
  readonly directory: string;
  /** It has the terminal while it runs, with its dashboard and keys; else it prints warnings and errors alone. */
  readonly isInteractive: boolean;
  /** What it says, a chunk at a time; nothing when it has the terminal. */
  readonly onText: (text: string) => void;
}

/** How a run ended. */
export interface CellEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last thing it said, for a message. */
  readonly lastLine: string;
}

const KEPT_TEXT = 4000;

/**
 * A run in a process of its own, so that a crash of one ends no study. It ends when this process does, however that ends: then the channel
 * between them closes.
 */
export class CellProcess {
  readonly ended: Promise<CellEnd>;
  readonly #child: ChildProcess;
  readonly #isInteractive: boolean;

  constructor(options: CellProcessOptions) {
    const { program, flags, outPath, directory, isInteractive, onText } = options;
    this.#isInteractive = isInteractive;
    const { words, environment } = commandOf(flags);
    const args = [
      ...process.execArgv,
      program,
      'run',
      ...words,
      `--out=${outPath}`,
      ...(isInteractive ? [] : ['--quiet']),
    ];
    const child = spawn(process.execPath, args, {
      cwd: directory,
      env: { ...process.env, ...environment, [END_WITH_PARENT]: '1' },
      // Its report is in its files. The terminal's signals go to a group of processes: without the terminal it gets its own.
      stdio: [isInteractive ? 'inherit' : 'ignore', 'ignore', isInteractive ? 'inherit' : 'pipe', 'ipc'],
      detached: !isInteractive,
    });
    this.#child = child;
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-KEPT_TEXT);
      onText(text);
    });
    const failed = once(child, 'error').then(([error]) => ({
      ...{ exitCode: EXIT_CODES.internal, signal: null },
      lastLine: (error as Error).message,
    }));
    const closed = once(child, 'close').then(([exitCode, signal]) => ({
      ...{ exitCode: exitCode as number | null, signal: signal as NodeJS.Signals | null },
      lastLine: lastLineOf(said),
    }));
    failed.catch(() => undefined);
    closed.catch(() => undefined);
    this.ended = Promise.race([failed, closed]);
  }

  /** Passes a signal on, which ends it as it would a run. At a terminal Ctrl-C reaches both by itself. */
  signal(signal: NodeJS.Signals): void {
    if (this.#isInteractive && signal === 'SIGINT') return;
    this.#child.kill(signal);
  }
}

/** Without the word that its level is. */
function lastLineOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith('error: '));
  return (errors.at(-1) ?? lines.findLast((line) => line !== '') ?? '').replace(/^error: /, '');
}
