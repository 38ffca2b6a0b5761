import type { Frame } from '../transport/frame.ts';
import type { LogLosses } from './log-losses.ts';

/** Where the frames of a run that is over come from: its log, or what somebody else recorded. For one pass. */
export interface FrameSource {
  /** The file they are in. */
  readonly path: string;
  /** What was left out up to now; complete once {@link frames} has ended. */
  readonly losses: LogLosses;
  /** Where the frame given last begins, bytes. */
  readonly offset: number;
  /** The frames in order, the run's header first. A frame is valid until the next is asked for. */
  frames(): AsyncGenerator<Frame, void, undefined>;
  /** Takes back a frame that {@link frames} gave: its content turned out to be unusable. */
  leaveOut(frame: Frame, cause: unknown): void;
}
