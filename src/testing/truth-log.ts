import { MOCK_APIS, type MockApi } from './mock-apis.ts';

/** How a request to the mock server ended. The position is the code in the log. */
export const OUTCOMES = [
  'pending',
  'ok',
  'aborted',
  'rejected',
  'status',
  'reset',
  'stall',
  'cut',
  'garbage',
  'error',
  'empty',
] as const;

/**
 * `pending`: not at its end yet. `aborted`: the client went away first. `rejected`: no valid request. The others are the failure
 * modes.
 */
export type Outcome = (typeof OUTCOMES)[number];

/**
 * What really happened to one request. Times are CLOCK_MONOTONIC, absolute ns; `null` for what did not happen. Bytes are handed to the kernel
 * at once unless the client has left so much unread that its socket is full.
 */
export interface TruthRecord {
  /** Place in the order of arrival, from 0. */
  readonly index: number;
  readonly api: MockApi;
  readonly stream: boolean;
  readonly status: number;
  readonly outcome: Outcome;
  /** The number behind a `#` that begins the prompt, by which its row can be recognised. */
  readonly promptNumber: number | null;
  readonly promptTokens: number;
  /** Tokens written. */
  readonly outputTokens: number;
  /** The read that returned the request's last byte. */
  readonly receivedNs: bigint;
  /** Just before the first token was handed to the kernel; without streaming, the whole answer. */
  readonly firstTokenNs: bigint | null;
  /** Just before the last bytes were handed to the kernel, or when the connection was found broken. */
  readonly endNs: bigint | null;
  /** As `firstTokenNs`, for each token; `null` when the answer was no stream, or there was no room to keep them. */
  readonly tokenNs: readonly bigint[] | null;
  /**
   * For each token, by how much earlier than told some of its bytes may have left (it went out in pieces), and by how much later all of
   * them (the write took that long); `null` as `tokenNs`.
   */
  readonly tokenEarlierNs: readonly number[] | null;
  readonly tokenLaterNs: readonly number[] | null;
  /** By how much later than told the last bytes may have left. */
  readonly endLaterNs: number;
}

export interface TruthLimits {
  /** Requests kept; later ones are only counted. Each takes about 50 bytes. */
  readonly requests: number;
  /** Token times kept in all, 16 bytes each; a request for whose tokens there is no room keeps none. */
  readonly tokenTimes: number;
}

export const DEFAULT_TRUTH_LIMITS: TruthLimits = { requests: 500_000, tokenTimes: 4_000_000 };

/** What is known of a request when it has arrived. */
export interface RequestFacts {
  readonly api: TruthRecord['api'];
  readonly stream: boolean;
  readonly promptNumber: number | null;
  readonly promptTokens: number;
  /** As ns since the origin. */
  readonly receivedNs: number;
  /** Token times to make room for, if it streams. */
  readonly plannedTokens: number;
}

/** Fields of a record; the position is the place within it. `NaN` stands for nothing. */
const Field = {
  receivedNs: 0,
  firstTokenNs: 1,
  endNs: 2,
  status: 3,
  outcome: 4,
  outputTokens: 5,
  promptTokens: 6,
  promptNumber: 7,
  api: 8,
  stream: 9,
  tokensAt: 10,
  endLaterNs: 11,
} as const;
const FIELDS = 12;

type Field = (typeof Field)[keyof typeof Field];

/** What the mock server did, in memory bounded by its limits and touched only as it is needed. */
export class TruthLog {
  readonly #originNs: bigint;
  readonly #records: Float64Array;
  readonly #tokenNs: Float64Array;
  readonly #tokenEarlierNs: Float32Array;
  readonly #tokenLaterNs: Float32Array;
  #count = 0;
  #dropped = 0;
  #reservedTokens = 0;
  /** Rises with each `clear`, so that a request begun before it leaves no mark behind it. */
  #generation = 0;

  /** `originNs`: what the times that go in count from. */
  constructor(originNs: bigint, limits: TruthLimits) {
    this.#originNs = originNs;
    this.#records = new Float64Array(limits.requests * FIELDS);
    this.#tokenNs = new Float64Array(limits.tokenTimes);
    this.#tokenEarlierNs = new Float32Array(limits.tokenTimes);
    this.#tokenLaterNs = new Float32Array(limits.tokenTimes);
  }

  /** Requests kept. */
  get count(): number {
    return this.#count;
  }

  /** Requests that found no room. */
  get dropped(): number {
    return this.#dropped;
  }

