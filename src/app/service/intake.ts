import { errorText } from '../../core/errors.ts';
import { countedText } from '../../core/quantity-text.ts';
import type { Log } from '../../core/log.ts';
import { monotonicNs, NS_PER_MS, NS_PER_SECOND } from '../../core/time.ts';
import { decodeRecords, encodeRecordsFrame } from '../../events/read-records.ts';
import { decodeMessages, encodeMessagesFrame } from '../../events/received-messages.ts';
import { firstTimestampNs } from '../../events/record-batches.ts';
import { EventFrames } from '../../runlog/event-frames.ts';
import {
  FRAME_HEADER_BYTES,
  FRAME_TOPIC,
  type Frame,
  FrameKind,
  openFrame,
  TOPIC_BYTES,
} from '../../transport/frame.ts';
import { frameCheck } from '../run-folder/frame-check.ts';
import { receptionFrame, type Reception } from '../run-folder/reception.ts';
import { decodeRunHeader, encodeRunHeader, publishersOf, type RunHeader } from '../run-folder/run-header.ts';

export interface IntakeOptions {
  readonly addresses: readonly string[];
  /** The header of the run, given CLOCK_MONOTONIC at its origin and, of a run of ours, the header that its publisher sent. */
  readonly headerOf: (originNs: bigint, published: RunHeader | undefined) => RunHeader;
  /** Puts an unsealed frame into the log, and folds it; its bytes may be used again afterwards. */
  readonly record: (kind: FrameKind, bytes: Uint8Array) => void;
  readonly log: Log;
}

/** A publisher whose first time is further from ours has another clock: another machine's, or it plays a recording. */
const SAME_CLOCK_NS = BigInt(10 * NS_PER_SECOND);

/** What a publisher speaks: records, as MLCommons endpoints does, or frames of a run of ours. */
type Wire = 'records' | 'frames';

interface Source {
  /** Of the record wire; undefined before the first time was read. */
  shiftNs: bigint | undefined;
  /** Number of the next frame of ours; undefined before the first. */
  nextFrame: number | undefined;
}

