import { CHANNELS, type Channel } from '../core/event-types.ts';
import type { ToolCall } from '../core/model-output.ts';
import type { ChunkCode } from './adapter.ts';
import { isJsonObject, type JsonObject, malformed } from './json.ts';

export const CONTENT_CHUNK = CHANNELS.indexOf('content') + 1;
export const REASONING_CHUNK = CHANNELS.indexOf('reasoning') + 1;
export const TOOL_CHUNK = CHANNELS.indexOf('tool') + 1;

/** The text of a choice in a frame. */
export interface DeltaText {
  readonly channel: Exclude<Channel, 'tool'>;
  /** Not empty. */
  readonly text: string;
}

/** What the first choice of a frame brought. */
export interface Delta {
  readonly text: DeltaText | null;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: string | null;
}

/** Reads a choice of a frame. Throws `ResponseFormatError` for one of another shape. */
export type DeltaReader = (choice: JsonObject) => Delta;

/** What a frame brought; null when it has no choice. Throws `ResponseFormatError` for one of another shape. */
export function deltaOf(frame: JsonObject, readDelta: DeltaReader): Delta | null {
  const choices = frame.choices ?? [];
  if (!Array.isArray(choices)) throw malformed('choices: wanted a list');
  const [choice] = choices as readonly unknown[];
  if (choice === undefined) return null;
  if (!isJsonObject(choice)) throw malformed('choices[0]: wanted an object');
  return readDelta(choice);
}

export function chunkCode({ channel }: DeltaText): ChunkCode {
  return channel === 'content' ? CONTENT_CHUNK : REASONING_CHUNK;
}
