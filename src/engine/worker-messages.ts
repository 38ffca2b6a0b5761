import type { ConnectionTimes } from '../core/connection-stages.ts';
import type { ErrorData } from '../core/model-output.ts';
import type { PlanChange } from '../plan/steered-time.ts';
import type { ThreadHealth } from './health.ts';
import type { LatenessReport } from './loop-lateness.ts';
import type { SharedProbes } from './probe-schedule.ts';
import type { PlacedPhase, EngineSettings } from './settings.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly settings: EngineSettings;
  readonly workerIndex: number;
  readonly workerCount: number;
  /** {@link COUNTERS} of this worker as Int32Array. */
  readonly counters: SharedArrayBuffer;
  /** Undefined when there are no probes. */
  readonly probes?: SharedProbes | undefined;
}

/** Positions in a worker's counters, which main reads at any time: unsigned, modulo 2^32, which no run exceeds. */
export const COUNTERS = {
  issued: 0,
  ended: 1,
  succeeded: 2,
  waiting: 3,
  beat: 4,
  notSent: 5,
  errored: 6,
  /** When a response was last read, ms since the run's origin, as of the last beat; only where {@link EngineSettings.watchesReads}. */
  lastReadMs: 7,
  length: 8,
} as const;

/** What became of a worker's tickets of a phase: each was sent or, given up by the run before that, was not. */
export interface TicketCounts {
  /** Drawn from the plan; with conversations, the turns that became due. */
  readonly tickets: number;
  /** Conversations that were begun. */
  readonly conversations: number;
  /** Conversations that the end of issuing cut off. */
  readonly cutOff: number;
  readonly sent: number;
  readonly notSent: number;
}

/** `beat` rises so often while the worker's event loop turns. */
export const BEAT_INTERVAL_MS = 200;

/** Main to worker. */
export type WorkerOrder =
  /** Where probes come from. */
  | { readonly kind: 'probes'; readonly port: number }
  | { readonly kind: 'warm'; readonly connections: number }
  | {
      readonly kind: 'phase';
      readonly phase: PlacedPhase;
      readonly ticketCounter: Int32Array;
      /** Of the samples, where a ticket is a conversation. */
      readonly sampleCounter: Int32Array;
      /** One ticket, for the worker that is the first with a conversation less than it could have. */
      readonly firstIdleTicket: Int32Array;
    }
  /** The plan of the phase under way is changed. */
  | { readonly kind: 'change'; readonly change: PlanChange }
  /** Others drew the last ticket. */
  | { readonly kind: 'exhausted' }
  /** The plan is over, although not all of it was issued. */
  | { readonly kind: 'finish' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'cancel' };

/** How opening connections ahead of a phase went; what failed is opened again when needed. */
export interface WarmResult {
  readonly opened: number;
  readonly failed: number;
  /** Why the first one failed. */
  readonly failure: ErrorData | undefined;
}

/** What a worker tells of itself once a second, and when a phase begins and ends. */
export interface WorkerHealth extends ThreadHealth {
  /** It is about a part of a performance phase. */
  readonly isMeasured: boolean;
  /** What happened to samples meanwhile: issued, chunks, ends. */
  readonly events: number;
  /** Since the start of the run: connections established, and attempts that failed. */
  readonly connectionsOpened: number;
  readonly connectFailures: number;
  /** Since the last report. */
  readonly connectionTimes: ConnectionTimes;
  /** How long attempts to connect were put off, as those before had failed, over all endpoints, ms. */
  readonly connectBackOffMs: number;
  /** How long reading requests from the file of a dataset larger than memory has taken, ms. */
  readonly requestReadMs: number;
  /** See {@link ConnectionPool}; since the start of the run. */
  readonly resent: number;
  readonly strayMessages: number;
  /** Endpoints whose connections carry one request each, as the server closes them. */
  readonly singleUseEndpoints: number;
  /** The name in a response of a model that no request asked for, if there was one. */
  readonly otherModel?: string | undefined;
  /** Undefined when there are no probes. */
  readonly lateness?: LatenessReport | undefined;
}

/** Worker to main, in order; a bare Uint8Array is an unsealed `events` frame. */
export type WorkerNews =
  | Uint8Array
  /** `threadId`: the system's number of the thread, where it tells one. */
  | { readonly kind: 'ready'; readonly threadId: number | undefined }
  /** The first probe was read. */
  | { readonly kind: 'probing' }
  | { readonly kind: 'warmed'; readonly result: WarmResult }
  /** Precedes the frame of the reads it is about; see `LoopLateness.takeWindows`. */
  | { readonly kind: 'windows'; readonly windows: Float64Array }
  /** No further request will be issued; `stopped`: because of a stop. */
  | { readonly kind: 'issuingDone'; readonly stopped: boolean }
  /** A worker has recorded that measuring stops: see `FirstIdleRule`. */
  | { readonly kind: 'firstIdle' }
  /** The worker's first sample that failed, other than by being cancelled. */
  | { readonly kind: 'firstFailure'; readonly failure: ErrorData }
  /** Nothing is in flight and all frames were sent. */
  | { readonly kind: 'phaseDone'; readonly counts: TicketCounts }
  | { readonly kind: 'health'; readonly health: WorkerHealth };
