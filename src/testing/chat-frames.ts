import type { CompletionRequest } from './completion-request.ts';

const WORDS = 'the quick brown fox jumps over a lazy dog and then runs far into some deep green wood'.split(
  ' ',
);

/** The text of the token at this place: a word, with a space before all but the first. */
export function tokenText(position: number): string {
  const word = WORDS[position % WORDS.length]!;
  return position === 0 ? word : ` ${word}`;
}

/** An answer of so many tokens, so also of so many words. */
export function answerText(tokens: number): string {
  return Array.from({ length: tokens }, (_, position) => tokenText(position)).join('');
}

/**
 * The pieces of one answer as OpenAI's servers send it, as ASCII: SSE messages `data: …\n\n`, and the body of an answer that is not
 * streamed. What does not change from token to token is put together once.
 */
export class ChatFrames {
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
  role(): string {
    return `data: {${this.#common},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n`;
  }

  token(position: number): string {
    return this.#tokenPrefix + tokenText(position) + this.#tokenSuffix;
  }

  finish(reason: string): string {
    const change = this.#request.api === 'chat' ? '"delta":{}' : '"text":""';
    return `data: {${this.#common},"choices":[{"index":0,${change},"logprobs":null,"finish_reason":"${reason}"}]}\n\n`;
  }

  /** The message that tells the usage: its `choices` are empty. */
  usage(tokens: number): string {
    return `data: {${this.#common},"choices":[],${this.#usageField(tokens)}}\n\n`;
  }

  done(): string {
    return 'data: [DONE]\n\n';
  }

  garbage(): string {
    return `data: {${this.#common},"choices":[{"index"\n\n`;
  }

  error(): string {
    return `data: ${errorBody(ENGINE_FAILURE, 500)}\n\n`;
  }

  /** The whole answer, not streamed. */
  body(tokens: number, reason: string): string {
    const text = answerText(tokens);
    const answer =
      this.#request.api === 'chat'
        ? `"message":{"role":"assistant","content":"${text}"}`
        : `"text":"${text}"`;
    return `{${this.#common},"choices":[{"index":0,${answer},"logprobs":null,"finish_reason":"${reason}"}],${this.#usageField(tokens)}}`;
  }

  #usageField(tokens: number): string {
    const { promptTokens } = this.#request;
    return `"usage":{"prompt_tokens":${promptTokens},"completion_tokens":${tokens},"total_tokens":${promptTokens + tokens}}`;
  }
}

export const ENGINE_FAILURE = 'mock server failure: the engine died';

/** An error as OpenAI's servers tell it. */
export function errorBody(message: string, status: number): string {
  return ascii(
    JSON.stringify({
      error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', code: status },
    }),
  );
}

/** JSON in ASCII: a character is a byte. */
function ascii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
