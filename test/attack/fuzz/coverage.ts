import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createInstrumenter } from 'istanbul-lib-instrument';

/** Where what counts is found. */
const SOURCES = new URL('../../../src/', import.meta.url).href;
/** How often a branch was taken is told apart as once, twice, up to 4, 8 … and more. */
const FREQUENCIES = 8;

interface FileCoverage {
  /** How often each way of each branch was taken. */
  readonly b: Readonly<Record<string, number[]>>;
  /** How often each function was called. */
  readonly f: Record<string, number>;
}

/** From now on modules of the sources count which branches are taken. To be called before any of them is loaded. */
export function instrumentSources(): void {
  const instrumenter = createInstrumenter({ esModules: true, coverageVariable: '__coverage__' });
  registerHooks({
    load(url, context, next) {
      if (!url.startsWith(SOURCES) || !url.endsWith('.ts')) return next(url, context);
      const path = fileURLToPath(url);
      const source = instrumenter.instrumentSync(stripTypeScriptTypes(readFileSync(path, 'utf8')), path);
      return { format: 'module', source, shortCircuit: true };
    },
  });
}

/** Which branches inputs have taken so far, and about how often. */
export class BranchCoverage {
  readonly #ways: readonly number[][];
  readonly #seen: Uint8Array;
  #count = 0;

  constructor() {
    const files = Object.values(
      (globalThis as { __coverage__?: Record<string, FileCoverage> }).__coverage__ ?? {},
    );
    this.#ways = files.flatMap(({ b }) => Object.values(b));
    this.#seen = new Uint8Array(this.#ways.reduce((sum, ways) => sum + ways.length, 0));
    this.isNew();
    this.#seen.fill(0);
    this.#count = 0;
  }

  /** Ways of branches that were taken, and those there are. */
  get taken(): number {
    return this.#seen.reduce((sum, frequencies) => sum + (frequencies === 0 ? 0 : 1), 0);
  }

  get all(): number {
    return this.#seen.length;
  }

  /** Whether the input since the last call has gone where none has before, or there more often. */
  isNew(): boolean {
    const before = this.#count;
    let at = 0;
    for (const ways of this.#ways) {
      for (let way = 0; way < ways.length; way++, at++) {
        const times = ways[way]!;
        if (times === 0) continue;
        ways[way] = 0;
        const bit = 1 << Math.min(FREQUENCIES - 1, 31 - Math.clz32(times));
        if ((this.#seen[at]! & bit) !== 0) continue;
        this.#seen[at]! |= bit;
        this.#count += 1;
      }
    }
    return this.#count > before;
  }
}
