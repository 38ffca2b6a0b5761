import {
  type AnswerFrames,
  answerText,
  asciiJson,
  ENGINE_FAILURE,
  sseMessage,
  tokenText,
} from './answer-frames.ts';
import { errorBody } from './chat-frames.ts';
import type { CompletionRequest } from './completion-request.ts';

/** Answers as OpenAI's API for transcriptions sends them. */
export class TranscriptFrames implements AnswerFrames {
  readonly contentType = 'text/event-stream';
  readonly errorBody = errorBody;
  readonly #promptTokens: number;

  constructor({ promptTokens }: CompletionRequest) {
    this.#promptTokens = promptTokens;
  }

  begin(): readonly string[] {
    return [];
  }

  token(position: number): string {
    return event('transcript.text.delta', { delta: tokenText(position) });
  }

  end(tokens: number): readonly string[] {
    return [event('transcript.text.done', { text: answerText(tokens), usage: this.#usage(tokens) })];
  }

  garbage(): readonly string[] {
    return ['event: transcript.text.delta\ndata: {"del\n\n'];
  }

  error(): readonly string[] {
    return [event('error', { error: { message: ENGINE_FAILURE } })];
  }

  empty(): readonly string[] {
    return [];
  }

  body(tokens: number): string {
    return asciiJson({ text: answerText(tokens), usage: this.#usage(tokens) });
  }

  #usage(tokens: number): object {
    const input = this.#promptTokens;
    return { type: 'tokens', input_tokens: input, output_tokens: tokens, total_tokens: input + tokens };
  }
}

function event(type: string, fields: object): string {
  return sseMessage({ type, ...fields }, type);
}
