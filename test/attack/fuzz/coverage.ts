import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createInstrumenter } from 'istanbul-lib-instrument';

/** Where what counts is found. */
const SOURCES = new URL('../../../src/', import.meta.url).href;
/** How often a branch was taken is told apart as once, twice, up to 4, 8 … and more. */
const FREQUENCIES = 8;
/** Ways of branches that there is room for; all sources together have a fifth of them. */
const MOST_WAYS = 2 ** 16;
/** Where instrumented modules find the counts, by a name that no source uses. */
const COUNTS_NAME = '__wayCounts__';

/** How often each way of each branch was taken. Even in number, so that pairs of counts can be looked at as one. */
const counts = new Uint32Array(MOST_WAYS);
let wayCount = 0;

/** From now on modules of the sources count which branches are taken. To be called before any of them is loaded. */
export function instrumentSources(): void {
  const instrumenter = createInstrumenter({ esModules: true });
  Object.assign(globalThis, { [COUNTS_NAME]: counts });
  registerHooks({
    load(url, context, next) {
      if (!url.startsWith(SOURCES) || !url.endsWith('.ts')) return next(url, context);
      const path = fileURLToPath(url);
      const source = instrumenter.instrumentSync(stripTypeScriptTypes(readFileSync(path, 'utf8')), path);
      return { format: 'module', source: withQuickCounts(source), shortCircuit: true };
    },
  });
}

/**
 * The counters of Istanbul take longer than what they count: those of statements and functions, which nobody looks at, are left out, and
 * those of branches become elements of one array.
 */
function withQuickCounts(source: string): string {
  const slots = new Map<string, number>();
  return source
    .replaceAll(/\bcov_\w+\(\)\.[sf]\[\d+\]\+\+/g, '0')
    .replaceAll(/\bcov_\w+\(\)\.b(\[\d+\]\[\d+\])\+\+/g, (_counter, way: string) => {
      let slot = slots.get(way);
      if (slot === undefined) slots.set(way, (slot = takeSlot()));
      return `${COUNTS_NAME}[${slot}]++`;
    });
}

function takeSlot(): number {
  if (wayCount === MOST_WAYS) throw new Error(`the sources have more than ${MOST_WAYS} ways of branches`);
  return wayCount++;
}

/** Which branches inputs have taken so far, and about how often. */
export class BranchCoverage {
  /** Ways of branches that there are. */
  readonly all = wayCount;
  readonly #seen = new Uint8Array(wayCount);
  /** Counts by two: most are 0. */
  readonly #pairs = new BigUint64Array(counts.buffer, 0, Math.ceil(wayCount / 2));

  constructor() {
    counts.fill(0);
  }

  /** Ways of branches that were taken. */
  get taken(): number {
    return this.#seen.reduce((sum, frequencies) => sum + (frequencies === 0 ? 0 : 1), 0);
  }

  /** Whether the input since the last call has gone where none has before, or there more often. */
  isNew(): boolean {
    let isNew = false;
    const pairs = this.#pairs;
    for (let pair = 0; pair < pairs.length; pair++) {
      if (pairs[pair] === 0n) continue;
      isNew = this.#see(2 * pair) || isNew;
      isNew = this.#see(2 * pair + 1) || isNew;
      pairs[pair] = 0n;
    }
    return isNew;
  }

  #see(way: number): boolean {
    const times = counts[way]!;
    if (times === 0) return false;
    const bit = 1 << Math.min(FREQUENCIES - 1, 31 - Math.clz32(times));
    if ((this.#seen[way]! & bit) !== 0) return false;
    this.#seen[way]! |= bit;
    return true;
  }
}
