import type { TextModelOutput } from '../core/model-output.ts';

/** One row of the dataset, columns already mapped: `prompt`, `system`, `messages`, `input_tokens`, `tools`, … */
export type SampleInput = Readonly<Record<string, unknown>>;

/** Options of a request that hold for the whole run; unset ones are left out of the body. */
export interface RequestOptions {
  readonly model: string;
  readonly streaming: boolean;
  /** Ask a streaming server for a last frame with token usage. */
  readonly includeUsage: boolean;
  readonly maxOutputTokens?: number;
}

/** A text as the UTF-8 it lies in. */
export interface TextSlice {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** How a sample ended, once its bytes are read. */
export interface FinalOutput {
  readonly output: TextModelOutput;
  /** The text of an output that is nothing else, where it lies so in the bytes read; there as long as these are. */
  readonly text?: TextSlice | undefined;
  readonly finishReason: string | null;
  /** Token counts as the server told them; NaN when it did not. */
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What one SSE message held: nothing to count, or a chunk of a channel (position in `CHANNELS` + 1). */
export const NO_CHUNK = 0;
export type ChunkCode = number;

/** Collects one streamed answer at a time; reused from sample to sample. */
export interface StreamAccumulator {
  /** Forgets the last sample. */
  reset(): void;
  /**
   * Takes the data of one SSE message (`buffer[start..end)`, no `data:`), which is only valid during the call.
   * Returns which chunk it held. Throws {@link ResponseFormatError} for a message that is no valid JSON object, or that reports an
   * error (`{"error": …}`).
   * @hot
   */
  onMessage(buffer: Uint8Array, start: number, end: number): ChunkCode;
  /** True once the terminator (`[DONE]`, or a finish reason for servers that send none) was seen. */
  readonly terminated: boolean;
  /** The answer so far; also for a stream that was cut short. */
  finish(): FinalOutput;
}

/** Reads the answers of one thread, the faster the longer it has seen how a server writes them. */
export interface AnswerReader {
  /** One for each stream that is read at the same time. */
  createAccumulator(): StreamAccumulator;
  /**
   * The answer in a body that is not streamed, `buffer[start..end)`, which is only looked at during the call. Throws
   * {@link ResponseFormatError}.
   * @hot
   */
  readBody(buffer: Uint8Array, start: number, end: number): FinalOutput;
}

/** Speaks one text API: pure, knows no socket. */
export interface ApiAdapter {
  readonly name: string;
  /** Joined to the endpoint's own path, e.g. `v1/chat/completions`. */
  readonly path: string;
  /** The request as a JSON value. Throws `InferometerError` (input) naming what the row lacks. */
  requestBody(row: SampleInput, options: RequestOptions): Record<string, unknown>;
  createReader(): AnswerReader;
}

/** The endpoint answered 2xx with something that is no answer. Data, not a crash: becomes the sample's ERROR. */
export class ResponseFormatError extends Error {
  readonly errorType: 'malformed_response' | 'server_error';
  constructor(errorType: 'malformed_response' | 'server_error', message: string) {
    super(message);
    this.name = 'ResponseFormatError';
    this.errorType = errorType;
  }
}

/** Most bytes of an answer: of its body, or of the texts and tool calls of a stream. A frame of the run log has room for as much. */
export const MAX_ANSWER_BYTES = 2 ** 26;

export function answerTooLong(): ResponseFormatError {
  return new ResponseFormatError('malformed_response', `an answer longer than ${MAX_ANSWER_BYTES} bytes`);
}
