import { errorText, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { NatsPlace } from './nats-place.ts';
import { bytesInStream } from './run-stream.ts';

const LOOK_MS = 1000;
const WARNED_SHARE = 0.8;

export interface StreamWatchOptions {
  readonly place: NatsPlace;
  readonly runId: string;
  /** That the stream may hold. */
  readonly maxBytes: number;
  /** Whether the run has ended for such a reason already. */
  readonly isOver: () => boolean;
  /** Told once when the stream is gone. */
  readonly onFailure: (error: Error) => void;
  readonly log: Log;
}

/** Looks at the stream of a run once a second: warns before it is full, and tells when somebody has removed it. */
export class StreamWatch {
  readonly #options: StreamWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;
  #hasWarned = false;

  constructor(options: StreamWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { place, runId, log } = this.#options;
    if (this.#isLooking || this.#options.isOver() || place.connectedSinceMs === undefined) return;
    this.#isLooking = true;
    try {
      const bytes = await bytesInStream(place, runId);
      if (bytes === undefined) this.#onMissing();
      else this.#warnOf(bytes);
    } catch (error) {
      log.debug(`looking at the stream of the run: ${errorText(error)}`);
    } finally {
      this.#isLooking = false;
    }
  }

  #onMissing(): void {
    this.close();
    this.#options.onFailure(streamFailure('missing'));
  }

  #warnOf(bytes: number): void {
    const share = bytes / this.#options.maxBytes;
    if (this.#hasWarned || share < WARNED_SHARE || this.#options.isOver()) return;
    this.#hasWarned = true;
    this.#options.log.warning(
      `the stream of the run is ${Math.floor(share * 100)} % full; the run ends when it is full. Give the next one a larger --stream-size`,
    );
  }
}

/** Why a run can't go on without its stream. */
export function streamFailure(state: 'full' | 'missing'): InferometerError {
  const text =
    state === 'full'
      ? 'the stream of the run is full; give a larger --stream-size'
      : 'NATS no longer has the stream of the run; somebody removed it';
  return new InferometerError('INFEROMETER_NATS_STREAM', 'execution', text);
}
