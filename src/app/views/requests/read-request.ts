import type { PromptData } from '../../../core/model-output.ts';
import { SILENT_LOG } from '../../../core/log.ts';
import { NS_PER_MS } from '../../../core/time.ts';
import { decodePayload } from '../../../events/payload.ts';
import { decodePrompts } from '../../../events/prompts-codec.ts';
import { EventFrames } from '../../../runlog/event-frames.ts';
import { LogReader } from '../../../runlog/read.ts';
import { FrameKind } from '../../../transport/frame.ts';
import { frameCheck } from '../../run-folder/frame-check.ts';
import type { RunDirectory } from '../../run-folder/run-directory.ts';
import { logReaderOf } from '../../run-folder/run-log.ts';
import type { RequestIndex } from './request-index.ts';
import { RequestTrail } from './request-trail.ts';

/** Times in the index are rounded; a request ends a little later. */
const SLACK_NS = NS_PER_MS;

/** What the log tells of the request at a position: reads the part of it in which the request was under way. */
export async function readTrail(
  directory: RunDirectory,
  index: RequestIndex,
  position: number,
): Promise<ReturnType<RequestTrail['finish']>> {
  const { columns, header } = index;
  const trail = new RequestTrail(columns.seqs[position]!);
  // Records of other programs mean what those before them say: their logs are read from the start.
  await (index.isOwn ? followOwn(directory, index, position, trail) : followAll(directory, trail));
  return trail.finish(header.run_id, await rowPrompt(directory, index, position));
}

async function followOwn(
  { logPath }: RunDirectory,
  { columns, stretches }: RequestIndex,
  position: number,
  trail: RequestTrail,
): Promise<void> {
  const issuedNs = columns.issuedNs[position]!;
  const latencyNs = columns.latencyNs[position]!;
  const place = stretches.placeOf(
    issuedNs,
    issuedNs + (Number.isNaN(latencyNs) ? Infinity : latencyNs) + SLACK_NS,
  );
  if (place === undefined) return;
  const reader = new LogReader(logPath, { check: frameCheck(), from: place.from });
  const events = new EventFrames();
  for await (const frame of reader.frames()) {
    if (reader.offset >= place.endOffset) break;
    const batch = events.batchOf(frame);
    if (batch !== undefined) trail.take(batch);
    if (trail.isComplete) break;
  }
}

async function followAll(directory: RunDirectory, trail: RequestTrail): Promise<void> {
  const events = new EventFrames({ notes: 'all' });
  for await (const frame of logReaderOf(directory, SILENT_LOG).frames()) {
    const batch = events.batchOf(frame);
    if (batch !== undefined) trail.take(batch);
    if (trail.isComplete) break;
  }
}

/** What its row of the dataset asks. */
async function rowPrompt(
  { logPath, reportDirectory }: RunDirectory,
  index: RequestIndex,
  position: number,
): Promise<PromptData | undefined> {
  const found = index.promptPlaceOf(index.columns.datasetRows[position]!);
  if (found === undefined || reportDirectory !== undefined) return undefined;
  for await (const frame of new LogReader(logPath, { check: frameCheck(), from: found.place }).frames()) {
    if (frame.kind !== FrameKind.prompts) return undefined;
    const bytes = decodePrompts(frame.body).prompts[found.nth];
    const payload = bytes === undefined || bytes.length === 0 ? undefined : decodePayload(bytes);
    return payload?.type === 'PromptData' ? payload.data : undefined;
  }
  return undefined;
}
