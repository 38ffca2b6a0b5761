import type { SampleOutcome } from '../events/sample-columns.ts';

/** What requests can be sorted by; the first is the order of the table unless another is asked for. */
export const REQUEST_SORTS = [
  ...(['issued', 'seq', 'conversation', 'turn', 'endpoint', 'model', 'outcome', 'error'] as const),
  ...(['issue_delay', 'ttft', 'tpot', 'latency', 'chunks', 'input_tokens', 'output_tokens'] as const),
] as const;
export type RequestSort = (typeof REQUEST_SORTS)[number];

/** Which requests, in which order: all parts must hold. */
export interface RequestQuery {
  readonly sort: RequestSort;
  readonly isDescending: boolean;
  readonly outcome?: SampleOutcome;
  readonly endpoint?: string;
  readonly model?: string;
  readonly error?: string;
  readonly conversation?: number;
  readonly turn?: number;
  /** Of a latency in this range, ends included; ms. */
  readonly minLatencyMs?: number;
  readonly maxLatencyMs?: number;
  /** Words, each of which must be found: a number of a request, or a part of any text of its row. */
  readonly search?: string;
}

/** A request in the table; times in ns, null for what never came or was not told. */
export interface RequestRow {
  readonly seq: number;
  /** Since the run's origin. */
  readonly issuedNs: number;
  readonly isMeasured: boolean;
  readonly outcome: SampleOutcome;
  readonly error: string | null;
  readonly finishReason: string | null;
  /** Null where the run had one only. */
  readonly endpoint: string | null;
  readonly model: string | null;
  readonly conversation: number | null;
  readonly turn: number | null;
  readonly datasetRow: number | null;
  readonly attempts: number;
  readonly issueDelayNs: number | null;
  readonly ttftNs: number | null;
  readonly tpotNs: number | null;
  readonly latencyNs: number | null;
  readonly chunks: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

/** Values that a filter can have; a list is empty where it would not tell requests apart. */
export interface RequestFacets {
  readonly outcomes: readonly SampleOutcome[];
  readonly endpoints: readonly string[];
  readonly models: readonly string[];
  readonly errors: readonly string[];
  readonly hasConversations: boolean;
}

/** A part of the table. */
export interface RequestPage {
  /** Requests in the log, those in the table, and those that the query found. */
  readonly recorded: number;
  readonly listed: number;
  readonly found: number;
  /** Wall clock at the run's origin, ISO 8601; null where nothing tells. */
  readonly startedAt: string | null;
  readonly facets: RequestFacets;
  readonly offset: number;
  readonly rows: readonly RequestRow[];
}

/** How far the reading of a log has come. */
export interface LogReading {
  readonly bytesRead: number;
  readonly bytes: number;
}

/** A text of a request, shortened to what a page can show. */
export interface ShownText {
  readonly text: string;
  readonly characters: number;
}

export interface RequestChunk {
  readonly atNs: number;
  readonly choice: number;
  /** The channels that begin with it. */
  readonly channels: readonly string[];
}

/** Something that happened to a request beside its chunks. */
export interface RequestEvent {
  readonly atNs: number;
  readonly what: string;
}

/** A request with all that the log tells of it. */
export interface RequestDetail {
  readonly row: RequestRow;
  readonly sampleId: string;
  readonly conversationId: string | null;
  readonly startedAt: string | null;
  readonly worker: number | null;
  readonly dueNs: number | null;
  readonly completedNs: number | null;
  readonly errors: readonly { readonly type: string; readonly message: ShownText; readonly atNs: number }[];
  readonly events: readonly RequestEvent[];
  /** The first of them, and how many there were. */
  readonly chunks: readonly RequestChunk[];
  readonly chunkCount: number;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
  /** Messages with their role, or one text; null where the log has none. */
  readonly prompt: readonly { readonly role: string | null; readonly content: ShownText }[] | null;
  readonly response: ShownText | null;
  readonly reasoning: ShownText | null;
  /** As JSON. */
  readonly toolCalls: ShownText | null;
  /** In the order of the query: numbers of the requests before and after, and the place among those found, from 0; null for none. */
  readonly previous: number | null;
  readonly next: number | null;
  readonly place: number | null;
  readonly found: number;
}

/** The requests of past runs. */
export interface RequestTables {
  /** Undefined when there is no run of that name. Reads its log first, which may take longer than one call: then tells how far it is. */
  page(
    name: string,
    query: RequestQuery,
    offset: number,
    limit: number,
  ): Promise<RequestPage | LogReading | undefined>;
  /** One request; undefined when there is none of that number. */
  request(name: string, seq: number, query: RequestQuery): Promise<RequestDetail | LogReading | undefined>;
}
