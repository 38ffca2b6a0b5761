import {
  type AnswerFrames,
  answerText,
  ascii,
  ENGINE_FAILURE,
  type Ending,
  tokenText,
} from './answer-frames.ts';
import type { CompletionRequest } from './completion-request.ts';

const DONE = 'data: [DONE]\n\n';

/**
 * The pieces of one answer as OpenAI's servers send it, as ASCII: SSE messages `data: …\n\n`, and the body of an answer that is not
 * streamed. What does not change from token to token is put together once.
 */
export class ChatFrames implements AnswerFrames {
  readonly contentType = 'text/event-stream';
  readonly errorBody = errorBody;
  readonly #request: CompletionRequest;
  readonly #id: string;
  readonly #common: string;
  readonly #tokenPrefix: string;
  readonly #tokenSuffix: string;

  /** `created`: seconds since 1970. */
  constructor(request: CompletionRequest, index: number, created: number) {
    const isChat = request.api === 'chat';
    const object = isChat ? 'chat.completion' : 'text_completion';
    this.#request = request;
    this.#id = `${isChat ? 'chatcmpl' : 'cmpl'}-mock-${index}`;
    const streamObject = isChat && request.stream ? 'chat.completion.chunk' : object;
    this.#common = ascii(
      `"id":"${this.#id}","object":"${streamObject}","created":${created},"model":${JSON.stringify(request.model)}`,
    );
    const openChoice = `data: {${this.#common},"choices":[{"index":0,`;
    this.#tokenPrefix = openChoice + (isChat ? '"delta":{"content":"' : '"text":"');
    this.#tokenSuffix = isChat
      ? '"},"logprobs":null,"finish_reason":null}]}\n\n'
      : '","logprobs":null,"finish_reason":null}]}\n\n';
  }

  /** The first message of a chat: a role and no text. */
  begin(): readonly string[] {
    if (this.#request.api !== 'chat') return [];
    return [
      `data: {${this.#common},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n`,
    ];
  }

  token(position: number): string {
    return this.#tokenPrefix + tokenText(position) + this.#tokenSuffix;
  }

  end(tokens: number, ending: Ending): readonly string[] {
    return [this.#finish(ending), ...(this.#request.includeUsage ? [this.#usage(tokens)] : []), DONE];
  }

  garbage(): readonly string[] {
    return [`data: {${this.#common},"choices":[{"index"\n\n`, DONE];
  }

  error(): readonly string[] {
    return [`data: ${errorBody(ENGINE_FAILURE, 500)}\n\n`, DONE];
  }

  empty(): readonly string[] {
    return [DONE];
  }

  /** The whole answer, not streamed. */
  body(tokens: number, reason: Ending): string {
    const text = answerText(tokens);
    const answer =
      this.#request.api === 'chat'
        ? `"message":{"role":"assistant","content":"${text}"}`
        : `"text":"${text}"`;
    return `{${this.#common},"choices":[{"index":0,${answer},"logprobs":null,"finish_reason":"${reason}"}],${this.#usageField(tokens)}}`;
  }

  #finish(reason: Ending): string {
    const change = this.#request.api === 'chat' ? '"delta":{}' : '"text":""';
    return `data: {${this.#common},"choices":[{"index":0,${change},"logprobs":null,"finish_reason":"${reason}"}]}\n\n`;
  }

  /** The message that tells the usage: its `choices` are empty. */
  #usage(tokens: number): string {
    return `data: {${this.#common},"choices":[],${this.#usageField(tokens)}}\n\n`;
  }

  #usageField(tokens: number): string {
    const { promptTokens } = this.#request;
    return `"usage":{"prompt_tokens":${promptTokens},"completion_tokens":${tokens},"total_tokens":${promptTokens + tokens}}`;
  }
}

/** An error as OpenAI's servers tell it. */
export function errorBody(message: string, status: number): string {
  return ascii(
    JSON.stringify({
      error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', code: status },
    }),
  );
}
