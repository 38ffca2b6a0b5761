import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuSecondsOf } from '../../harness/cpu-time.ts';
import type { CannedAnswer } from '../canned-answers.ts';

const here = import.meta.dirname;
const BINARY = resolve(here, '../../../.cache/bench/canned-server');

/** How the chunks of answers follow one another. */
export interface Pace {
  /** Between two chunks of an answer; 0 = as fast as they go. */
  readonly gapUs: number;
  /** Whether the chunks of all answers come together or one by one. */
  readonly pace: 'spread' | 'in-step';
}

const AT_ONCE: Pace = { gapUs: 0, pace: 'spread' };

/** A server in a process of its own that gives each request the same answer, with next to no work. */
export class CannedServer {
  readonly url: string;
  /** `C`, or `Node` where there is no compiler. */
  readonly language: 'C' | 'Node';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #directory: string;

  private constructor(url: string, language: 'C' | 'Node', child: ChildProcess, directory: string) {
    this.url = url;
    this.language = language;
    this.#child = child;
    this.#ended = once(child, 'close');
    this.#directory = directory;
  }

  static async start(answer: CannedAnswer, { gapUs, pace }: Pace = AT_ONCE): Promise<CannedServer> {
    const directory = mkdtempSync(join(tmpdir(), 'inferometer-bench-server-'));
    const files = [answer.first, answer.chunk, answer.last].map((piece, index) => {
      const path = join(directory, `piece-${index}`);
      writeFileSync(path, piece);
      return path;
    });
    const args = [...files, String(answer.chunks), String(gapUs), pace];
    const language = compile() ? 'C' : 'Node';
    const [command, ...before] =
      language === 'C' ? [BINARY] : [process.execPath, join(here, 'canned-server.main.ts')];
    const child = spawn(command, [...before, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return new CannedServer(`http://127.0.0.1:${port.toString().trim()}`, language, child, directory);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** CPU time so far. */
  get cpuSeconds(): number {
    return cpuSecondsOf(this.pid) ?? NaN;
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Whether the C server is there, built anew. */
function compile(): boolean {
  mkdirSync(resolve(BINARY, '..'), { recursive: true });
  const { status } = spawnSync('cc', ['-O2', '-o', BINARY, join(here, 'canned-server.c')], {
    stdio: 'inherit',
  });
  return status === 0;
}
