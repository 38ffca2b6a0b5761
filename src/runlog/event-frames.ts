import { InferometerError } from '../core/errors.ts';
import { decodeBatch } from '../events/columnar-codec.ts';
import type { EventBatch } from '../events/event-batch.ts';
import { decodeMessages } from '../events/received-messages.ts';
import { decodeRecords } from '../events/read-records.ts';
import {
  type KeptNotes,
  type MessageFault,
  RecordBatches,
  type UnreadMessages,
} from '../events/record-batches.ts';
import { type Frame, FrameKind } from '../transport/frame.ts';
import { readLogOrigin, type LogOrigin } from './log-origin.ts';

export interface EventFramesOptions {
  /** What the header frame says, for a log whose own may be damaged. */
  readonly header?: LogOrigin | undefined;
  /** Which records of another wire tell their uuids and conversations; costs time. Default: none. */
  readonly notes?: KeptNotes;
  /** Told of each message or record of another wire that could not be read. */
  readonly onFault?: ((fault: MessageFault, frame: Frame) => void) | undefined;
}

/** What of a `reception` frame decides which events count. */
export interface ReceptionNews {
  readonly event?: unknown;
  readonly publisher?: unknown;
}

/**
 * The events in the frames of one log, whichever wire they came on. It has to be given every frame, in order: what a record means depends on
 * those before.
 */
export class EventFrames {
  readonly #options: EventFramesOptions;
  #header: LogOrigin | undefined;
  #records: RecordBatches | undefined;
  #frame: Frame | undefined;

  constructor(options: EventFramesOptions = {}) {
    this.#options = options;
    this.#header = options.header;
  }

  /** What could not be read of other wires so far. */
  get unread(): UnreadMessages {
    return this.#records?.unread ?? { records: 0, messages: 0 };
  }

  /**
   * The events of a frame, good until the next call; undefined for a frame of another kind. Throws `WireFormatError` for a body that is none,
   * and `INFEROMETER_RUNLOG_HEADER` for messages without a header that tells of their publishers.
   */
  batchOf(frame: Frame): EventBatch | undefined {
    switch (frame.kind) {
      case FrameKind.runHeader:
        this.#header ??= readLogOrigin(frame);
        return undefined;
      case FrameKind.events:
        return decodeBatch(frame.body);
      case FrameKind.messages:
        this.#frame = frame;
        return this.#recordBatches().decode(decodeMessages(frame.body));
      case FrameKind.records:
        return this.#recordBatches().adopt(decodeRecords(frame.body));
      case FrameKind.reception:
        this.noteReception(JSON.parse(Buffer.from(frame.body).toString('utf8')) as ReceptionNews);
        return undefined;
      default:
        return undefined;
    }
  }

  /** Whether one of several publishers has ended its session, or was given up. */
  hasEnded(publisher: number): boolean {
    return this.#records?.hasEnded(publisher) ?? false;
  }

  /**
   * The events in the body of a `messages` frame, before it is logged; undefined when their columns don't say all that was received. Whatever
   * becomes of it, these messages have been read: their frame is not to be given to {@link batchOf} any more.
   */
  read(messages: Uint8Array): EventBatch | undefined {
    const records = this.#recordBatches();
    const batch = records.decode(decodeMessages(messages));
    return records.wasPlain ? batch : undefined;
  }

  /** A publisher that was lost is not waited for any more, until the aggregator is started again. */
  noteReception({ event, publisher }: ReceptionNews): void {
    if (this.#header?.publishers?.length === undefined) return;
    if (event === 'resumed') this.#recordBatches().waitAgain();
    if (event === 'publisher_lost' && typeof publisher === 'number') this.#recordBatches().giveUp(publisher);
  }

  #recordBatches(): RecordBatches {
    if (this.#records !== undefined) return this.#records;
    const { originNs, publishers = [] } = this.#header ?? {};
    if (originNs === undefined || publishers.length === 0) {
      throw new InferometerError(
        'INFEROMETER_RUNLOG_HEADER',
        'result',
        'messages in the run log of a run whose header names no publishers',
      );
    }
    const { notes = 'none', onFault } = this.#options;
    this.#records = new RecordBatches({
      ...{ originNs, publishers: publishers.length, notes },
      ...(onFault && { onFault: (fault: MessageFault) => onFault(fault, this.#frame!) }),
    });
    return this.#records;
  }
}
