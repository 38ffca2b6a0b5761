import assert from 'node:assert/strict';
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

/** Each target is loaded by itself, so that only its branches count. */
export const FUZZ_TARGETS: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  sse: async () => (await import('./sse.target.ts')).target,
  'http-response': async () => (await import('./http-response.target.ts')).target,
  'chat-stream': async () => (await import('./openai.target.ts')).streamTarget('chat'),
  'completions-stream': async () => (await import('./openai.target.ts')).streamTarget('completions'),
  'sglang-stream': async () => (await import('./openai.target.ts')).streamTarget('sglang'),
  'responses-stream': async () => (await import('./openai.target.ts')).streamTarget('responses'),
  'anthropic-stream': async () => (await import('./openai.target.ts')).streamTarget('anthropic'),
  'ollama-stream': async () => (await import('./openai.target.ts')).streamTarget('ollama'),
  'tgi-stream': async () => (await import('./openai.target.ts')).streamTarget('tgi'),
  'llamacpp-stream': async () => (await import('./openai.target.ts')).streamTarget('llamacpp'),
  'chat-body': async () => (await import('./openai.target.ts')).bodyTarget('chat'),
  'sglang-body': async () => (await import('./openai.target.ts')).bodyTarget('sglang'),
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
