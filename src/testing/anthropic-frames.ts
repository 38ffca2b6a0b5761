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

/** Answers as Anthropic's Messages API sends them. */
export class AnthropicFrames implements AnswerFrames {
  readonly contentType = 'text/event-stream';
  readonly errorBody = errorBody;
  readonly #request: CompletionRequest;
  readonly #common: object;

  constructor(request: CompletionRequest, index: number) {
    this.#request = request;
    this.#common = { id: `msg_mock_${index}`, type: 'message', role: 'assistant', model: request.model };
  }

  begin(): readonly string[] {
    const usage = { input_tokens: this.#request.promptTokens, output_tokens: 1 };
    const message = { ...this.#common, content: [], stop_reason: null, stop_sequence: null, usage };
    return [
      event('message_start', { message }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('ping', {}),
    ];
  }

  token(position: number): string {
    return event('content_block_delta', {
      index: 0,
      delta: { type: 'text_delta', text: tokenText(position) },
    });
  }

  end(tokens: number, ending: Ending): readonly string[] {
    return [
      event('content_block_stop', { index: 0 }),
      event('message_delta', {
        delta: { stop_reason: reasonOf(ending), stop_sequence: null },
        usage: { output_tokens: tokens },
      }),
      event('message_stop', {}),
    ];
  }

  garbage(): readonly string[] {
    return ['event: content_block_delta\ndata: {"type":"content_block_delta","delta"\n\n'];
  }

  error(): readonly string[] {
    return [event('error', { error: { type: 'api_error', message: ENGINE_FAILURE } })];
  }

  empty(): readonly string[] {
    return [];
  }

  body(tokens: number, ending: Ending): string {
    return asciiJson({
      ...this.#common,
      content: [{ type: 'text', text: answerText(tokens) }],
      stop_reason: reasonOf(ending),
      stop_sequence: null,
      usage: { input_tokens: this.#request.promptTokens, output_tokens: tokens },
    });
  }
}

function event(type: string, fields: object): string {
  return sseMessage({ type, ...fields }, type);
}

function reasonOf(ending: Ending): string {
  return ending === 'length' ? 'max_tokens' : 'end_turn';
}

function errorBody(message: string, status: number): string {
  const type = status < 500 ? 'invalid_request_error' : 'api_error';
  return asciiJson({ type: 'error', error: { type, message } });
}
