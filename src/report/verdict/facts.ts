import type { ClientErrorBounds } from '../client-error.ts';
import type { ClientFacts } from '../run-facts.ts';
import type { ResponseFacts } from '../response-facts.ts';
import type { ReceptionFacts } from '../run-facts.ts';
import type { RetryFacts } from '../retry-facts.ts';
import type { SampleAccount } from '../sample-account.ts';
import type { SteeringFacts } from '../steering-facts.ts';
import type { AgentFacts } from '../../core/agent-news.ts';
import type { JudgedMetric } from '../../core/judged-metrics.ts';

type ClientHealth = Omit<
  ClientFacts,
  'workers' | 'pacing' | 'resent' | 'strayMessages' | 'singleUseEndpoints'
>;

/** What a verdict rests on; null where it is not known, and then not judged. */
export interface VerdictFacts {
  readonly state: string;
  readonly pendingTaskCount: number;
  /** The run was told to stop before its plan was done. */
  readonly stoppedEarly: boolean;
  /** Why, where nobody did it by hand. */
  readonly endReason?: string | null;
  readonly samples: SampleAccount;
  readonly mostFrequentError: string | null;
  /** Samples that failed for want of ports or descriptors on our side. */
  readonly clientLimitErrors: number;
  /** A phase ended early because it had used up the numbers for its samples. */
  readonly isSampleLimitReached?: boolean;
  /** Event frames that neither the stream nor the run log could give. */
  readonly lostFrames: number;
  /** Bytes in corrupt places of the run log. */
  readonly corruptBytes: number;
  /** Whole frames of the run log whose content could not be used. */
  readonly malformedFrames: number;
  /** Bytes behind the last whole frame of the run log. */
  readonly tornBytes: number;
  readonly client: ClientHealth | null;
  /** Who recorded the run, where it was not us: a run of ours that has no `client` yet is not judged by it, one of others is. */
  readonly loadGenerator?: string | null;
  /** How far each metric may be off; null where lateness was not measured, and is then judged by `client`. */
  readonly clientError: ClientErrorBounds | null;
  /** The load generators that shared the run; missing or empty where there was one alone. */
  readonly agents?: readonly AgentFacts[];
  /** Null when nobody touched the load. */
  readonly steering: SteeringFacts | null;
  /** Null or missing where nothing was retried. */
  readonly retries?: RetryFacts | null;
  /** Requests are turns of conversations: the requested rate is that at which these begin, and says nothing of their turns. */
  readonly hasConversations: boolean;
  /** The highest one asked for; null in closed loop, where nothing is due. */
  readonly requestedRatePerSecond: number | null;
  /** The plan has stages of different rates, and that is their average. */
  readonly doesRateChange: boolean;
  /** Requests in flight at most, where the run was given such a limit: what it holds back was meant to wait. */
  readonly maxInFlight?: number | null;
  /** No slower than requests really went out. */
  readonly issueRateAtMostPerSecond: number | null;
  readonly issueDelayP99Ns: number | null;
  readonly medianResponseLatencyNs: number | null;
  /** Median of the shortest time measured: TTFT of a stream, else latency. */
  readonly medianServiceNs: number | null;
  /** The metrics the run has. */
  readonly metrics: readonly JudgedMetric[];
  /** Values behind the latency percentiles. */
  readonly latencyCount: number;
  /** The highest percentile that an SLO is about; missing or null without one. */
  readonly claimedPercentile?: number | null;
  /** The largest limit of output tokens sent; missing or null when a request had none. */
  readonly outputLimit?: number | null;
  /** Tokens of the responses, as the server or the tokenizer counts them. */
  readonly outputTokens?: { readonly median: number; readonly max: number } | null;
  /** What is notable about the responses; missing or null where that is not known. */
  readonly responses?: Pick<ResponseFacts, 'succeeded' | 'empty' | 'unstreamed'> | null;
  /** An endpoint is on the machine that sent the load. */
  readonly isEndpointHere?: boolean;
  /** Output tokens were to be counted: responses are text, and the program that measured them counts. Default true: they were. */
  readonly isCounted?: boolean;
  /** Rows of the dataset that were left out. */
  readonly skippedRows?: number;
  /** Another program sent the load, and its events were aggregated. */
  readonly isAggregated?: boolean;
  /** What is missing for how its events were received; null or missing for a run of our own. */
  readonly reception?: ReceptionFacts | null;
  /** Rows whose request asks for the prompt in front of a streamed response. */
  readonly echoRows?: number;
}
