import { type Frame, FRAME_TOPIC, openFrame } from './frame.ts';
import type { EncodedMessage, MessageCodec } from './message.ts';

/** Sealed frames of a run as messages, bytes passed through unread. A corrupt one is dropped: the run log has it. */
export const FRAME_CODEC: MessageCodec<Frame> = {
  encode(frame: Frame): EncodedMessage {
    return { topic: FRAME_TOPIC, payload: frame.bytes };
  },

  decode(payload: Uint8Array): Frame {
    const frame = openFrame(payload);
    if (typeof frame === 'string') throw new CorruptFrameError(frame);
    return frame;
  },

  onDecodeError(error: unknown): undefined {
    if (!(error instanceof CorruptFrameError)) throw error;
  },
};

class CorruptFrameError extends Error {
  override readonly name = 'CorruptFrameError';
}
