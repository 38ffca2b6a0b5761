import { ALSO_DONE, type FinalOutput, ResponseFormatError, type StreamAccumulator } from './adapter.ts';
import { type ChunkCode, CONTENT_CHUNK, NO_CHUNK } from './chunk-code.ts';
import { isBlankMessage, isDoneMessage } from './control-message.ts';
import { refuseLooseError } from './openai-reply.ts';

/** Reads the messages of one stream after another whose parts are counted instead of kept. */
export interface EventReader {
  /** Forgets the last stream. `asked`: see `choicesOf` of the adapter. */
  reset(asked: number): void;
  /** Whether the message holds some of what is streamed. Throws `ResponseFormatError` for one that can't be read, or that reports a failure. */
  read(buffer: Uint8Array, start: number, end: number, isNamed: boolean): boolean;
  /** The API's own end was seen. */
  readonly isDone: boolean;
  final(): FinalOutput;
  /** Why the stream, which has ended, is no complete response. */
  incompleteness(): ResponseFormatError | undefined;
}

/** A stream of which only the first part is an event: what comes first is measured, and the rest counted. */
export class EventAccumulator implements StreamAccumulator {
  moreChunks: readonly ChunkCode[] = [];
  readonly #reader: EventReader;
  #hasChunk = false;

  constructor(reader: EventReader) {
    this.#reader = reader;
  }

  get isDone(): boolean {
    return this.#reader.isDone;
  }

  reset(asked: number): void {
    this.#reader.reset(asked);
    this.#hasChunk = false;
    this.moreChunks = [];
  }

  onMessage(buffer: Uint8Array, start: number, end: number, isNamed: boolean): ChunkCode {
    if (!this.#reader.read(buffer, start, end, isNamed) || this.#hasChunk) {
      this.moreChunks = [];
      return NO_CHUNK;
    }
    this.#hasChunk = true;
    this.moreChunks = this.isDone ? ALSO_DONE : [];
    return CONTENT_CHUNK;
  }

  onLooseData(buffer: Uint8Array, start: number, end: number): void {
    refuseLooseError(buffer, start, end);
  }

  answer(): FinalOutput {
    return this.#reader.final();
  }

  incompleteness(): ResponseFormatError | undefined {
    return this.#reader.incompleteness();
  }
}

/** A message that says nothing: blank, or a terminator that gateways add. */
export function saysNothing(buffer: Uint8Array, start: number, end: number): boolean {
  return isBlankMessage(buffer, start, end) || isDoneMessage(buffer, start, end);
}

export function streamTruncated(): ResponseFormatError {
  return new ResponseFormatError('stream_truncated', 'the stream ended without the message that ends it');
}
