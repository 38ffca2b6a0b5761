import type { ApiAdapter } from './adapter.ts';
import { FrameAccumulator } from './frame-stream.ts';
import { NDJSON } from './ndjson.ts';
import { OllamaFrameReader, readOllamaBody } from './ollama-reader.ts';
import { ollamaChatRequest, ollamaGenerateRequest } from './ollama-request.ts';

const SHARED = {
  isChat: true,
  history: { field: 'messages' },
  namesModel: true,
  headers: { Accept: 'application/x-ndjson, application/json' },
  choicesOf: () => 1,
  createReader: () => ({
    framing: NDJSON,
    createAccumulator: (account) => new FrameAccumulator(new OllamaFrameReader(), account),
    readBody: readOllamaBody,
  }),
} as const satisfies Partial<ApiAdapter>;

/** Ollama's chat API. */
export const OLLAMA: ApiAdapter = {
  ...SHARED,
  name: 'ollama',
  path: 'api/chat',
  requestBody: ollamaChatRequest,
};

/** Ollama's generate API, which puts a prompt into the template of the model. */
export const OLLAMA_GENERATE: ApiAdapter = {
  ...SHARED,
  name: 'ollama-generate',
  path: 'api/generate',
  requestBody: ollamaGenerateRequest,
};
