import { replaceFile } from '../core/atomic-file.ts';
import { InferometerError } from '../core/errors.ts';
import { EventKind, REFERENCE_TOPIC_COUNT } from '../core/event-types.ts';
import { BatchLines } from '../events/batch-lines.ts';
import type { EventBatch } from '../events/event-batch.ts';
import { OpenTurns } from '../events/open-turns.ts';
import { FRAME_HEADER_BYTES, FrameKind } from '../transport/frame.ts';
import { EventFrames } from './event-frames.ts';
import { PromptIndex } from './prompt-index.ts';
import type { FrameSource } from './frame-source.ts';
import { readLogOrigin, type LogOrigin } from './log-origin.ts';

export interface ExportResult {
  readonly records: number;
  /** Whether the run's end is in the log; it is then the last line. */
  readonly ended: boolean;
}

/**
 * Writes a run log as the reference's `events.jsonl`: a record a line in the order they were logged, prompts joined to the
 * issued records, nothing behind `session.ended`, and none of the event types that the reference does not know. What is damaged is left out
 * as `reader` does, which counts it. Memory is bounded by the largest frame 16 bytes a dataset row, and the text
 * of prompts that are used again, up to 32 MB.
 *
 * The file appears at `outputPath` when it is complete. Throws `INFEROMETER_RUNLOG_HEADER` for events without a header. `header`: what the
 * header frame says, for a log whose own may be damaged. `onProgress` hears of the records written and where in the log they end, frame by
 * frame.
 */
export async function exportEventsJsonl(
  reader: FrameSource,
  outputPath: string,
  header?: LogOrigin,
  onProgress?: (records: number, logBytes: number) => void,
): Promise<ExportResult> {
  const result = { records: 0, ended: false };
  async function* texts(): AsyncGenerator<string> {
    for await (const { text, records, ended } of eventLines(reader, header)) {
      result.records += records;
      result.ended = ended;
      onProgress?.(result.records, reader.offset);
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

/** The lines of each events frame, up to the end of the run. */
async function* eventLines(reader: FrameSource, header: LogOrigin | undefined): AsyncGenerator<Lines> {
  const prompts = new PromptIndex(reader.path);
  const promptOf = (row: number) => prompts.promptOf(row);
  const turns = new OpenTurns();
  let writer = header && new BatchLines({ ...header, promptOf, turns });
  const events = new EventFrames({ header, notes: 'all' });
  try {
    for await (const frame of reader.frames()) {
      if (frame.kind === FrameKind.runHeader)
        writer = new BatchLines({ ...readLogOrigin(frame), promptOf, turns });
      else if (frame.kind === FrameKind.prompts) {
        prompts.add(frame, reader.offset + FRAME_HEADER_BYTES);
        writer?.forgetPrompts();
      }
      const batch = events.batchOf(frame);
      if (batch !== undefined) {
        const lines = linesOf(batch, writer ?? missingHeader(reader.path));
        yield lines;
        if (lines.ended) return;
      }
    }
  } finally {
    prompts.close();
  }
}

function linesOf(batch: EventBatch, writer: BatchLines): Lines {
  let text = '';
  let records = 0;
  for (let i = 0; i < batch.count; i++) {
    if (batch.kinds[i]! >= REFERENCE_TOPIC_COUNT) continue;
    records += 1;
    text += `${writer.line(batch, i)}\n`;
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
