import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import type { StreamState } from '../../cluster/messages.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import { settingText } from '../../core/quantity-text.ts';
import { runSubjects, streamName } from '../../cluster/subjects.ts';
import { frameOf } from './frame-messages.ts';
import type { NatsPlace } from './nats-place.ts';

/** What a run may keep in its stream, unless told otherwise. */
export const DEFAULT_STREAM_BYTES = 8 * 2 ** 30;
/** A run that nobody removed is kept for so long, for `inferometer report --nats`. */
const KEPT_NS = 7 * 24 * 3600 * 1e9;
/** In which a frame that is published twice is recognized by NATS itself; the coordinator does so for ever. */
const DUPLICATE_WINDOW_NS = 120 * 1e9;
/** Smaller messages would make a frame many of them. */
const SMALLEST_PAYLOAD_BYTES = 64 * 1024;

/**
 * Makes the stream that keeps the frames of a run. Throws `INFEROMETER_NATS_STREAM` (setup) when NATS refuses it, or has no room for
 * `maxBytes`: better now than in the middle of the run.
 */
export async function createRunStream(place: NatsPlace, runId: string, maxBytes: number): Promise<void> {
  const { manager, connection, address } = place;
  const payloadBytes = connection.info?.max_payload ?? 0;
  if (payloadBytes < SMALLEST_PAYLOAD_BYTES) {
    throw streamError(
      `NATS at ${address} takes messages of ${bytesText(payloadBytes)}; set max_payload to ${bytesText(SMALLEST_PAYLOAD_BYTES)} or more`,
    );
  }
  try {
    const { limits, storage } = await manager.getAccountInfo();
    const room = limits.max_storage < 0 ? Infinity : limits.max_storage - storage;
    if (room < maxBytes) {
      throw streamError(
        `NATS at ${address} has room for ${bytesText(Math.max(0, room))}, and the run may need ${bytesText(maxBytes)}; ` +
          'raise max_file_store, remove old streams (nats stream rm), or give a smaller --stream-size',
      );
    }
    await manager.streams.add({
      name: streamName(runId),
      subjects: [runSubjects(runId).anyFrames],
      ...{ storage: 'file', retention: 'limits', discard: 'new', max_bytes: maxBytes },
      ...{ max_age: KEPT_NS, duplicate_window: DUPLICATE_WINDOW_NS },
    });
  } catch (error) {
    if (error instanceof InferometerError) throw error;
    throw streamError(
      `NATS at ${address} refuses the stream of the run: ${errorText(error)}; if it lacks room, give a smaller --stream-size`,
      error,
    );
  }
}

/** What the refusal of a frame says about the stream: `full` and `missing` don't pass by themselves. */
export async function streamStateOf(place: NatsPlace, runId: string, refusal: unknown): Promise<StreamState> {
  if (refusal instanceof JetStreamApiError && refusal.message.includes('maximum bytes exceeded'))
    return 'full';
  // Nobody takes the subject: there is no stream, or a cluster of servers is choosing a new leader for it.
  const cause = refusal instanceof Error ? refusal.cause : undefined;
  if (!(cause instanceof errors.RequestError && cause.isNoResponders())) return 'ok';
  return (await bytesInStream(place, runId).catch(() => 0)) === undefined ? 'missing' : 'ok';
}

/** What the stream of a run holds; undefined when there is no such stream. Rejects when NATS doesn't answer. */
export async function bytesInStream({ manager }: NatsPlace, runId: string): Promise<number | undefined> {
  try {
    return (await manager.streams.info(streamName(runId))).state.bytes;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
      return undefined;
    throw error;
  }
}

/** The number of the newest frame with that subject, 0 without one; undefined when there is no such stream. */
export async function lastFrameInStream(
  place: NatsPlace,
  runId: string,
  subject: string,
): Promise<number | undefined> {
  if ((await bytesInStream(place, runId)) === undefined) return undefined;
  const last = await place.manager.streams.getMessage(streamName(runId), { last_by_subj: subject });
  return frameOf(last?.header);
}

export async function removeRunStream({ manager }: NatsPlace, runId: string): Promise<void> {
  await manager.streams.delete(streamName(runId));
}

function bytesText(bytes: number): string {
  return `${settingText(Math.round((bytes / 2 ** 20) * 10) / 10)} MiB`;
}

function streamError(text: string, cause?: unknown): InferometerError {
  return new InferometerError('INFEROMETER_NATS_STREAM', 'setup', text, { cause });
}
