import type { ApiAdapter } from './adapter.ts';
import { OPENAI_CHAT } from './openai-chat.ts';
import { OPENAI_COMPLETIONS } from './openai-completions.ts';
import { SGLANG } from './sglang.ts';

/** The text APIs by their name on the command line. */
export const ADAPTERS = { chat: OPENAI_CHAT, completions: OPENAI_COMPLETIONS, sglang: SGLANG } as const;

export type ApiName = keyof typeof ADAPTERS;

export function adapterOf(name: ApiName): ApiAdapter {
  return ADAPTERS[name];
}
