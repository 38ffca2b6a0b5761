import type { PlainReply } from '../../engine/plain-transport.ts';
import { jsonObjectIn } from '../../protocol/json.ts';
import type { ListedModel } from './model-list.ts';

/** What a server is, and its version where it tells. */
export interface ServerIdentity {
  readonly name: string;
  readonly version: string | undefined;
}

/** Where servers say who they are, in the order of asking, and how; `/health` is not among them: SGLang's generates a token. */
export const SIGN_PATHS = [
  'version',
  'model_info',
  'get_model_info',
  'info',
  'props',
  'api/version',
  'v2',
  'health/liveliness',
] as const;
export type SignPath = (typeof SIGN_PATHS)[number];

const BY_OWNER: Readonly<Record<string, string>> = {
  vllm: 'vLLM',
  sglang: 'SGLang',
  llamacpp: 'llama.cpp',
  library: 'Ollama',
  tensorrt_llm: 'TensorRT-LLM',
};

const BY_HOST: readonly (readonly [host: RegExp, name: string])[] = [
  [/(?:^|\.)api\.openai\.com$/, 'OpenAI'],
  [/\.openai\.azure\.com$/, 'Azure OpenAI'],
  [/(?:^|\.)api\.anthropic\.com$/, 'Anthropic'],
  [/\.amazonaws\.com$/, 'Amazon Bedrock'],
  [/\.googleapis\.com$/, 'Google'],
  [/(?:^|\.)openrouter\.ai$/, 'OpenRouter'],
];

/** By the host, for clouds. */
export function serverOfHost(hostname: string): ServerIdentity | undefined {
  const found = BY_HOST.find(([host]) => host.test(hostname));
  return found && { name: found[1], version: undefined };
}

/**
 * By the headers of any response. Those of a gateway come first: it passes on what the server behind it says. `x-request-id` and
 * `server: uvicorn` are everybody's.
 */
export function serverOfHeaders(headers: PlainReply['headers']): ServerIdentity | undefined {
  const has = (name: string) => headers.has(name);
  const litellm = headers.get('x-litellm-version');
  if (litellm !== undefined || has('x-litellm-call-id')) return { name: 'LiteLLM', version: litellm };
  const server = headers.get('server') ?? '';
  if (/^llama\.cpp/i.test(server)) return known('llama.cpp');
  if (has('apim-request-id') || has('x-ms-region')) return known('Azure OpenAI');
  if (has('openai-processing-ms')) return known('OpenAI');
  if (has('anthropic-ratelimit-requests-limit') || has('anthropic-organization-id'))
    return known('Anthropic');
  if (has('x-amzn-requestid')) return known('Amazon Bedrock');
  if (server === 'ESF') return known('Google');
  if (has('x-compute-type')) return known('TGI');
  return undefined;
}

/** By who owns the models. */
export function serverOfModels(models: readonly ListedModel[]): ServerIdentity | undefined {
  const owner = models.find(({ ownedBy }) => ownedBy !== undefined && Object.hasOwn(BY_OWNER, ownedBy));
  return owner && known(BY_OWNER[owner.ownedBy!]!);
}

/** By the text at `/`. SGLang may say that it is Ollama, so what speaks for SGLang comes first. */
export function serverOfRoot({ status, body }: PlainReply): ServerIdentity | undefined {
  if (status !== 200) return undefined;
  const text = body.toString('utf8', 0, 200);
  const found = /^"?(SGLang|Ollama) is running/.exec(text);
  return found ? known(found[1]!) : undefined;
}

/** By what it answers at one of {@link SIGN_PATHS}. */
export function serverOfSign(path: SignPath, { status, body }: PlainReply): ServerIdentity | undefined {
  if (status !== 200) return undefined;
  if (path === 'health/liveliness')
    return /alive/i.test(body.toString('utf8', 0, 100)) ? known('LiteLLM') : undefined;
  const found = jsonObjectIn(body, 0, body.length);
  if (found === undefined) return undefined;
  const version = typeof found.version === 'string' ? found.version : undefined;
  switch (path) {
    case 'version':
      // Several servers have this; only vLLM's has nothing else.
      return version !== undefined && Object.keys(found).length === 1 ? { name: 'vLLM', version } : undefined;
    case 'model_info':
    case 'get_model_info':
      return 'model_path' in found ? known('SGLang') : undefined;
    case 'info':
      if (typeof found.model_type === 'object' && found.model_type !== null) return { name: 'TEI', version };
      return 'model_id' in found ? { name: 'TGI', version } : undefined;
    case 'props':
      return 'default_generation_settings' in found || 'total_slots' in found
        ? known('llama.cpp')
        : undefined;
    case 'api/version':
      return version === undefined ? undefined : { name: 'Ollama', version };
    case 'v2':
      return found.name === 'triton' ? { name: 'Triton', version } : undefined;
  }
}

/** Where else a server names its models, and its version. */
export const MORE_OF: Readonly<Record<string, { readonly models?: string; readonly version?: string }>> = {
  vLLM: { version: 'version' },
  Ollama: { models: 'api/tags', version: 'api/version' },
  TGI: { models: 'info', version: 'info' },
  SGLang: { models: 'model_info', version: 'server_info' },
  'llama.cpp': { version: 'props' },
  LiteLLM: { version: 'health/readiness' },
};

/** A version in what such a path answers. */
export function versionIn({ status, body }: PlainReply): string | undefined {
  if (status !== 200) return undefined;
  const found = jsonObjectIn(body, 0, body.length) ?? {};
  const version = found.version ?? found.litellm_version ?? found.build_info;
  return typeof version === 'string' ? version : undefined;
}

function known(name: string): ServerIdentity {
  return { name, version: undefined };
}
