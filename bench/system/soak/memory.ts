import type { BenchLine } from '../../harness/bench.ts';
import { residentMemoryMb } from '../../harness/memory.ts';
import { medianSlope } from '../../harness/slope.ts';
import { spreadOf } from '../../harness/spread.ts';

const FLAT_MB_PER_MINUTE = 3;
/** Samples after which the raw values of each series have filled their budget of 8 MB: only then can the aggregator's memory be flat. */
export const SETTLED_SAMPLES = 2 ** 20;
const LINES_SHOWN = 30;
const LOOKS_A_LINE = 4;

/** Name of a process, and its pid as long as it is known. */
export type Processes = Readonly<Record<string, () => number | undefined>>;

/** MB of each process at a time. */
interface Memory {
  readonly minute: number;
  readonly mb: Readonly<Record<string, number>>;
}

/**
 * Follows the resident memory of processes. Flat is one that grows by no more than 3 MB a minute in the last half, by the median of the slopes
 * between all pairs of samples. The first half is for heaps, and for raw values up to their budget, to fill.
 */
export class MemoryWatch {
  readonly #processes: Processes;
  readonly #say: (line: string) => void;
  readonly #memories: Memory[] = [];
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(processes: Processes, durationMs: number, say: (line: string) => void) {
    this.#processes = processes;
    this.#say = say;
    say(
      `MB of memory       ${Object.keys(processes)
        .map((name) => name.padStart(18))
        .join('')}`,
    );
    this.#timer = setInterval(() => this.#look(), durationMs / (LINES_SHOWN * LOOKS_A_LINE));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Of the last half. `isJudged`: whether that must be flat. */
  linesOf(name: string, of: { readonly id: string; readonly what: string; readonly isJudged: boolean }) {
    const lastHalf = this.#memories.slice(Math.floor(this.#memories.length / 2));
    const growth = medianSlope(lastHalf.map(({ minute, mb }) => [minute, mb[name]!]));
    this.#say(`${name}: ${growth.toFixed(1)} MB a minute in the last half${flatness(growth, of.isJudged)}`);
    const id = name.replaceAll(' ', '-');
    return [
      {
        id: `${of.id}/memory/${id}`,
        what: `memory of ${name}, last half of ${of.what}`,
        unit: 'MB',
        value: spreadOf(lastHalf.map(({ mb }) => mb[name]!)),
        isLessBetter: true,
      },
      {
        id: `${of.id}/growth/${id}`,
        what: `growth of ${name}, last half of ${of.what}`,
        unit: 'MB/min',
        value: spreadOf([growth]),
        isLessBetter: true,
        ...(of.isJudged ? { goal: { of: 'value', bound: 'at most', value: FLAT_MB_PER_MINUTE } } : {}),
        note: 'median of the slopes between all pairs of samples of resident memory',
        tried:
          'the heaps were followed for 5 minutes at 2500/s: what main and worker hold stays at 15 to 20 and 18 to 30 MB, their buffers below 15 MB; resident memory rises with the young generation, which V8 sizes by what survives and grows in steps, and with connections opened while the server stalled. The young generation of the workers is bounded',
      },
    ] satisfies readonly BenchLine[];
  }

  #look(): void {
    const names = Object.keys(this.#processes);
    const mb: Record<string, number> = {};
    for (const name of names) {
      const pid = this.#processes[name]!();
      const found = pid === undefined ? undefined : residentMemoryMb(pid);
      if (found === undefined) return;
      mb[name] = found;
    }
    const minute = (performance.now() - this.#startedMs) / 60_000;
    this.#memories.push({ minute, mb });
    if (this.#memories.length % LOOKS_A_LINE !== 1) return;
    const cells = names.map((name) => mb[name]!.toFixed(0).padStart(18));
    this.#say(`${(minute * 60).toFixed(0).padStart(8)} s        ${cells.join('')}`);
  }
}

function flatness(growth: number, isJudged: boolean): string {
  if (!isJudged) return '';
  return growth <= FLAT_MB_PER_MINUTE ? ': flat' : `: NOT flat (at most ${FLAT_MB_PER_MINUTE})`;
}
