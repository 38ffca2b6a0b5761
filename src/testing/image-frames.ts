import { type AnswerFrames, asciiJson, ENGINE_FAILURE, sseMessage } from './answer-frames.ts';
import { errorBody } from './chat-frames.ts';
import type { CompletionRequest } from './completion-request.ts';

/** Of every image. */
export const MOCK_IMAGE_BYTES = 3000;
const IMAGE = Buffer.alloc(MOCK_IMAGE_BYTES, 7).toString('base64');

/** Images, as many as were asked for. A token of the stream is a partial image. */
export class ImageFrames implements AnswerFrames {
  readonly contentType = 'text/event-stream';
  readonly errorBody = errorBody;
  readonly #request: CompletionRequest;

  constructor(request: CompletionRequest) {
    this.#request = request;
  }

  begin(): readonly string[] {
    return [': begun\n\n'];
  }

  token(position: number): string {
    return event('partial_image', { b64_json: IMAGE, partial_image_index: position });
  }

  end(): readonly string[] {
    return Array.from({ length: this.#items }, () =>
      event('completed', { b64_json: IMAGE, usage: this.#usage }),
    );
  }

  garbage(): readonly string[] {
    return ['event: image_generation.completed\ndata: {"b64_js\n\n'];
  }

  error(): readonly string[] {
    return [sseMessage({ type: 'error', error: { message: ENGINE_FAILURE } }, 'error')];
  }

  empty(): readonly string[] {
    return [];
  }

  body(): string {
    const data = Array.from({ length: this.#items }, () => ({ b64_json: IMAGE }));
    return asciiJson({ created: 1, data, usage: this.#usage });
  }

  get #items(): number {
    return this.#request.items ?? 1;
  }

  get #usage(): object {
    const { promptTokens } = this.#request;
    return { input_tokens: promptTokens, output_tokens: 272, total_tokens: promptTokens + 272 };
  }
}

function event(kind: string, fields: object): string {
  const type = `image_generation.${kind}`;
  return sseMessage({ type, ...fields }, type);
}
