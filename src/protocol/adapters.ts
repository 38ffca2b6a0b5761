import type { ApiAdapter } from './adapter.ts';
import { type ApiTemplate, templateAdapter } from './api-template.ts';
import { ANTHROPIC } from './anthropic.ts';
import { EMBEDDINGS } from './embeddings.ts';
import { IMAGES } from './images.ts';
import { KSERVE } from './kserve.ts';
import { LLAMACPP } from './llamacpp.ts';
import { OLLAMA, OLLAMA_GENERATE } from './ollama.ts';
import { OLLAMA_EMBED } from './ollama-embed.ts';
import { OPENAI_CHAT } from './openai-chat.ts';
import { OPENAI_COMPLETIONS } from './openai-completions.ts';
import { PLUGIN_PREFIX, type PluginApi, pluginAdapter } from './plugin-adapters.ts';
import { RERANK, SCORE } from './rerank.ts';
import { RESPONSES } from './responses.ts';
import { SGLANG } from './sglang.ts';
import { SPEECH } from './speech.ts';
import { TGI } from './tgi.ts';
import { TRANSCRIPTION } from './transcription.ts';
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
  kserve: KSERVE,
  embeddings: EMBEDDINGS,
  'ollama-embed': OLLAMA_EMBED,
  rerank: RERANK,
  score: SCORE,
  images: IMAGES,
  speech: SPEECH,
  transcription: TRANSCRIPTION,
} as const satisfies Readonly<Record<string, ApiAdapter>>;

export type ApiName = keyof typeof ADAPTERS;

/** One that the program knows, one of a plugin, or one that a file describes. */
export type Api = ApiName | PluginApi | ApiTemplate;

export function adapterOf(api: Api): ApiAdapter {
  if (typeof api !== 'string') return templateAdapter(api);
  return isPluginApi(api) ? pluginAdapter(api) : ADAPTERS[api];
}

export function isPluginApi(api: string): api is PluginApi {
  return api.startsWith(PLUGIN_PREFIX);
}

/** The path of an API below a server's root, for a model. */
export function pathOf({ path, streamPath }: ApiAdapter, streaming: boolean, model: string): string {
  return (streaming ? (streamPath ?? path) : path).replace('{model}', () => encodeURIComponent(model));
}
