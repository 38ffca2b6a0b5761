import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '../core/careful-read.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import { buildEventBatch } from '../events/batch-builder.ts';
import { encodeBatchFrame } from '../events/columnar-codec.ts';
import type { EventRecord } from '../events/event-batch.ts';
import { EventRecordCodec } from '../events/record-codec.ts';
import { RecordJsonReader } from '../events/record-json-reader.ts';
import { type Frame, FrameKind, sealFrame } from '../transport/frame.ts';
import type { FrameSource } from './frame-source.ts';
import { type FileLine, FileLines, MAX_LINE_BYTES } from './file-lines.ts';
import type { LogLosses } from './log-losses.ts';

/** Lines that become one frame, at most, and their bytes. */
const FRAME_LINES = 1000;
const FRAME_LINE_BYTES = 2 ** 20;

export interface EventsJsonlOptions {
  /** What the log of such a run would begin with, unsealed, and CLOCK_MONOTONIC at the origin that it names. */
  readonly header: () => Promise<{ readonly bytes: Uint8Array; readonly originNs: bigint }>;
  /** Told of each line that is left out, with an error that says where it is and what is wrong there. */
  readonly onFault?: (error: InferometerError) => void;
}

/**
 * Reads an `events.jsonl` as if it were a run log: the header, then its events in frames. A line that is no event is left out and counted, and
 * so is a last line that was never finished. Memory is bounded by the longest line there may be, and by the samples in flight.
 */
export class EventsJsonlReader implements FrameSource {
  readonly path: string;
  readonly #options: EventsJsonlOptions;
  readonly #losses = { frames: 0, lostFrames: 0, corruptBytes: 0, malformedFrames: 0, tornBytes: 0 };
  readonly #reader = new RecordJsonReader();
  #offset = 0;
  #nextSeq = 0;

  constructor(path: string, options: EventsJsonlOptions) {
    this.path = path;
    this.#options = options;
  }

  /** A malformed frame is a line here. */
  get losses(): LogLosses {
    return this.#losses;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Throws `INFEROMETER_FILE_REFUSED`, and the errors of opening and reading a file; nothing for what is damaged. */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    const { bytes, originNs } = await this.#options.header();
    yield this.#seal(FrameKind.runHeader, bytes);
    const file = await openRegularFile(this.path);
    try {
      yield* this.#events(file, new EventRecordCodec({ originNs }));
    } finally {
      await file.close();
    }
  }

  leaveOut(frame: Frame, cause: unknown): void {
    this.#losses.frames -= 1;
    this.#malformed(`frame ${frame.seq} of its lines`, cause);
  }

  async *#events(file: FileHandle, codec: EventRecordCodec): AsyncGenerator<Frame, void, undefined> {
    let records: EventRecord[] = [];
    let bytes = 0;
    for await (const line of new FileLines(file).read()) {
      if (line.text === undefined) {
        await this.#giveUp(file, line);
        break;
      }
      if (records.length === 0) this.#offset = line.offset;
      const record = this.#record(codec, line, line.text);
      bytes += line.text.length;
      if (record !== undefined) records.push(record);
      if (records.length < FRAME_LINES && bytes < FRAME_LINE_BYTES) continue;
      yield this.#frameOf(records);
      records = [];
      bytes = 0;
    }
    if (records.length > 0) yield this.#frameOf(records);
  }

  #record(codec: EventRecordCodec, { number, isWhole }: FileLine, text: string): EventRecord | undefined {
    if (text.trim() === '') return undefined;
    try {
      return codec.recordOf(this.#reader.read(text));
    } catch (error) {
      if (isWhole) this.#malformed(`line ${number}`, error);
      else this.#losses.tornBytes = Buffer.byteLength(text);
      return undefined;
    }
  }

  /** What is behind a line that has no end is no event either. */
  async #giveUp(file: FileHandle, { number, offset }: FileLine): Promise<void> {
    this.#losses.corruptBytes = (await file.stat()).size - offset;
    this.#tell(`line ${number} is longer than ${MAX_LINE_BYTES} bytes, and the rest was not read`);
  }

  #frameOf(records: readonly EventRecord[]): Frame {
    return this.#seal(FrameKind.events, encodeBatchFrame(buildEventBatch(records)));
  }

  #seal(kind: FrameKind, bytes: Uint8Array): Frame {
    this.#losses.frames += 1;
    return sealFrame(bytes, kind, this.#nextSeq++);
  }

  #malformed(what: string, cause: unknown): void {
    this.#losses.malformedFrames += 1;
    this.#tell(`${what} is no event: ${errorText(cause)}`, cause);
  }

  #tell(what: string, cause?: unknown): void {
    const message = `${this.path}: ${what}`;
    this.#options.onFault?.(
      new InferometerError('INFEROMETER_EVENTS_MALFORMED', 'result', message, { cause }),
    );
  }
}
