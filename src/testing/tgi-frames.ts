import {
  type AnswerFrames,
  answerText,
  asciiJson,
  ENGINE_FAILURE,
  type Ending,
  sseMessage,
  tokenText,
} from './answer-frames.ts';
import type { CompletionRequest } from './completion-request.ts';

/** Answers as Hugging Face's TGI sends them: the end of a stream is a special token beside the whole text. */
export class TgiFrames implements AnswerFrames {
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
    const token = { id: 100 + position, text: tokenText(position), logprob: -0.5, special: false };
    return sseMessage({ index: position + 1, token, generated_text: null, details: null });
  }

  end(tokens: number, ending: Ending): readonly string[] {
    const token = { id: 2, text: '</s>', logprob: 0, special: true };
    const details = this.#details(tokens, ending);
    return [sseMessage({ index: tokens + 1, token, generated_text: answerText(tokens), details })];
  }

  garbage(): readonly string[] {
    return ['data: {"index":1,"tok\n\n'];
  }

  error(): readonly string[] {
    return [`data: ${errorBody(ENGINE_FAILURE, 500)}\n\n`];
  }

  empty(): readonly string[] {
    return [];
  }

  body(tokens: number, ending: Ending): string {
    return asciiJson({ generated_text: answerText(tokens), details: this.#details(tokens, ending) });
  }

  #details(tokens: number, ending: Ending): object {
    const reason = ending === 'length' ? 'length' : 'eos_token';
    return {
      finish_reason: reason,
      generated_tokens: tokens,
      seed: null,
      input_length: this.#request.promptTokens,
    };
  }
}

function errorBody(message: string, status: number): string {
  return asciiJson({ error: message, error_type: status < 500 ? 'validation' : 'generation' });
}
