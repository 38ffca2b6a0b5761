import { EventKind, isErrorKind } from '../../core/event-types.ts';
import { InferometerError } from '../../core/errors.ts';
import { COMPLETE_EXTRA, type EventBatch, extraOf, payloadOf } from '../../events/event-batch.ts';
import { decodePayload } from '../../events/payload.ts';
import type { ImportedSample } from '../../other-tools/results/result-format.ts';
import { EventFrames } from '../../runlog/event-frames.ts';
import type { FrameSource } from '../../runlog/frame-source.ts';

/** Chunks that are kept: 8 bytes each and as much again for their text. */
const MAX_CHUNKS = 20_000_000;

type Request = { -readonly [K in keyof ImportedSample]: ImportedSample[K] } & { chunksNs: number[] };

/**
 * The measured requests of a run with the times of all their chunks, in the order of their ends; times are since the run's origin. In memory: 8 bytes a
 * chunk and the texts. Throws `InferometerError` (input) beyond 20 million chunks.
 */
export async function readRequests(source: FrameSource): Promise<readonly ImportedSample[]> {
  const events = new EventFrames();
  const reader = new RequestReader();
  for await (const frame of source.frames()) {
    const batch = events.batchOf(frame);
    if (batch !== undefined) reader.take(batch);
  }
  return reader.done;
}

class RequestReader {
  readonly done: ImportedSample[] = [];
  readonly #inFlight = new Map<number, Request>();
  #isTracking = false;
  #chunks = 0;

  take(batch: EventBatch): void {
    for (let index = 0; index < batch.count; index++) {
      const kind = batch.kinds[index]!;
      if (kind === EventKind.sessionStartTracking) this.#isTracking = true;
      else if (kind === EventKind.sessionStopTracking) this.#isTracking = false;
      else this.#takeSample(batch, index, kind);
    }
  }

  #takeSample(batch: EventBatch, index: number, kind: number): void {
    const seq = batch.sampleSeqs[index]!;
    const atNs = batch.timestampsNs[index]!;
    if (kind === EventKind.sampleIssued && this.#isTracking)
      this.#inFlight.set(seq, { sentNs: atNs, endNs: atNs, chunksNs: [] });
    const request = this.#inFlight.get(seq);
    if (request === undefined) return;
    if (kind === EventKind.sampleRecvFirst || kind === EventKind.sampleRecvNonFirst)
      this.#addChunk(request, atNs);
    else if (isErrorKind(kind)) request.error = errorOf(batch, index);
    else if (kind === EventKind.sampleComplete) {
      this.#inFlight.delete(seq);
      this.done.push(completed(request, batch, index));
    }
  }

  #addChunk(request: Request, atNs: number): void {
    this.#chunks += 1;
    if (this.#chunks > MAX_CHUNKS)
      throw new InferometerError(
        'INFEROMETER_EXPORT_TOO_LARGE',
        'input',
        `--as is for runs of up to ${MAX_CHUNKS} chunks; use --samples or --events for larger ones`,
      );
    request.chunksNs.push(atNs);
  }
}

function completed(request: Request, batch: EventBatch, index: number): ImportedSample {
  const [prompt, output] = [COMPLETE_EXTRA.promptTokens, COMPLETE_EXTRA.completionTokens].map((position) =>
    extraOf(batch, index, position),
  );
  const payload = payloadOf(batch, index);
  const data = payload === undefined ? undefined : decodePayload(payload);
  return {
    ...request,
    endNs: batch.timestampsNs[index]!,
    ...(Number.isNaN(prompt) ? {} : { promptTokens: prompt }),
    ...(Number.isNaN(output) ? {} : { outputTokens: output }),
    ...(data?.type === 'TextModelOutput' && typeof data.data.output === 'string'
      ? { text: data.data.output }
      : {}),
  };
}

function errorOf(batch: EventBatch, index: number): ImportedSample['error'] {
  const payload = payloadOf(batch, index);
  const data = payload === undefined ? undefined : decodePayload(payload);
  if (data?.type !== 'ErrorData') return { type: 'failed', message: '' };
  return { type: data.data.errorType, message: data.data.errorMessage };
}
