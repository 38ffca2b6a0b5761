import type { ChatFrames } from './chat-frames.ts';
import type { AnswerFailure } from './failure-modes.ts';
import type { Reply } from './reply.ts';
import type { TruthEntry } from './truth-log.ts';

/** What an answer is made of, streamed or not. */
export interface AnswerParts {
  readonly reply: Reply;
  readonly frames: ChatFrames;
  readonly entry: TruthEntry;
  readonly failure: AnswerFailure | undefined;
  readonly receivedNs: number;
  /** When each token is due, ns after `receivedNs`. */
  readonly tokenDueNs: Float64Array;
  readonly finishReason: string;
}
