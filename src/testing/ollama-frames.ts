import {
  type AnswerFrames,
  answerText,
  asciiJson,
  ENGINE_FAILURE,
  type Ending,
  tokenText,
} from './answer-frames.ts';
import type { CompletionRequest } from './completion-request.ts';

/** Answers as Ollama's chat and generate APIs send them: lines of JSON. */
export class OllamaFrames implements AnswerFrames {
  readonly contentType = 'application/x-ndjson';
  readonly errorBody = errorBody;
  readonly #request: CompletionRequest;
  readonly #common: object;

  constructor(request: CompletionRequest, _index: number, created: number) {
    this.#request = request;
    this.#common = { model: request.model, created_at: new Date(created * 1000).toISOString() };
  }

  begin(): readonly string[] {
    return [];
  }

  token(position: number): string {
    return line({ ...this.#common, ...this.#said(tokenText(position)), done: false });
  }

  end(tokens: number, ending: Ending): readonly string[] {
    return [line(this.#last('', tokens, ending))];
  }

  garbage(): readonly string[] {
    return ['{"model":"mock","mess\n'];
  }

  error(): readonly string[] {
    return [line({ error: ENGINE_FAILURE })];
  }

  empty(): readonly string[] {
    return [];
  }

  body(tokens: number, ending: Ending): string {
    return asciiJson(this.#last(answerText(tokens), tokens, ending));
  }

  #last(text: string, tokens: number, ending: Ending): object {
    return {
      ...this.#common,
      ...this.#said(text),
      done: true,
      done_reason: ending,
      prompt_eval_count: this.#request.promptTokens,
      eval_count: tokens,
    };
  }

  #said(text: string): object {
    return this.#request.api === 'ollama'
      ? { message: { role: 'assistant', content: text } }
      : { response: text };
  }
}

function line(value: object): string {
  return `${asciiJson(value)}\n`;
}

function errorBody(message: string): string {
  return asciiJson({ error: message });
}
