import { replaceFile } from '../core/atomic-file.ts';
import { InferometerError } from '../core/errors.ts';
import { EventKind, REFERENCE_TOPIC_COUNT } from '../core/event-types.ts';
import { decodeBatch } from '../events/columnar-codec.ts';
import { recordAt, recordFields, type RunContext } from '../events/record-fields.ts';
import { recordToJsonLine } from '../events/record-json.ts';
import { type Frame, FRAME_HEADER_BYTES, FrameKind } from '../transport/frame.ts';
import { PromptIndex } from './prompt-index.ts';
import { readFrames, type ReadOptions } from './read.ts';
import { readRunHeader, type RunHeader } from './run-header.ts';

export interface ExportOptions extends Pick<ReadOptions, 'onCorrupt'> {
  /** What the header frame says, for a log whose own may be damaged. */
  readonly header?: RunHeader;
}

export interface ExportResult {
  readonly records: number;
  /** Whether the run's end is in the log; it is then the last line. */
  readonly ended: boolean;
  /** Bytes of a frame that was never finished, left out. */
  readonly tornBytes: number;
  /** Frames that corrupt places took, of all kinds. */
  readonly missingFrames: number;
}

/**
 * Writes a run log as the reference's `events.jsonl`: a record a line in the order they were logged, prompts joined to the
 * issued records, nothing behind `session.ended`, and none of the event types that the reference does not know. Memory is bounded by the largest frame and 16 bytes a dataset row.
 *
 * The file appears at `outputPath` when it is complete. Throws `INFEROMETER_RUNLOG_CORRUPT`, unless somebody wants to be told of
 * corrupt places, or `INFEROMETER_RUNLOG_HEADER`.
 */
export async function exportEventsJsonl(
  logPath: string,
  outputPath: string,
  options: ExportOptions = {},
): Promise<ExportResult> {
  const result = { records: 0, ended: false, tornBytes: 0, missingFrames: 0 };
  async function* texts(): AsyncGenerator<string> {
    for await (const { text, records, ended } of eventLines(logPath, options, result)) {
      result.records += records;
      result.ended = ended;
      yield text;
    }
  }
  await replaceFile(outputPath, (file) => file.writeFile(texts()));
  return result;
}

interface Lines {
  readonly text: string;
  readonly records: number;
  readonly ended: boolean;
}

/** The lines of each events frame, up to the end of the run; counts what is missing. */
async function* eventLines(
  path: string,
  { header, onCorrupt }: ExportOptions,
  missing: { tornBytes: number; missingFrames: number },
): AsyncGenerator<Lines> {
  const prompts = new PromptIndex(path);
  const promptOf = (row: number) => prompts.promptOf(row);
  let run: RunContext | undefined = header && { ...header, promptOf };
  let offset = 0;
  let nextSeq = 0;
  const frames = readFrames(path, {
    onTornTail: (bytes) => (missing.tornBytes = bytes),
    ...(onCorrupt && {
      onCorrupt: (error, skippedBytes) => {
        offset += skippedBytes;
        onCorrupt(error, skippedBytes);
      },
    }),
  });
  try {
    for await (const frame of frames) {
      missing.missingFrames += frame.seq - nextSeq;
      nextSeq = frame.seq + 1;
      if (frame.kind === FrameKind.runHeader) run = { ...readRunHeader(frame), promptOf };
      else if (frame.kind === FrameKind.prompts) prompts.add(frame, offset + FRAME_HEADER_BYTES);
      else if (frame.kind === FrameKind.events) {
        const lines = linesOf(frame, run ?? missingHeader(path));
        yield lines;
        if (lines.ended) return;
      }
      offset += frame.bytes.length;
    }
  } finally {
    prompts.close();
  }
}

function linesOf(frame: Frame, run: RunContext): Lines {
  const batch = decodeBatch(frame.body);
  let text = '';
  let records = 0;
  for (let i = 0; i < batch.count; i++) {
    if (batch.kinds[i]! >= REFERENCE_TOPIC_COUNT) continue;
    records += 1;
    text += recordToJsonLine(recordFields(recordAt(batch, i), run)) + '\n';
    if (batch.kinds[i] === EventKind.sessionEnded) return { text, records, ended: true };
  }
  return { text, records, ended: false };
}

function missingHeader(path: string): never {
  throw new InferometerError(
    'INFEROMETER_RUNLOG_HEADER',
    'result',
    `${path} has events before its header frame`,
  );
}
