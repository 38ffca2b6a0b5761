import type { BenchLine } from '../../harness/bench.ts';
import { residentMemoryMb } from '../../harness/memory.ts';
import { medianSlope } from '../../harness/slope.ts';
import { spreadOf } from '../../harness/spread.ts';

const FLAT_MB_PER_MINUTE = 3;
/** Samples after which the raw values of a series have filled their budget of 8 MB: only then can the aggregator's memory be flat. */
const SETTLED_SAMPLES = 2 ** 20;
/** Memory is judged from the middle of a soak or from when it has settled, if that leaves so much of it. */
const FIRST_JUDGED = 0.5;
const LAST_JUDGED = 0.75;
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
 * Follows the resident memory of processes. Flat is one that grows by no more than 3 MB a minute once it has settled, by the median of the
 * slopes between all pairs of looks. What is before, the first half at least, is for heaps, and for raw values up to their budget, to fill.
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

  /** Of the end of a soak that issued so many samples. `isJudged`: whether that must be flat, if it has settled by then. */
  linesOf(
    name: string,
    of: { readonly id: string; readonly what: string; readonly issued: number; readonly isJudged: boolean },
  ) {
    const settledAt = Math.max(FIRST_JUDGED, SETTLED_SAMPLES / of.issued);
    const hasSettled = settledAt <= LAST_JUDGED;
    const isJudged = of.isJudged && hasSettled;
    const part = hasSettled ? settledAt : FIRST_JUDGED;
    const end = this.#memories.slice(Math.floor(this.#memories.length * part));
    const growth = medianSlope(end.map(({ minute, mb }) => [minute, mb[name]!]));
    const percent = Math.round(100 * (1 - part));
    this.#say(
      `${name}: ${growth.toFixed(1)} MB a minute in the last ${percent} %${flatness(growth, isJudged)}`,
    );
    const id = name.replaceAll(' ', '-');
    return [
      {
        id: `${of.id}/memory/${id}`,
        what: `memory of ${name}, last ${percent} % of ${of.what}`,
        unit: 'MB',
        value: spreadOf(end.map(({ mb }) => mb[name]!)),
        isLessBetter: true,
      },
      {
        id: `${of.id}/growth/${id}`,
        what: `growth of ${name}, last ${percent} % of ${of.what}`,
        unit: 'MB/min',
        value: spreadOf([growth]),
        isLessBetter: true,
        ...(isJudged ? { goal: { of: 'value', bound: 'at most', value: FLAT_MB_PER_MINUTE } } : {}),
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
