import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { RunLogWriter } from '../../runlog/append.ts';
import { type Frame, type FrameKind, frameOf } from '../../transport/frame.ts';
import type { RunFold } from '../fold/run-fold.ts';

export interface LoggedFoldOptions {
  readonly writer: RunLogWriter;
  readonly fold: Pick<RunFold, 'handle' | 'ended'>;
  /** Told once when the log cannot be written any more: from then on nothing is taken. */
  readonly onFailure: (error: unknown) => void;
  /** Told once when the session has ended. */
  readonly onEnded: () => void;
  readonly log: Log;
}

/** Most that waits in memory to be folded before whoever brings more has to wait, bytes. */
const MAX_WAITING_BYTES = 2 ** 26;

/** Frames into the log, and only then into the metrics, in order. */
export class LoggedFold {
  readonly #options: LoggedFoldOptions;
  /** Frames that wait for one before them, such as the header while it loads a tokenizer. */
  readonly #waiting: Frame[] = [];
  #waitingBytes = 0;
  #isBusy = false;
  #isClosed = false;
  #unrecordedFrames = 0;
  #idle = Promise.withResolvers<void>();

  constructor(options: LoggedFoldOptions) {
    this.#options = options;
    this.#idle.resolve();
  }

  /** Frames that arrived and could not be written into the log. */
  get unrecordedFrames(): number {
    return this.#unrecordedFrames;
  }

  /** Resolves when there is room for more frames; undefined when there is now. */
  get room(): Promise<void> | undefined {
    return this.#waitingBytes > MAX_WAITING_BYTES ? this.#idle.promise : undefined;
  }

  /** Takes an unsealed frame, whose bytes may be used again afterwards. */
  record(kind: FrameKind, bytes: Uint8Array): void {
    if (this.#unrecordedFrames > 0) this.#unrecordedFrames += 1;
    if (this.#isClosed) return;
    let frame: Frame;
    try {
      frame = this.#options.writer.append(kind, bytes);
    } catch (error) {
      this.#isClosed = true;
      this.#unrecordedFrames = 1;
      this.#options.onFailure(error);
      return;
    }
    this.fold(frame);
  }

  /** Folds a frame that is in the log. */
  fold(frame: Frame): void {
    if (this.#isBusy) {
      this.#waiting.push(frameOf(frame.kind, frame.seq, frame.body));
      this.#waitingBytes += frame.bytes.length;
    } else this.#handle(frame);
  }

  /** Takes nothing any more; resolves when all that was taken is folded. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#idle.promise;
  }

  #handle(frame: Frame): void {
    const { fold, onEnded } = this.#options;
    const hadEnded = fold.ended;
    try {
      const handled = fold.handle(frame);
      if (handled !== undefined) void this.#waitFor(handled, frame);
    } catch (error) {
      this.#leaveOut(frame, error);
    }
    if (fold.ended && !hadEnded) onEnded();
  }

  async #waitFor(handled: Promise<void>, frame: Frame): Promise<void> {
    this.#isBusy = true;
    this.#idle = Promise.withResolvers();
    await handled.catch((error: unknown) => this.#leaveOut(frame, error));
    this.#isBusy = false;
    while (!this.#isBusy) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#waitingBytes -= next.bytes.length;
      this.#handle(next);
    }
    if (!this.#isBusy) this.#idle.resolve();
  }

  #leaveOut({ seq }: Frame, error: unknown): void {
    this.#options.log.error(`frame ${seq} of the run log is left out of the metrics: ${errorText(error)}`);
  }
}
