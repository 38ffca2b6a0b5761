import type { EventKind } from '../../core/event-types.ts';
import type { RunMarkKind } from '../../core/run-history.ts';
import type { UntilEnd } from '../../core/until.ts';
import type { RunClock } from '../../core/time.ts';
import { buildEventBatch } from '../../events/batch-builder.ts';
import { encodeBatchFrame } from '../../events/columnar-codec.ts';
import type { RunLogWriter } from '../../runlog/append.ts';
import { FrameKind, type Frame } from '../../transport/frame.ts';
import type { MessagePublisher } from '../../transport/message.ts';
import { markFrame, untilFrame } from '../run-folder/run-marks.ts';
import type { SecretMask } from './secret-mask.ts';

export interface RunRecorderOptions {
  readonly writer: RunLogWriter;
  readonly publisher: MessagePublisher<Frame>;
  readonly clock: RunClock;
  readonly mask: SecretMask;
  /** Told of what the run itself records, apart from what its agents have recorded. */
  readonly onOwnFrame?: ((frame: Frame) => void) | undefined;
  /** Told once when the log cannot be written any more; what comes after is dropped, as nothing could be rebuilt from it. */
  readonly onFailure: (error: unknown) => void;
}

/** The one way of frames out of the run: into the log, and only then onto the bus. */
export class RunRecorder {
  readonly #options: RunRecorderOptions;
  #failed = false;
  #unrecordedFrames = 0;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
  }

  /** Frames dropped since the log could not be written. */
  get unrecordedFrames(): number {
    return this.#unrecordedFrames;
  }

  /** Takes an unsealed frame and passes it on, unread but for secrets, which are masked. */
  record(kind: FrameKind, bytes: Uint8Array): void {
    const frame = this.#take(kind, bytes);
    if (frame !== undefined) this.#options.onOwnFrame?.(frame);
  }

  /** The same for a frame from the log of an agent. */
  recordReceived(kind: FrameKind, bytes: Uint8Array): void {
    this.#take(kind, bytes);
  }

  #take(kind: FrameKind, bytes: Uint8Array): Frame | undefined {
    if (this.#failed) {
      this.#unrecordedFrames += 1;
      return undefined;
    }
    const { writer, publisher, mask, onFailure } = this.#options;
    mask.apply(kind, bytes);
    try {
      const frame = writer.append(kind, bytes);
      publisher.publish(frame);
      return frame;
    } catch (error) {
      this.#failed = true;
      this.#unrecordedFrames = 1;
      onFailure(error);
      return undefined;
    }
  }

  /** Records that something happened to the run: now, or at a time not far off. */
  recordMark(
    kind: RunMarkKind,
    {
      value = null,
      text = '',
      atNs = this.#options.clock.nowNs(),
    }: { readonly value?: number | null; readonly text?: string; readonly atNs?: number } = {},
  ): void {
    this.record(FrameKind.mark, markFrame({ at_ns: atNs, kind, value, text }));
  }

  /** Records how well the figures were known that may end the run. */
  recordUntil(end: UntilEnd, text: string): void {
    this.record(FrameKind.mark, untilFrame(end, text));
  }

  /** Records an event of the session itself, now. */
  recordSessionEvent(kind: EventKind): void {
    const batch = buildEventBatch([{ kind, timestampNs: this.#options.clock.nowNs() }]);
    this.record(FrameKind.events, encodeBatchFrame(batch));
  }
}
