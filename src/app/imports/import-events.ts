import { EventKind } from '../../core/event-types.ts';
import type { SampleSeq } from '../../core/ids.ts';
import type { Nanoseconds } from '../../core/time.ts';
import type { EventRecord } from '../../events/event-batch.ts';
import { PayloadEncoder } from '../../events/payload.ts';
import type { ImportedRun, ImportedSample } from '../../other-tools/results/result-format.ts';

/** The events of an imported run in the order of their times, as a run of ours would have recorded them. */
export function importedEvents({ samples, durationNs }: ImportedRun): readonly EventRecord[] {
  const encoder = new PayloadEncoder();
  const endNs = samples.reduce((last, sample) => Math.max(last, sample.endNs), durationNs);
  const events = samples.flatMap((sample, at) => sampleEvents(sample, at as SampleSeq, encoder));
  // Stable, so that the events of a sample keep their order.
  events.sort((a, b) => a.timestampNs - b.timestampNs);
  const at = (kind: EventKind, timestampNs: number): EventRecord => ({
    kind,
    timestampNs: timestampNs as Nanoseconds,
  });
  return [
    at(EventKind.sessionStarted, 0),
    at(EventKind.sessionStartTracking, 0),
    ...events,
    at(EventKind.sessionStopTracking, endNs),
    at(EventKind.sessionEnded, endNs),
  ];
}

function sampleEvents(sample: ImportedSample, sampleSeq: SampleSeq, encoder: PayloadEncoder): EventRecord[] {
  const { sentNs, endNs, chunksNs, error, text } = sample;
  const at = (kind: EventKind, timestampNs: number, more: Partial<EventRecord> = {}): EventRecord => ({
    kind,
    timestampNs: timestampNs as Nanoseconds,
    sampleSeq,
    ...more,
  });
  const chunks = chunksNs.map((ns, n) =>
    at(n === 0 ? EventKind.sampleRecvFirst : EventKind.sampleRecvNonFirst, ns),
  );
  const issued = at(EventKind.sampleIssued, sentNs);
  if (error !== undefined) {
    const payload = encoder.errorData({ errorType: error.type, errorMessage: error.message });
    return [
      issued,
      ...chunks,
      at(EventKind.errorGeneric, endNs, { payload }),
      at(EventKind.sampleComplete, endNs),
    ];
  }
  const complete = at(EventKind.sampleComplete, endNs, {
    extras: [sample.promptTokens ?? NaN, sample.outputTokens ?? NaN],
    ...(text === undefined
      ? {}
      : { payload: encoder.textModelOutput({ output: text, reasoning: null, toolCalls: null }) }),
  });
  return [issued, ...chunks, complete];
}