/**
 * Turns what publishers send into the frames of one run: readable records in columns, a quarter of their bytes; messages with
 * events of the session, and those that can't be read, as they were received; frames of a run of ours as they are, under new numbers. The
 * first message decides which it is; it also gives the run its origin, and so its header is written then.
 *
 * Frames of ours are folded from one publisher only: the samples of two runs have the same numbers.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #sources: Source[];
  readonly #check = frameCheck();
  /** Reads the records, as whoever reads the log will; there once the run has its header. */
  #events: EventFrames | undefined;
  #wire: Wire | undefined;
  #originNs: bigint | undefined;
  /** By this process. */
  #beganHere = false;
  /** What the clock of the run's origin is ahead of ours. */
  #aheadNs = 0n;
  /** What frames of messages are made in, one after another, and frames of records. */
  #messagesMemory: Buffer | undefined;
  #recordsMemory: Uint8Array | undefined;
  readonly #told = new Set<string>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#sources = options.addresses.map(() => ({ shiftNs: undefined, nextFrame: undefined }));
  }

  /** Whether the run has its header. */
  get hasBegun(): boolean {
    return this.#originNs !== undefined;
  }

  /** Gives the run its header although nothing has arrived. */
  begin(originNs: bigint): void {
    this.#begin(originNs, undefined);
  }

  /** Learns from a frame that an earlier process put into the log of this run. */
  learn(frame: Frame): void {
    this.#check(frame);
    if (frame.kind === FrameKind.runHeader) this.#setOrigin(decodeRunHeader(frame));
    else if (frame.kind === FrameKind.messages) {
      const { publisher, shiftNs } = decodeMessages(frame.body);
      this.#learnShift(publisher, shiftNs);
    } else if (frame.kind === FrameKind.records) {
      const { publisher, shiftNs } = decodeRecords(frame.body);
      this.#learnShift(publisher, shiftNs);
    } else if (frame.kind === FrameKind.events) this.#wire = 'frames';
    if (frame.kind !== FrameKind.events) this.#events?.batchOf(frame);
  }

  #learnShift(publisher: number, shiftNs: bigint): void {
    this.#wire = 'records';
    this.#sources[publisher]!.shiftNs = shiftNs;
  }

  /** Takes what a publisher sent, in order. */
  take(publisher: number, messages: readonly Uint8Array[]): void {
    let records: Uint8Array[] = [];
    const flush = () => {
      if (records.length > 0) this.#takeRecords(publisher, records);
      records = [];
    };
    for (const message of messages) {
      if (!isFrameMessage(message)) records.push(message);
      else {
        flush();
        this.#takeFrame(publisher, message.subarray(TOPIC_BYTES));
      }
    }
    flush();
  }

  /** Notes something that kept events from the log; nothing before there is a run. */
  note(reception: Reception): void {
    if (!this.hasBegun) return;
    this.#events?.noteReception(reception);
    this.#options.record(FrameKind.reception, receptionFrame(reception));
  }

  #takeRecords(publisher: number, messages: readonly Uint8Array[]): void {
    if (!this.#speaks(publisher, 'records', messages.length)) return;
    const source = this.#sources[publisher]!;
    if (source.shiftNs === undefined) {
      const timeNs = firstTimeOf(messages);
      if (!this.hasBegun) this.#begin(timeNs ?? monotonicNs(), undefined);
      if (timeNs !== undefined) source.shiftNs = this.#shiftOf(publisher, timeNs);
    }
    const shiftNs = source.shiftNs ?? 0n;
    this.#messagesMemory = encodeMessagesFrame(publisher, shiftNs, messages, this.#messagesMemory);
    const read = this.#events?.read(this.#messagesMemory.subarray(FRAME_HEADER_BYTES));
    if (read !== undefined) {
      this.#recordsMemory = encodeRecordsFrame(
        { publisher, messages: messages.length, shiftNs, batch: read },
        this.#recordsMemory,
      );
      // Nothing but messages made for it take more room in columns.
      if (this.#recordsMemory.length < this.#messagesMemory.length) {
        this.#options.record(FrameKind.records, this.#recordsMemory);
        return;
      }
    }
    this.#options.record(FrameKind.messages, this.#messagesMemory);
  }

  #takeFrame(publisher: number, payload: Uint8Array): void {
    if (!this.#speaks(publisher, 'frames', 1)) return;
    // A copy that is aligned, as columns are views.
    const frame = openFrame(new Uint8Array(payload));
    const fault = typeof frame === 'string' ? `a frame that is broken (${frame})` : this.#faultOf(frame);
    if (fault !== undefined || typeof frame === 'string') {
      this.#refuse(publisher, 1, fault ?? '');
      return;
    }
    const source = this.#sources[publisher]!;
    const { nextFrame = frame.kind === FrameKind.runHeader ? frame.seq : 0 } = source;
    // Came before.
    if (frame.seq < nextFrame) return;
    if (!this.hasBegun) {
      const published = frame.kind === FrameKind.runHeader ? decodeRunHeader(frame) : undefined;
      this.#begin(published === undefined ? monotonicNs() : BigInt(published.origin_ns), published);
    }
    if (frame.seq > nextFrame) this.#miss(publisher, frame.seq - nextFrame);
    source.nextFrame = frame.seq + 1;
    if (frame.kind !== FrameKind.runHeader) this.#options.record(frame.kind, frame.bytes);
  }

  /** What is wrong with a frame of ours, if anything is. */
  #faultOf(frame: Frame): string | undefined {
    if (frame.kind === FrameKind.messages || frame.kind === FrameKind.reception)
      return 'a frame of a run that was aggregated itself';
    try {
      // The header was checked when it was written, or is about to be.
      if (frame.kind === FrameKind.runHeader) decodeRunHeader(frame);
      else this.#check(frame);
      return undefined;
    } catch (error) {
      return `frame ${frame.seq}: ${errorText(error)}`;
    }
  }

  /** Frames that were sent before a resumed aggregator listened again are not counted: nothing tells how many there were. */
  #miss(publisher: number, count: number): void {
    const { addresses, log } = this.#options;
    if (this.#sources[publisher]!.nextFrame === undefined && !this.#beganHere) return;
    log.error(`${addresses[publisher]}: ${countedText(count, 'frame')} before the next one never arrived`);
    this.note({ event: 'frames_missed', publisher, count });
  }

  /** Whether a publisher may speak this wire. The first message of all decides. */
  #speaks(publisher: number, wire: Wire, messages: number): boolean {
    this.#wire ??= wire;
    if (this.#wire !== wire) {
      const other = wire === 'frames' ? 'frames of a run of Inferometer' : 'records of another program';
      this.#refuse(publisher, messages, `${other}, where the run has the other kind`);
      return false;
    }
    if (wire === 'records') return true;
    const first = this.#sources.findIndex(({ nextFrame }) => nextFrame !== undefined);
    if (first < 0 || first === publisher) return true;
    this.#refuse(
      publisher,
      messages,
      'a second run of Inferometer, whose samples have the same numbers; aggregate each by itself, then use compare',
    );
    return false;
  }

  #refuse(publisher: number, messages: number, why: string): void {
    const { addresses, log } = this.#options;
    const line = `${addresses[publisher]}: refused ${why}`;
    if (!this.#told.has(line)) log.error(line);
    this.#told.add(line);
    this.note({ event: 'message_refused', publisher, count: messages });
  }

  #begin(originNs: bigint, published: RunHeader | undefined): void {
    const header = this.#options.headerOf(originNs, published);
    this.#setOrigin(header);
    this.#beganHere = true;
    this.#options.record(FrameKind.runHeader, encodeRunHeader(header));
  }

  /** The wall clock tells how long ago the origin is, whichever process was at work then. */
  #setOrigin(header: RunHeader): void {
    const { run_id: runId, origin_ns: origin, started_at: startedAt } = header;
    this.#originNs = BigInt(origin);
    this.#events = new EventFrames({
      header: { runId, originNs: this.#originNs, publishers: publishersOf(header) },
      notes: 'firsts',
    });
    const sinceMs = Math.max(0, Date.now() - Date.parse(startedAt));
    this.#aheadNs = this.#originNs + BigInt(Math.round(sinceMs * NS_PER_MS)) - monotonicNs();
    // The same clock, as near as the wall clock tells.
    if (this.#aheadNs > -SAME_CLOCK_NS && this.#aheadNs < SAME_CLOCK_NS) this.#aheadNs = 0n;
  }

  /** What brings a publisher's clock to that of the origin. */
  #shiftOf(publisher: number, timeNs: bigint): bigint {
    const offNs = timeNs - (monotonicNs() + this.#aheadNs);
    if (offNs > -SAME_CLOCK_NS && offNs < SAME_CLOCK_NS) return 0n;
    const { addresses, log } = this.#options;
    log.info(`${addresses[publisher]}: has another clock; its times are counted from its first event`);
    return -offNs;
  }
}

function isFrameMessage(message: Uint8Array): boolean {
  if (message.length <= TOPIC_BYTES) return false;
  for (let i = 0; i < TOPIC_BYTES; i++) if (message[i] !== FRAME_TOPIC[i]) return false;
  return true;
}

function firstTimeOf(messages: readonly Uint8Array[]): bigint | undefined {
  for (const message of messages) {
    const timeNs = firstTimestampNs(message);
    if (timeNs !== undefined) return timeNs;
  }
  return undefined;
}
