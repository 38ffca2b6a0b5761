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
