import type { ConsumerMessages } from '@nats-io/jetstream';
import { FrameOrder } from '../../cluster/frame-order.ts';
import { indexOfSubject, runSubjects, streamName } from '../../cluster/subjects.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import { FrameKind, openFrame, type Frame } from '../../transport/frame.ts';
import { partOf } from './frame-messages.ts';
import type { NatsPlace } from './nats-place.ts';

/** Behind the header, which is not published. */
const FIRST_FRAME = 1;
const FETCHED_MESSAGES = 256;
/** A request for messages lives so long; NATS tells half as often that it is there, and a request is repeated when it does not. */
const REQUEST_MS = 2000;

/** What an agent may add to the run: what its engine recorded, and its news. */
const AGENT_KINDS: ReadonlySet<FrameKind> = new Set([
  FrameKind.events,
  FrameKind.windows,
  FrameKind.health,
  FrameKind.mark,
  FrameKind.agent,
]);

export interface FrameReceiverOptions {
  readonly place: NatsPlace;
  readonly runId: string;
  readonly agents: number;
  /** A frame of an agent's log, each once and in its order; it may be kept and changed. */
  readonly onFrame: (frame: Frame, agent: number) => void;
  /** Told once when the stream can't be read any more. */
  readonly onFailure: (error: Error) => void;
}

/** Reads the stream of a run, through restarts of NATS, and gives each agent's frames in the order of its log. */
export class FrameReceiver {
  readonly #options: FrameReceiverOptions;
  readonly #orders: readonly FrameOrder[];
  readonly #messages: ConsumerMessages;
  #refused = 0;
  #isClosed = false;

  private constructor(options: FrameReceiverOptions, messages: ConsumerMessages) {
    this.#options = options;
    this.#messages = messages;
    this.#orders = Array.from({ length: options.agents }, () => new FrameOrder(FIRST_FRAME));
    this.#run().then(
      () => this.#onEnd('NATS ended the reading'),
      (error: unknown) => this.#onEnd(errorText(error)),
    );
  }

  static async open(options: FrameReceiverOptions): Promise<FrameReceiver> {
    const { place, runId } = options;
    // Without a filter, which servers before 2.10 don't take for consumers in order; the coordinator's own frames are few.
    const consumer = await place.js.consumers.get(streamName(runId), {});
    return new FrameReceiver(
      options,
      await consumer.consume({ max_messages: FETCHED_MESSAGES, expires: REQUEST_MS }),
    );
  }

  /** Frames that were no frames of a run log, or of a kind that no agent records. */
  get refused(): number {
    return this.#refused;
  }

  /** Messages that were there before. */
  get repeated(): number {
    return this.#orders.reduce((sum, { repeated }) => sum + repeated, 0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#messages.close();
  }

  #onEnd(why: string): void {
    if (this.#isClosed) return;
    const text = `the stream of the run cannot be read any more (${why})`;
    this.#options.onFailure(new InferometerError('INFEROMETER_NATS_STREAM', 'execution', text));
  }

  async #run(): Promise<void> {
    const { coordinatorsFrames } = runSubjects(this.#options.runId);
    for await (const message of this.#messages) {
      if (message.subject === coordinatorsFrames) continue;
      const agent = indexOfSubject(message.subject);
      const part = partOf(message.headers, message.data);
      const order = this.#orders[agent];
      if (part === undefined || order === undefined) {
        this.#refused += 1;
        continue;
      }
      for (const bytes of order.take(part)) {
        const frame = openFrame(bytes);
        if (typeof frame === 'string' || !AGENT_KINDS.has(frame.kind)) this.#refused += 1;
        else this.#options.onFrame(frame, agent);
      }
    }
  }
}
