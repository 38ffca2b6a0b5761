import type { FirstIdleRule, TurnFailureRule } from '../core/conversation-rules.ts';
import type { DurationDistribution } from '../core/duration-distribution.ts';
import type { PluginFiles } from '../core/plugin-module.ts';
import type { GroupDimension } from '../core/sample-groups.ts';
import type { SharedArena } from '../dataset/arena.ts';
import type { SharedTurnTable } from '../dataset/turn-table.ts';
import type { PhasePlan, PlanSegment } from '../plan/plan.ts';
import type { Api } from '../protocol/adapters.ts';
import type { ReasoningHistory } from '../protocol/assistant-message.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import type { HeadSlot } from '../protocol/head-slots.ts';
import type { Proxy } from '../protocol/proxy.ts';
import type { CancelSettings } from './planned-cancels.ts';
import type { RepeatSalts } from './conversations/repeat-salted-requests.ts';
import type { BalanceName } from './endpoint-balance.ts';
import type { RetrySettings } from './retry-rules.ts';
import type { ModelSettings } from './sample-models.ts';
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

/** 1: HTTP/1.1, a request at a time on a connection. 2: HTTP/2, requests as streams of a session. */
export type HttpVersion = 1 | 2;

/** How conversations go on; crosses threads by structured clone. */
export interface ConversationRules {
  readonly onTurnFailure: TurnFailureRule;
  /** Only in closed loop; default: `continue`. */
  readonly onFirstIdle?: FirstIdleRule | undefined;
  /** The first conversations of a phase, as many as are under way at once, start with a turn that is drawn. Only in closed loop. */
  readonly startsMidway?: boolean | undefined;
  /** Each conversation has a connection of its own between its turns. */
  readonly keepsConnection?: boolean | undefined;
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
  /** The name of a header of responses that later requests of their conversation send back; default: none. */
  readonly sessionToken?: string | undefined;
  /** Requests that get another salt each time their conversation is sent; default: none. */
  readonly repeatSalts?: RepeatSalts | undefined;
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

/** One load generator's place among several. */
export interface EngineSegment extends PlanSegment {
  /** What the first worker is known as in the events of the run. */
  readonly firstWorker: number;
}

/** What holds for all phases of a run. Crosses threads by structured clone. */
export interface EngineSettings {
  /** Origin of the run's clock, CLOCK_MONOTONIC in ns. */
  readonly originNs: bigint;
  /** Threads wanted; fewer are started when there are not enough connections for each to have one to every endpoint. */
  readonly workers: number;
  /** The load generators that share the plan with this one; default: it is the only one. */
  readonly segment?: EngineSegment | undefined;
  readonly endpoints: readonly Endpoint[];
  /** How each worker spreads its samples over them; default: in turn. */
  readonly balance?: BalanceName | undefined;
  /** Which API the requests speak; decides how answers are read. */
  readonly api: Api;
  /** Plugins that each worker loads; default: none. */
  readonly plugins?: PluginFiles | undefined;
  /** Names of the models that they ask for, to see whether a response names another; undefined for APIs that name none. */
  readonly modelNames?: readonly string[] | undefined;
  /** Whether the requests ask for a stream. An answer is read as what it says it is. */
  readonly streaming: boolean;
  /** A request unanswered for so long fails. */
  readonly requestTimeoutMs: number;
  /** A connection, with its TLS, that is not there after so long, or after `requestTimeoutMs`, has failed. */
  readonly connectTimeoutMs: number;
  /**
   * Requests in flight at most, over all workers and endpoints, and so over HTTP/1.1 open connections; each worker has at least one to every
   * endpoint.
   */
  readonly maxConnections: number;
  readonly pacing: Pacing;
  /** Probes a second to each worker, by which it measures how late it reads; default 0: none. */
  readonly probesPerSecond?: number | undefined;
  /** Tell when a response was last read, at each beat; default: not, as it costs a look at each connection. */
  readonly watchesReads?: boolean | undefined;
  readonly connections: ConnectionUse;
  /** Version of HTTP that is spoken; default 1, which is HTTP/1.1. */
  readonly http?: HttpVersion | undefined;
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
  /** Which failures are tried again; default: none. */
  readonly retry?: RetrySettings | undefined;
  /** Which model each request is for; default: all are for one. */
  readonly models?: ModelSettings | undefined;
  /** How the samples are divided, in the order of the digits of their group numbers; default: not at all. */
  readonly groups?: readonly GroupDimension[] | undefined;
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
