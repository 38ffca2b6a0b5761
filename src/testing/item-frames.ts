import { type AnswerFrames, asciiJson, ENGINE_FAILURE } from './answer-frames.ts';
import { errorBody } from './chat-frames.ts';
import type { CompletionRequest } from './completion-request.ts';

/** Of every vector. */
export const MOCK_DIMENSIONS = 8;

/** Whole responses of vectors or scores, as many as were asked for. These APIs don't stream. */
export class ItemFrames implements AnswerFrames {
  readonly contentType = 'application/json';
  readonly errorBody = errorBody;
  readonly #request: CompletionRequest;

  constructor(request: CompletionRequest) {
    this.#request = request;
  }

  begin = nothing;
  token = () => '';
  end = nothing;
  garbage = nothing;
  error = () => [errorBody(ENGINE_FAILURE, 500)];
  empty = nothing;

  body(): string {
    const { api, items = 1, promptTokens } = this.#request;
    if (api === 'ollama-embed') {
      const embeddings = Array.from({ length: items }, (_, index) => vectorOf(index));
      return asciiJson({ model: 'mock', embeddings, total_duration: 1, prompt_eval_count: promptTokens });
    }
    const list = Array.from({ length: items }, (_, index) => itemOf(api, index));
    const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
    return asciiJson({ model: 'mock', [api === 'rerank' ? 'results' : 'data']: list, usage });
  }
}

function itemOf(api: CompletionRequest['api'], index: number): object {
  const score = 1 / (index + 1);
  if (api === 'rerank') return { index, relevance_score: score };
  if (api === 'score') return { index, object: 'score', score };
  return { index, object: 'embedding', embedding: vectorOf(index) };
}

function vectorOf(index: number): readonly number[] {
  return Array.from({ length: MOCK_DIMENSIONS }, () => 1 / (index + 1));
}

function nothing(): readonly string[] {
  return [];
}
