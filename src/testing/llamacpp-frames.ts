import {
  type AnswerFrames,
  answerText,
  asciiJson,
  ENGINE_FAILURE,
  type Ending,
  sseMessage,
  tokenText,
} from './answer-frames.ts';
import { errorBody } from './chat-frames.ts';
import type { CompletionRequest } from './completion-request.ts';

/** Answers as llama.cpp's completion API sends them. */
export class LlamacppFrames implements AnswerFrames {
  readonly contentType = 'text/event-stream';
  readonly errorBody = errorBody;
  readonly #request: CompletionRequest;

  constructor(request: CompletionRequest) {
    this.#request = request;
  }

  begin(): readonly string[] {
    return [];
  }

  token(position: number): string {
    return sseMessage({
      ...{ index: 0, content: tokenText(position), tokens: [100 + position], stop: false },
      ...{ tokens_predicted: position + 1, tokens_evaluated: this.#request.promptTokens },
    });
  }

  end(tokens: number, ending: Ending): readonly string[] {
    return [sseMessage(this.#last('', tokens, ending))];
  }

  garbage(): readonly string[] {
    return ['data: {"index":0,"cont\n\n'];
  }

  error(): readonly string[] {
    return [`data: ${errorBody(ENGINE_FAILURE, 500)}\n\n`];
  }

  empty(): readonly string[] {
    return [];
  }

  body(tokens: number, ending: Ending): string {
    return asciiJson(this.#last(answerText(tokens), tokens, ending));
  }

  #last(content: string, tokens: number, ending: Ending): object {
    const { promptTokens } = this.#request;
    return {
      ...{ index: 0, content, tokens: [], stop: true, stop_type: ending === 'length' ? 'limit' : 'eos' },
      ...{ tokens_predicted: tokens, tokens_evaluated: promptTokens, tokens_cached: promptTokens + tokens },
      timings: { cache_n: 0, prompt_n: promptTokens, predicted_n: tokens },
    };
  }
}
