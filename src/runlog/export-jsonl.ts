import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { InferometerError } from '../core/errors.ts';
import { EventKind } from '../core/event-types.ts';
import { decodeBatch } from '../events/columnar-codec.ts';
import { recordAt, recordFields, type RunContext } from '../events/record-fields.ts';
import { recordToJsonLine } from '../events/record-json.ts';
import { type Frame, FRAME_HEADER_BYTES, FrameKind } from '../transport/frame.ts';
import { PromptIndex } from './prompt-index.ts';
import { readFrames } from './read.ts';
import { readRunHeader } from './run-header.ts';

export interface ExportResult {
  readonly records: number;
  /** Whether the run's end is in the log; it is then the last line. */
  readonly ended: boolean;
  /** Bytes of a frame that was never finished, left out. */
  readonly tornBytes: number;
}

/**
 * Writes a run log as the reference's `events.jsonl`: a record a line in the order they were logged, prompts joined to the
 * issued records, nothing behind `session.ended`. Memory is bounded by the largest frame and 16 bytes a dataset row.
 *
 * The file appears at `outputPath` when it is complete. Throws `INFEROMETER_RUNLOG_CORRUPT` or `INFEROMETER_RUNLOG_HEADER`.
 */
export async function exportEventsJsonl(logPath: string, outputPath: string): Promise<ExportResult> {
  const partPath = `${outputPath}.part`;
  const result = { records: 0, ended: false, tornBytes: 0 };
  async function* texts(): AsyncGenerator<string> {
    for await (const lines of eventLines(logPath, (bytes) => (result.tornBytes = bytes))) {
      result.records += lines.records;
      result.ended = lines.ended;
      yield lines.text;
    }
  }
  try {
    await pipeline(texts, createWriteStream(partPath));
    await rename(partPath, outputPath);
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
  return result;
}

interface Lines {
  readonly text: string;
  readonly records: number;
  readonly ended: boolean;
}

/** The lines of each events frame, up to the end of the run. */
async function* eventLines(path: string, onTornTail: (bytes: number) => void): AsyncGenerator<Lines> {
  const prompts = new PromptIndex(path);
  let run: RunContext | undefined;
  let offset = 0;
  try {
    for await (const frame of readFrames(path, { onTornTail })) {
      if (frame.kind === FrameKind.runHeader) {
        run = { ...readRunHeader(frame), promptOf: (row) => prompts.promptOf(row) };
      } else if (frame.kind === FrameKind.prompts) prompts.add(frame, offset + FRAME_HEADER_BYTES);
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
  for (let i = 0; i < batch.count; i++) {
    text += recordToJsonLine(recordFields(recordAt(batch, i), run)) + '\n';
    if (batch.kinds[i] === EventKind.sessionEnded) return { text, records: i + 1, ended: true };
  }
  return { text, records: batch.count, ended: false };
}

function missingHeader(path: string): never {
  throw new InferometerError(
    'INFEROMETER_RUNLOG_HEADER',
    'result',
    `${path} has events before its header frame`,
  );
}
