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

const PLACE = { item_id: 'msg_mock', output_index: 0, content_index: 0 };

/** Answers as OpenAI's Responses API sends them. */
export class ResponsesFrames implements AnswerFrames {
  readonly contentType = 'text/event-stream';
  readonly errorBody = errorBody;
  readonly #request: CompletionRequest;
  readonly #common: object;
  #sequence = 0;

  constructor(request: CompletionRequest, index: number, created: number) {
    this.#request = request;
    this.#common = {
      id: `resp_mock_${index}`,
      object: 'response',
      created_at: created,
      model: request.model,
    };
  }

  begin(): readonly string[] {
    const response = { ...this.#common, status: 'in_progress', error: null, output: [], usage: null };
    return [
      this.#event('response.created', { response }),
      this.#event('response.output_item.added', { output_index: 0, item: itemOf('in_progress', []) }),
      this.#event('response.content_part.added', { ...PLACE, part: partOf('') }),
    ];
  }

  token(position: number): string {
    return this.#event('response.output_text.delta', { ...PLACE, delta: tokenText(position) });
  }

  end(tokens: number, ending: Ending): readonly string[] {
    const text = answerText(tokens);
    const response = this.#response(tokens, ending);
    return [
      this.#event('response.output_text.done', { ...PLACE, text }),
      this.#event('response.content_part.done', { ...PLACE, part: partOf(text) }),
      this.#event('response.output_item.done', {
        output_index: 0,
        item: itemOf('completed', [partOf(text)]),
      }),
      this.#event(`response.${response.status}`, { response }),
    ];
  }

  garbage(): readonly string[] {
    return ['event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta"\n\n'];
  }

  error(): readonly string[] {
    const response = {
      ...this.#common,
      ...{ status: 'failed', error: { code: 'server_error', message: ENGINE_FAILURE }, output: [] },
    };
    return [this.#event('response.failed', { response })];
  }

  empty(): readonly string[] {
    return [];
  }

  body(tokens: number, ending: Ending): string {
    return asciiJson(this.#response(tokens, ending));
  }

  #response(tokens: number, ending: Ending) {
    const { promptTokens } = this.#request;
    return {
      ...this.#common,
      status: ending === 'length' ? 'incomplete' : 'completed',
      error: null,
      incomplete_details: ending === 'length' ? { reason: 'max_output_tokens' } : null,
      output: [itemOf('completed', [partOf(answerText(tokens))])],
      usage: { input_tokens: promptTokens, output_tokens: tokens, total_tokens: promptTokens + tokens },
    };
  }

  #event(type: string, fields: object): string {
    return sseMessage({ type, sequence_number: this.#sequence++, ...fields }, type);
  }
}

function itemOf(status: string, content: readonly object[]): object {
  return { id: PLACE.item_id, type: 'message', status, role: 'assistant', content };
}

function partOf(text: string): object {
  return { type: 'output_text', text, annotations: [] };
}
