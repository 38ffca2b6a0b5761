import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamState } from '../../cluster/messages.ts';
import type { Log } from '../../core/log.ts';
import { errorText } from '../../core/errors.ts';
import { RunLogCursor } from '../../runlog/cursor.ts';
import { FrameKind } from '../../transport/frame.ts';
import type { NatsPlace } from './nats-place.ts';
import { partBytesOf, partsOf, publishPart } from './frame-messages.ts';
import { streamStateOf } from './run-stream.ts';

/** Frames, and bytes of them, on their way to the stream at a time. */
export const WINDOW_FRAMES = 64;
const WINDOW_BYTES = 8 * 2 ** 20;
const RETRY_MS = 500;
/** How often the log is looked at when nothing says that it has grown. */
const LOOK_MS = 20;

export interface FrameShipperOptions {
  readonly place: NatsPlace;
  readonly runId: string;
  readonly logPath: string;
  readonly subject: string;
  /** Names the run and its agent in the ids of messages. */
  readonly publisher: string;
  /** The stream has all frames before this one; default: none. */
  readonly fromSeq?: number;
  readonly log: Log;
}

/**
 * Publishes the frames of a run log, which is its buffer: a stream that is slow, full or away holds up nothing but this. The header is
 * not published.
 *
 * At most {@link WINDOW_FRAMES} frames are in memory. A frame is published until the stream has it; one that comes twice has the same id.
 */
export class FrameShipper {
  readonly #options: FrameShipperOptions;
  readonly #cursor: RunLogCursor;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  #inFlightBytes = 0;
  #shipped = 0;
  #wanted: number | undefined;
  #isClosed = false;
  #hasTold = false;
  #streamState: StreamState = 'ok';
  #advancedMs = performance.now();

  private constructor(options: FrameShipperOptions, cursor: RunLogCursor) {
    this.#options = options;
    this.#cursor = cursor;
    this.#loop = this.#run();
    this.#loop.catch((error: unknown) =>
      options.log.error(`the run log is not published: ${errorText(error)}`),
    );
  }

  static async open(options: FrameShipperOptions): Promise<FrameShipper> {
    return new FrameShipper(options, await RunLogCursor.open(options.logPath));
  }

  /** Frames that the stream has, the header counted with them. */
  get shipped(): number {
    return this.#shipped;
  }

  /** As the last frame that was published found it. */
  get streamState(): StreamState {
    return this.#streamState;
  }

  /**
   * Resolves with true once all of the first `frames` frames are in the stream. Resolves with false when the stream won't take them any
   * more, or when `mayGiveUp` says so, which is told for how long the stream has taken nothing. Rejects when the log cannot be read.
   */
  async endAt(frames: number, mayGiveUp: (stalledMs: number) => boolean): Promise<boolean> {
    this.#wanted = frames;
    this.#advancedMs = performance.now();
    const shipped = this.#loop.then(() => true);
    for (;;) {
      const look = new AbortController();
      const isThere = await Promise.race([
        shipped,
        sleep(LOOK_MS, undefined, { signal: look.signal }).catch(() => undefined),
      ]);
      look.abort();
      if (isThere === true) return true;
      if (this.#streamState !== 'ok' || mayGiveUp(performance.now() - this.#advancedMs)) return false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#loop.catch(() => undefined);
    await this.#cursor.close();
  }

  async #run(): Promise<void> {
    const { fromSeq = 0 } = this.#options;
    const partBytes = partBytesOf(this.#options.place.connection.info?.max_payload ?? 0);
    while (!this.#isClosed) {
      if (this.#wanted !== undefined && this.#shipped >= this.#wanted) return;
      const isFull = this.#inFlight.size >= WINDOW_FRAMES || this.#inFlightBytes >= WINDOW_BYTES;
      if (isFull) {
        await Promise.race(this.#inFlight);
        continue;
      }
      const frame = await this.#cursor.next();
      if (frame === undefined) await sleep(LOOK_MS);
      else if (frame.kind === FrameKind.runHeader || frame.seq < fromSeq) this.#shipped += 1;
      else this.#ship(frame.seq, frame.bytes.slice(), partBytes);
    }
  }

  #ship(seq: number, bytes: Uint8Array, partBytes: number): void {
    const { place, subject, publisher } = this.#options;
    this.#inFlightBytes += bytes.length;
    const parts = partsOf(seq, bytes, partBytes);
    const shipping = Promise.all(
      parts.map((part) => this.#untilThere(() => publishPart(place.js, subject, publisher, part))),
    ).then(() => {
      this.#shipped += 1;
      this.#advancedMs = performance.now();
      this.#inFlightBytes -= bytes.length;
      this.#inFlight.delete(shipping);
    });
    this.#inFlight.add(shipping);
  }

  async #untilThere(publish: () => Promise<void>): Promise<void> {
    while (!this.#isClosed) {
      try {
        await publish();
        this.#streamState = 'ok';
        return;
      } catch (error) {
        this.#streamState = await streamStateOf(this.#options.place, this.#options.runId, error);
        if (!this.#hasTold) {
          this.#options.log.warning(
            `NATS does not take frames at the moment (${errorText(error)}); they wait in the run log, and the load goes on`,
          );
        }
        this.#hasTold = true;
        await sleep(RETRY_MS);
      }
    }
  }
}
