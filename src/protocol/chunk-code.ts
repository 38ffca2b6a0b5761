import { type Channel, CHANNELS } from '../core/event-types.ts';

/**
 * What one message of a stream brought to one choice: the channels it added to, one bit each (position in `CHANNELS`), and above them
 * the number of the choice. A number, so that a chunk allocates nothing.
 */
export type ChunkCode = number;

/** The message brought no text and no tool call. */
export const NO_CHUNK: ChunkCode = 0;

const CHOICE_SHIFT = CHANNELS.length;
const CHANNEL_MASK = (1 << CHOICE_SHIFT) - 1;

/** The bit of a channel. */
export function channelBit(channel: Channel): number {
  return 1 << CHANNELS.indexOf(channel);
}

export const CONTENT_CHUNK: ChunkCode = channelBit('content');
export const REASONING_CHUNK: ChunkCode = channelBit('reasoning');
export const TOOL_CHUNK: ChunkCode = channelBit('tool');
export const REFUSAL_CHUNK: ChunkCode = channelBit('refusal');

/** `channels`: bits of {@link channelBit}; none of them makes it {@link NO_CHUNK}, whatever the choice. @hot */
export function chunkOf(choice: number, channels: number): ChunkCode {
  return channels === 0 ? NO_CHUNK : (choice << CHOICE_SHIFT) | channels;
}

/** @hot */
export function choiceOfChunk(chunk: ChunkCode): number {
  return chunk >> CHOICE_SHIFT;
}

/** @hot */
export function channelsOfChunk(chunk: ChunkCode): number {
  return chunk & CHANNEL_MASK;
}
