import type { DurationDistribution } from '../core/duration-distribution.ts';
import type { SharedArena } from '../dataset/arena.ts';
import type { SharedTurnTable } from '../dataset/turn-table.ts';
import type { PhasePlan } from '../plan/plan.ts';
import type { Api } from '../protocol/adapters.ts';
import type { ReasoningHistory } from '../protocol/assistant-message.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import type { HeadSlot } from '../protocol/head-slots.ts';
import type { Proxy } from '../protocol/proxy.ts';
import type { CancelSettings } from './planned-cancels.ts';
import type { SaltSettings } from './salted-requests.ts';

/**
 * `precise` turns the event loop without sleep when a request is due within 2 ms, which costs up to a core; `economy` only sleeps
 * and is late by up to about 1 ms.
 */
export type Pacing = 'precise' | 'economy';

/**
 * `reuse` keeps connections alive from sample to sample, and a sample counts as issued when its request is written; `new` opens one for
 * each sample, which counts as issued when that begins, so that TCP and TLS are inside its times.
 */
export type ConnectionUse = 'reuse' | 'new';

/** How conversations go on; crosses threads by structured clone. */
export interface ConversationRules {
  /** A turn that failed ends its conversation, or what waited for it is sent all the same. */
  readonly onTurnFailure: 'end' | 'continue';
  /** Of responses, in the history of later turns. */
  readonly reasoning: ReasoningHistory;
  /** From the end of what a turn waits for to its due time, where the dataset does not say; default: none. */
  readonly thinkTime?: DurationDistribution | undefined;
}

/** The requests of a run as turns of conversations. */
export interface ConversationSettings {
  /** A turn is a row of the arenas. */
  readonly turns: SharedTurnTable;
  /** Of each endpoint: the head of a request up to the length of its body. */
  readonly heads: readonly string[];
  readonly rules: ConversationRules;
  /** What live histories may hold of responses, by `createResponseMemory`; default: one of {@link HISTORY_MEMORY_BYTES}. */
  readonly historyMemory?: SharedArrayBuffer | undefined;
}

/** How TLS is spoken, where that is not the default. Holds a private key: it is never recorded. */
export interface TlsSettings {
  /** Certificates of the authorities that are trusted, PEM; default: those that Node knows. */
  readonly ca?: string | undefined;
  /** Our own certificate, with those between it and the authority, and its private key; PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name that servers are asked for and that their certificate must be for; default: the endpoint's host. */
  readonly serverName?: string | undefined;
}

/** What holds for all phases of a run. Crosses threads by structured clone. */
export interface EngineSettings {
  /** Origin of the run's clock, CLOCK_MONOTONIC in ns. */
  readonly originNs: bigint;
  /** Threads wanted; fewer are started when there are not enough connections for each to have one to every endpoint. */
  readonly workers: number;
  /** Each worker sends to them in turn. */
  readonly endpoints: readonly Endpoint[];
  /** Which API the requests speak; decides how answers are read. */
  readonly api: Api;
  /** Whether the requests ask for a stream. An answer is read as what it says it is. */
  readonly streaming: boolean;
  /** A request unanswered for so long fails. */
  readonly requestTimeoutMs: number;
  /** A connection, with its TLS, that is not there after so long, or after `requestTimeoutMs`, has failed. */
  readonly connectTimeoutMs: number;
  /** Open connections at most, over all workers and endpoints; each worker keeps at least one to every endpoint. */
  readonly maxConnections: number;
  readonly pacing: Pacing;
  /** Probes a second to each worker, by which it measures how late it reads; default 0: none. */
  readonly probesPerSecond?: number | undefined;
  readonly connections: ConnectionUse;
  /** With `reuse`: a connection is closed once it has answered so many samples; default: never for that reason. */
  readonly requestsPerConnection?: number | undefined;
  /** Samples that are cancelled by plan; default: none. */
  readonly cancel?: CancelSettings | undefined;
  /** Check server certificates. */
  readonly tlsVerify: boolean;
  readonly tls?: TlsSettings | undefined;
  /** Of each endpoint: the proxy in front of it; default: none. May hold passwords: they are not recorded. */
  readonly proxies?: readonly (Proxy | undefined)[] | undefined;
  /** Of each endpoint: the addresses of its host, instead of a lookup; default: none are given. */
  readonly addresses?: readonly (readonly string[] | undefined)[] | undefined;
  /** The run's; default 0. */
  readonly seed?: number | undefined;
  /** What all responses of the process may hold together, by `createResponseMemory`; default: one of the default size. */
  readonly responseMemory?: SharedArrayBuffer | undefined;
  /** The requests, one arena an endpoint. */
  readonly arenas: readonly SharedArena[];
  /** Requests that get a salt of their own each time one is sent; default: none. Not with conversations. */
  readonly salt?: SaltSettings | undefined;
  /** Of each endpoint: where the heads of its requests name the sample; default: nowhere. */
  readonly slots?: readonly (readonly HeadSlot[])[] | undefined;
  /** Where a ticket begins a conversation; absent where it is one request. */
  readonly conversations?: ConversationSettings | undefined;
}

/** A phase placed on the clock and numbered. */
export interface PlacedPhase {
  readonly plan: PhasePlan;
  /** Number of the phase's first sample; without conversations, ticket i is sample `firstSampleSeq + i`. */
  readonly firstSampleSeq: number;
  /** Number of its first conversation, where there are some: ticket i is conversation `firstConversation + i`. */
  readonly firstConversation: number;
  /** When the plan's time 0 lies, ns since the run's origin. */
  readonly startNs: number;
}

/** Worker `index`'s part of `total` things shared out evenly, the remainder to the first workers. */
export function shareOf(total: number, index: number, workers: number): number {
  return Math.floor(total / workers) + (index < total % workers ? 1 : 0);
}