  begin(facts: RequestFacts): TruthEntry {
    if ((this.#count + 1) * FIELDS > this.#records.length) {
      this.#dropped += 1;
      return new TruthEntry(this, -1, this.#generation);
    }
    const slot = this.#count++;
    const tokensAt = facts.stream ? this.#reserve(facts.plannedTokens) : Number.NaN;
    const fields = [
      facts.receivedNs,
      Number.NaN,
      Number.NaN,
      0,
      OUTCOMES.indexOf('pending'),
      0,
      facts.promptTokens,
      facts.promptNumber ?? Number.NaN,
      MOCK_APIS.indexOf(facts.api),
      Number(facts.stream),
      tokensAt,
      0,
    ];
    this.#records.set(fields, slot * FIELDS);
    return new TruthEntry(this, slot, this.#generation);
  }

  /** Forgets all records, also those of requests that are still being answered. */
  clear(): void {
    this.#count = 0;
    this.#dropped = 0;
    this.#reservedTokens = 0;
    this.#generation += 1;
  }

  record(index: number): TruthRecord {
    const outputTokens = this.#get(index, Field.outputTokens);
    const tokensAt = this.#get(index, Field.tokensAt);
    const promptNumber = this.#get(index, Field.promptNumber);
    const ofTokens = <T extends Float64Array | Float32Array>(times: T) =>
      Number.isNaN(tokensAt) ? null : times.subarray(tokensAt, tokensAt + outputTokens);
    const tokenNs = ofTokens(this.#tokenNs);
    const earlierNs = ofTokens(this.#tokenEarlierNs);
    const laterNs = ofTokens(this.#tokenLaterNs);
    return {
      index,
      api: MOCK_APIS[this.#get(index, Field.api)]!,
      stream: this.#get(index, Field.stream) === 1,
      status: this.#get(index, Field.status),
      outcome: OUTCOMES[this.#get(index, Field.outcome)]!,
      promptNumber: Number.isNaN(promptNumber) ? null : promptNumber,
      promptTokens: this.#get(index, Field.promptTokens),
      outputTokens,
      receivedNs: this.#originNs + BigInt(this.#get(index, Field.receivedNs)),
      firstTokenNs: this.#absolute(this.#get(index, Field.firstTokenNs)),
      endNs: this.#absolute(this.#get(index, Field.endNs)),
      tokenNs: tokenNs && Array.from(tokenNs, (ns) => this.#originNs + BigInt(ns)),
      tokenEarlierNs: earlierNs && [...earlierNs],
      tokenLaterNs: laterNs && [...laterNs],
      endLaterNs: this.#get(index, Field.endLaterNs),
    };
  }

  /** For {@link TruthEntry}. */
  noteTokens(
    slot: number,
    generation: number,
    count: number,
    atNs: number,
    beganNs: number,
    writtenNs: number,
  ): void {
    if (slot < 0 || generation !== this.#generation) return;
    const before = this.#get(slot, Field.outputTokens);
    const tokensAt = this.#get(slot, Field.tokensAt);
    if (before === 0) this.#set(slot, Field.firstTokenNs, atNs);
    if (!Number.isNaN(tokensAt)) {
      const from = tokensAt + before;
      this.#tokenNs.fill(atNs, from, from + count);
      this.#tokenEarlierNs.fill(atNs - beganNs, from, from + count);
      this.#tokenLaterNs.fill(writtenNs - atNs, from, from + count);
    }
    this.#set(slot, Field.outputTokens, before + count);
  }

  /** For {@link TruthEntry}. */
  noteEnd(
    slot: number,
    generation: number,
    outcome: Outcome,
    status: number,
    atNs: number,
    writtenNs: number,
  ): void {
    if (slot < 0 || generation !== this.#generation) return;
    this.#set(slot, Field.endLaterNs, writtenNs - atNs);
    this.#set(slot, Field.outcome, OUTCOMES.indexOf(outcome));
    this.#set(slot, Field.status, status);
    this.#set(slot, Field.endNs, atNs);
  }

  #reserve(tokens: number): number {
    if (this.#reservedTokens + tokens > this.#tokenNs.length) return Number.NaN;
    const tokensAt = this.#reservedTokens;
    this.#reservedTokens += tokens;
    return tokensAt;
  }

  #get(slot: number, field: Field): number {
    return this.#records[slot * FIELDS + field]!;
  }

  #set(slot: number, field: Field, value: number): void {
    this.#records[slot * FIELDS + field] = value;
  }

  #absolute(ns: number): bigint | null {
    return Number.isNaN(ns) ? null : this.#originNs + BigInt(ns);
  }
}

/** The record of one request, to be filled in. Times are ns since the origin. */
export class TruthEntry {
  readonly #log: TruthLog;
  readonly #slot: number;
  readonly #generation: number;
  #isOpen = true;

  constructor(log: TruthLog, slot: number, generation: number) {
    this.#log = log;
    this.#slot = slot;
    this.#generation = generation;
  }

  /** False once it was told how the request ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The next `count` tokens were written: at `atNs`, their first bytes from `beganNs` on, and all of them by `writtenNs`. */
  tokens(count: number, atNs: number, beganNs = atNs, writtenNs = atNs): void {
    if (count > 0) this.#log.noteTokens(this.#slot, this.#generation, count, atNs, beganNs, writtenNs);
  }

  /** `writtenNs`: when the last bytes had left. */
  end(outcome: Outcome, status: number, atNs: number, writtenNs = atNs): void {
    this.#isOpen = false;
    this.#log.noteEnd(this.#slot, this.#generation, outcome, status, atNs, writtenNs);
  }
}

/** One line of `GET /truth`, with its line feed; times as decimal texts, since they pass 2^53. */
export function truthLine(record: TruthRecord, withTokens: boolean): string {
  const line = {
    index: record.index,
    api: record.api,
    stream: record.stream,
    status: record.status,
    outcome: record.outcome,
    prompt_number: record.promptNumber,
    prompt_tokens: record.promptTokens,
    output_tokens: record.outputTokens,
    received_ns: String(record.receivedNs),
    first_token_ns: record.firstTokenNs === null ? null : String(record.firstTokenNs),
    end_ns: record.endNs === null ? null : String(record.endNs),
    end_later_ns: record.endLaterNs,
    ...(withTokens && {
      token_ns: record.tokenNs?.map(String) ?? null,
      token_earlier_ns: record.tokenEarlierNs,
      token_later_ns: record.tokenLaterNs,
    }),
  };
  return `${JSON.stringify(line)}\n`;
}
