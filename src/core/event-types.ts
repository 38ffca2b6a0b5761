/** The event types, by topic: the reference's 13, then ours. The position is the code in the columns of a batch: append only. */
export const EVENT_TOPICS = [
  'session.started',
  'session.ended',
  'session.stop_loadgen',
  'session.start_performance_tracking',
  'session.stop_performance_tracking',
  'sample.issued',
  'sample.complete',
  'sample.recv_first',
  'sample.recv_non_first',
  'error.generic',
  'error.loadgen',
  'error.session',
  'error.client',
  'sample.not_sent',
  'sample.attempt_failed',
  'sample.retried',
] as const;

/** How many of {@link EVENT_TOPICS} the reference knows; the others are left out of what it reads. */
export const REFERENCE_TOPIC_COUNT = 13;

export type EventTopic = (typeof EVENT_TOPICS)[number];

/** Code of an event type in the `kinds` column. */
export const EventKind = {
  sessionStarted: 0,
  sessionEnded: 1,
  sessionStopLoadgen: 2,
  sessionStartTracking: 3,
  sessionStopTracking: 4,
  sampleIssued: 5,
  sampleComplete: 6,
  sampleRecvFirst: 7,
  sampleRecvNonFirst: 8,
  errorGeneric: 9,
  errorLoadgen: 10,
  errorSession: 11,
  errorClient: 12,
  sampleNotSent: 13,
  sampleAttemptFailed: 14,
  sampleRetried: 15,
} as const;

export type EventKind = (typeof EventKind)[keyof typeof EventKind];

export function isSessionKind(kind: number): boolean {
  return kind <= EventKind.sessionStopTracking;
}

export function isErrorKind(kind: number): boolean {
  return kind >= EventKind.errorGeneric && kind <= EventKind.errorClient;
}

/** Error type of samples the run itself gave up; they are cancelled, not errored. */
export const CANCELLED_ERROR_TYPE = 'cancelled';
/** Of samples that were cancelled because the plan says so: neither errored nor given up by the run. */
export const CANCELLED_BY_PLAN_ERROR_TYPE = 'cancelled.planned';

/** Whether a sample with that error was cancelled by us, for whichever reason, and so has not failed. */
export function isCancellation(errorType: string): boolean {
  return errorType === CANCELLED_ERROR_TYPE || errorType === CANCELLED_BY_PLAN_ERROR_TYPE;
}

const KIND_OF_TOPIC: ReadonlyMap<string, EventKind> = new Map(
  EVENT_TOPICS.map((topic, code) => [topic, code as EventKind]),
);

export function eventKindOfTopic(topic: string): EventKind | undefined {
  return KIND_OF_TOPIC.get(topic);
}

/** Finish reasons with a counter of their own; the position + 1 is the code in the `finishReasons` column. */
export const FINISH_REASONS = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call'] as const;

/** Code of a record without a finish reason. */
export const FINISH_ABSENT = 0;
/** Code of a finish reason that is none of {@link FINISH_REASONS}; its text is in the record's note. */
export const FINISH_OTHER = 255;

/** The parts of a response that are streamed apart. The position is the code in the extras of a chunk event: append only. */
export const CHANNELS = ['content', 'reasoning', 'tool', 'refusal'] as const;
export type Channel = (typeof CHANNELS)[number];
