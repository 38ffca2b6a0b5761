import type { ApiAdapter } from './adapter.ts';
import { OPENAI_CHAT } from './openai-chat.ts';
import { OPENAI_COMPLETIONS } from './openai-completions.ts';
import { RESPONSES } from './responses.ts';
import { SGLANG } from './sglang.ts';

/** The text APIs by their name on the command line. */
export const ADAPTERS = {
  chat: OPENAI_CHAT,
  completions: OPENAI_COMPLETIONS,
  responses: RESPONSES,
  sglang: SGLANG,
} as const satisfies Readonly<Record<string, ApiAdapter>>;

export type ApiName = keyof typeof ADAPTERS;

export function adapterOf(name: ApiName): ApiAdapter {
  return ADAPTERS[name];
}

/** The path of an API below a server's root. */
export function pathOf({ path, streamPath }: ApiAdapter, streaming: boolean): string {
  return streaming ? (streamPath ?? path) : path;
}
