import type { ReportedTokens } from './adapter.ts';
import type { JsonObject } from './json.ts';
import type { MessageParts } from './openai-message.ts';

/** What one message of a stream says; whatever is left out, it does not say. */
export interface FrameNews {
  /** Which choice it is about; default 0. */
  readonly choice?: number;
  readonly parts?: Partial<MessageParts>;
  readonly finishReason?: string | null;
  /** Counts so far, not what was added. */
  readonly tokens?: ReportedTokens | undefined;
  /** The choice ends with this message, by the API's own terminator. */
  readonly ends?: boolean;
}

/** Reads the messages of one stream after another, one API's. */
export interface FrameReader {
  /** The API has no message that ends a stream: it is whole when its body is. */
  readonly endsUntold?: boolean;
  /** Forgets the last stream. */
  reset(): void;
  /** Throws `ResponseFormatError` for a message that it can't read, or that reports a failure. */
  read(frame: JsonObject): FrameNews;
}

export const NO_NEWS: FrameNews = {};

export const NO_PARTS: MessageParts = { content: '', reasoning: '', refusal: '', toolCalls: [] };
