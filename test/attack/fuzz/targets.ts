import assert from 'node:assert/strict';
import { APIS } from '../../../src/config/choices.ts';
import type { Draws } from './draws.ts';

/** What a parser promises of any bytes. */
export interface FuzzTarget {
  /** Inputs to begin with. */
  readonly seeds: readonly string[];
  /** Words of the format, which chance would take long to find. */
  readonly words: readonly string[];
  /** Throws when a promise is broken. `random` draws cuts and the like; the same seed draws the same. */
  readonly check: (bytes: Buffer, random: Draws) => void;
}

/** Said here, as the adapters must not be loaded before they are instrumented. */
const NEVER_STREAMED: readonly string[] = ['kserve', 'embeddings', 'ollama-embed', 'rerank', 'score'];

/** Streams and bodies of every API, and of one that a template describes. */
function apiTargets(): Readonly<Record<string, () => Promise<FuzzTarget>>> {
  const apis = [...APIS, 'template'] as const;
  const streamed = apis.filter((api) => !NEVER_STREAMED.includes(api));
  return Object.fromEntries([
    ...streamed.map((api) => [
      `${api}-stream`,
      async () => (await import('./api.target.ts')).streamTarget(api),
    ]),
    ...apis.map((api) => [`${api}-body`, async () => (await import('./api.target.ts')).bodyTarget(api)]),
  ]) as Readonly<Record<string, () => Promise<FuzzTarget>>>;
}

/** Each target is loaded by itself, so that only its branches count. */
export const FUZZ_TARGETS: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  sse: async () => (await import('./sse.target.ts')).target,
  'http-response': async () => (await import('./http-response.target.ts')).target,
  ...apiTargets(),
  batch: async () => (await import('./wire.target.ts')).batchTarget,
  payload: async () => (await import('./wire.target.ts')).payloadTarget,
  prompts: async () => (await import('./wire.target.ts')).promptsTarget,
  'log-frames': async () => (await import('./wire.target.ts')).framesTarget,
};

/** Up to so many places at which a read may end, ascending. */
export function cutsOf(length: number, random: Draws, most = 6): number[] {
  return Array.from({ length: random.below(most + 1) }, () => random.below(length + 1)).sort((a, b) => a - b);
}

/** As `assert.deepEqual` of plain data, which takes longer than most parsers where nothing differs. */
export function assertSame(found: unknown, wanted: unknown): void {
  if (!isSame(found, wanted)) assert.deepEqual(found, wanted);
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!isSame(a[i], b[i])) return false;
    return true;
  }
  if (a.constructor !== b.constructor) return false;
  const [values, others] = [a as Record<string, unknown>, b as Record<string, unknown>];
  let more = Object.keys(others).length;
  for (const key in values) {
    if (!Object.hasOwn(others, key) || !isSame(values[key], others[key])) return false;
    more -= 1;
  }
  return more === 0;
}
