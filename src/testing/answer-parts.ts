import type { AnswerFrames, Ending } from './answer-frames.ts';
import type { AnswerFailure } from './failure-modes.ts';
import type { Reply } from './reply.ts';
import type { TruthEntry } from './truth-log.ts';

/** What an answer is made of, streamed or not. */
export interface AnswerParts {
  readonly reply: Reply;
  readonly frames: AnswerFrames;
  readonly entry: TruthEntry;
  readonly failure: AnswerFailure | undefined;
  readonly receivedNs: number;
  /** When each token is due, ns after `receivedNs`. */
  readonly tokenDueNs: Float64Array;
  readonly ending: Ending;
}
