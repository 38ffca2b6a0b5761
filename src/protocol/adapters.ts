import type { ApiAdapter } from './adapter.ts';
import { type ApiTemplate, templateAdapter } from './api-template.ts';
import { ANTHROPIC } from './anthropic.ts';
import { EMBEDDINGS } from './embeddings.ts';
import { LLAMACPP } from './llamacpp.ts';
import { OLLAMA, OLLAMA_GENERATE } from './ollama.ts';
import { OPENAI_CHAT } from './openai-chat.ts';
import { OPENAI_COMPLETIONS } from './openai-completions.ts';
import { RERANK, SCORE } from './rerank.ts';
import { RESPONSES } from './responses.ts';
import { SGLANG } from './sglang.ts';
import { TGI } from './tgi.ts';
import { TRITON } from './triton.ts';

/** The APIs by their name on the command line. */
export const ADAPTERS = {
  chat: OPENAI_CHAT,
  completions: OPENAI_COMPLETIONS,
  responses: RESPONSES,
  anthropic: ANTHROPIC,
  ollama: OLLAMA,
  'ollama-generate': OLLAMA_GENERATE,
  sglang: SGLANG,
  tgi: TGI,
  llamacpp: LLAMACPP,
  triton: TRITON,
  embeddings: EMBEDDINGS,
  rerank: RERANK,
  score: SCORE,
} as const satisfies Readonly<Record<string, ApiAdapter>>;

export type ApiName = keyof typeof ADAPTERS;

/** One that the program knows, or one that a file describes. */
export type Api = ApiName | ApiTemplate;

export function adapterOf(api: Api): ApiAdapter {
  return typeof api === 'string' ? ADAPTERS[api] : templateAdapter(api);
}

/** The path of an API below a server's root, for a model. */
export function pathOf({ path, streamPath }: ApiAdapter, streaming: boolean, model: string): string {
  return (streaming ? (streamPath ?? path) : path).replace('{model}', () => encodeURIComponent(model));
}
