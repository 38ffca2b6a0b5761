/** What reading a run log left out: the one count of it, whoever reads. */
export interface LogLosses {
  /** Frames given to the reader. */
  readonly frames: number;
  /** Frames that are missing by their numbers: between those given, and behind them where it is known how many were written. */
  readonly lostFrames: number;
  /** Bytes in places where no frame could be read. */
  readonly corruptBytes: number;
  /** Whole frames, checksum right, whose content is not what it must be. */
  readonly malformedFrames: number;
  /** Bytes behind the last whole frame, of one that was being written when the run died. */
  readonly tornBytes: number;
}

/** Whether something that was recorded could not be read. A torn tail was never recorded. */
export function isDamaged({ lostFrames, corruptBytes, malformedFrames }: LogLosses): boolean {
  return lostFrames > 0 || corruptBytes > 0 || malformedFrames > 0;
}
