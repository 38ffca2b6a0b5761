import { setTimeout as sleep } from 'node:timers/promises';
import { EventKind } from '../../core/event-types.ts';
import type { Log } from '../../core/log.ts';
import { decodeBatch } from '../../events/columnar-codec.ts';
import { RunLogFollower } from '../../runlog/follow.ts';
import { FRAME_CODEC } from '../../transport/frame-codec.ts';
import { type Frame, FrameKind } from '../../transport/frame.ts';
import { bindPublisher, type ZmqPublisher } from '../../transport/zmq/publisher.ts';
import { frameMessages, type FrameMessages } from './frame-messages.ts';
import type { EventBusOptions } from './messages.ts';

/** How late an event is on the bus, at most, when its subscribers keep up. */
const LOG_POLL_MS = 20;
/** Messages that wait for a subscriber; beyond them the log waits. A batch of records takes some 300 KB. */
const SEND_HIGH_WATER_MARK = 16;
const LINGER_MS = 10_000;
/** What subscribers have to take the last messages and to leave, as those of the reference do at the end of a session. */
const LEAVE_MS = 5000;
const RETRY_MS = 5;
/** A subscriber that takes nothing for so long is waited for no longer. */
const STALLED_MS = 10_000;
/** What somebody who attaches to a very short run has. */
const FIRST_SUBSCRIBER_GRACE_MS = 2000;
/** For what the run wrote last, when its process has died. */
const LAST_WORDS_MS = 500;

/** What an event bus hears of the run. */
export interface BusyRun {
  /** How many frames the run log has, once the run is over. */
  readonly allFrames: Promise<number>;
  /** Its process ended, in any way. */
  readonly gone: Promise<void>;
}

/**
 * A bus with every event of a run, for subscribers that have no access to its log. It follows the log, not the run: the log is its buffer,
 * so the run neither waits for a subscriber nor notices it, and the first subscriber gets everything from the run's start, whenever it comes.
 * A subscriber that is behind is waited for; one that takes nothing for 10 s is disconnected.
 */
export class EventBus {
  readonly #options: EventBusOptions;
  readonly #publisher: ZmqPublisher<Frame>;
  readonly #log: Log;
  readonly #leaving = new AbortController();

  private constructor(options: EventBusOptions, publisher: ZmqPublisher<Frame>, log: Log) {
    this.#options = options;
    this.#publisher = publisher;
    this.#log = log;
  }

  /**
   * `stalledMs`: how long a subscriber that takes nothing is waited for. Throws `INFEROMETER_TRANSPORT_BIND` and
   * `INFEROMETER_TRANSPORT_ADDRESS` (setup).
   */
  static async open(options: EventBusOptions, log: Log, stalledMs = STALLED_MS): Promise<EventBus> {
    const publisher = await bindPublisher(FRAME_CODEC, options.address, {
      sendHighWaterMark: SEND_HIGH_WATER_MARK,
      lingerMs: LINGER_MS,
      lossless: {
        stalledMs,
        onStalled: () =>
          log.warning(
            `a subscriber of the events took nothing for ${stalledMs / 1000} s and was disconnected; it misses events`,
          ),
      },
      parentDirectory: options.socketDirectory,
    });
    return new EventBus(options, publisher, log);
  }

  /** Where to subscribe. */
  get address(): string {
    return this.#publisher.address;
  }

  /** Publishes the run up to its end, or to the end of its process. Call once. */
  async publish(run: BusyRun): Promise<void> {
    const follower = new RunLogFollower({
      path: this.#options.logPath,
      pollMs: LOG_POLL_MS,
      log: this.#log,
    });
    void run.allFrames.then((frames) => follower.endAt(frames));
    void run.gone.then(async () => {
      await sleep(LAST_WORDS_MS, undefined, { ref: false });
      this.#leaving.abort();
      follower.stop();
    });
    let messages: FrameMessages | undefined;
    try {
      if (!(await this.#firstSubscriber(run))) return;
      await follower.run(async (frame) => {
        messages ??= frameMessages(this.#options.wire, this.#options.logPath);
        for (const message of messages.messagesOf(frame, follower.offset)) await this.#deliver(message);
        if (isRunEnd(frame)) follower.stop();
      });
      await this.#publisher.waitUntilAlone(LEAVE_MS);
    } finally {
      messages?.close();
      await this.#publisher.close();
    }
  }

  /** False when the run ended and nobody had come. */
  async #firstSubscriber({ allFrames, gone }: BusyRun): Promise<boolean> {
    const over = Promise.race([allFrames, gone]).then(() => sleep(FIRST_SUBSCRIBER_GRACE_MS));
    const hasCome = await Promise.race([this.#publisher.waitForSubscribers(1), over.then(() => false)]);
    if (!hasCome) this.#log.info(`nobody subscribed to the events at ${this.address}`);
    return hasCome;
  }

  async #deliver(message: Uint8Array): Promise<void> {
    while (!(await this.#publisher.sendMessage(message)) && !this.#leaving.signal.aborted) {
      await sleep(RETRY_MS);
    }
  }
}

function isRunEnd(frame: Frame): boolean {
  return frame.kind === FrameKind.events && decodeBatch(frame.body).kinds.includes(EventKind.sessionEnded);
}
