import { EventKind, REFERENCE_TOPIC_COUNT } from '../../core/event-types.ts';
import { decodeBatch } from '../../events/columnar-codec.ts';
import { OpenTurns } from '../../events/open-turns.ts';
import { EventRecordCodec } from '../../events/record-codec.ts';
import { recordAt } from '../../events/record-fields.ts';
import type { EventRecord } from '../../events/event-batch.ts';
import { PromptIndex } from '../../runlog/prompt-index.ts';
import { packSingle } from '../../transport/batch-frame.ts';
import { FrameBatcher } from '../../transport/frame-batcher.ts';
import { FRAME_CODEC } from '../../transport/frame-codec.ts';
import { type Frame, FRAME_HEADER_BYTES, FrameKind } from '../../transport/frame.ts';
import { decodeRunHeader } from '../run-folder/run-header.ts';
import type { EventWire } from './wires.ts';

/** Turns the frames of one run, in order, into the messages of a bus. */
export interface FrameMessages {
  /** The messages of a frame that begins at byte `offset` of the log; they share nothing with it. */
  messagesOf(frame: Frame, offset: number): readonly Uint8Array[];
  close(): void;
}

export function frameMessages(wire: EventWire, logPath: string): FrameMessages {
  return wire === 'ours' ? OUR_MESSAGES : new RecordMessages(logPath);
}

const OUR_MESSAGES: FrameMessages = {
  messagesOf: (frame) => [packSingle(FRAME_CODEC.encode(frame))],
  close: () => undefined,
};

/** Records in a batch at most, as the reference's publisher has them. */
const BATCH_RECORDS = 1000;

/**
 * The records of a run as the reference's publisher sends them: an event of the session by itself, others in batches. Issued records
 * carry their prompt, which is read from the log. What the reference's readers don't know is left out: frames that are no events,
 * and event types that are ours. 2 to 3 µs a record.
 */
class RecordMessages implements FrameMessages {
  readonly #prompts: PromptIndex;
  #batcher: FrameBatcher<EventRecord> | undefined;
  #messages: Uint8Array[] = [];

  constructor(logPath: string) {
    this.#prompts = new PromptIndex(logPath);
  }

  messagesOf(frame: Frame, offset: number): readonly Uint8Array[] {
    if (frame.kind === FrameKind.events) this.#publish(frame);
    else if (frame.kind === FrameKind.prompts) this.#prompts.add(frame, offset + FRAME_HEADER_BYTES);
    else if (frame.kind === FrameKind.runHeader) this.#begin(frame);
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  close(): void {
    this.#prompts.close();
  }

  #begin(frame: Frame): void {
    const { run_id: runId, origin_ns: originNs } = decodeRunHeader(frame);
    const codec = new EventRecordCodec({
      ...{ runId, originNs: BigInt(originNs), writesExtras: true },
      promptOf: (row) => this.#prompts.promptOf(row),
      turns: new OpenTurns(),
    });
    this.#batcher = new FrameBatcher(codec, BATCH_RECORDS, (message) => this.#messages.push(message));
  }

  #publish(frame: Frame): void {
    const batch = decodeBatch(frame.body);
    for (let i = 0; i < batch.count; i++) {
      if (batch.kinds[i]! >= REFERENCE_TOPIC_COUNT) continue;
      this.#batcher?.publish(recordAt(batch, i));
      if (batch.kinds[i] === EventKind.sessionEnded) break;
    }
    this.#batcher?.flush();
  }
}
