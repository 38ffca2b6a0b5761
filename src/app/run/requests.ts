import { setImmediate } from 'node:timers/promises';
import type { RunConfig } from '../../config/schema.ts';
import { InferometerError } from '../../core/errors.ts';
import { countText } from '../../core/quantity-text.ts';
import { columnGroup } from '../../core/row-columns.ts';
import { NS_PER_MS } from '../../core/time.ts';
import { type RequestArena, RequestArenaBuilder } from '../../dataset/arena.ts';
import { type TurnEntry, type TurnTable, TurnTableBuilder } from '../../dataset/turn-table.ts';
import type { Dataset, DatasetRow } from '../../dataset/open-dataset.ts';
import { EMPTY_PROMPT_DATA, promptDataOf } from '../../dataset/prompt-data.ts';
import { datasetError, type RowValues } from '../../dataset/row.ts';
import type { ApiAdapter, RequestOptions } from '../../protocol/adapter.ts';
import { outputLimitOf } from '../../protocol/row-fields.ts';
import type { SaltAlphabet } from '../../dataset/salt.ts';
import type { SaltSettings } from '../../engine/salted-requests.ts';
import { asksWithImages } from '../../dataset/row-images.ts';
import { RowSalts } from './row-salts.ts';
import type { PlannedTurn } from '../../workload/dataset/planned-turns.ts';
import { PromptFrames } from './prompts.ts';

/** The rows of a dataset as requests. */
export interface BuiltRequests {
  /** One for each endpoint: they differ in their heads. */
  readonly arenas: readonly RequestArena[];
  /** What each row asks, as unsealed frames. */
  readonly promptFrames: readonly Uint8Array[];
  readonly rowCount: number;
  /** The conversations that the rows are turns of; undefined where each row is one. */
  readonly turns: TurnTable | undefined;
  /** Salts that change each time a request is sent; undefined for none. */
  readonly salt: SaltSettings | undefined;
  /** What is wrong with the rows that were left out, each with its place. */
  readonly skipped: readonly string[];
  /** Columns of which some row is not sent. */
  readonly unsentColumns: readonly string[];
  /** Columns that are sent as they are, and the models that rows name. */
  readonly passedColumns: readonly string[];
  readonly models: readonly string[];
  /** The largest limit of output tokens among the requests, over all their choices; null when one of them has none. */
  readonly outputLimit: number | null;
  /** Requests that ask for the prompt in front of a streamed response. */
  readonly echoes: number;
}

/** The head of a request whose body has so many bytes. */
export type EncodeHead = (bodyBytes: number) => string;

/** Bytes of a body at most: what one frame of the run log has room for, with the body in it. */
const MAX_BODY_BYTES = 2 ** 27;

/** Choices that a request may ask for: each is measured on its own, on each connection. */
const MAX_CHOICES = 1024;

/** Signals and the screen get their turn this often. */
const TURN_MS = 50;

/** Salts that the rows have already, as these are written: made-up prompts keep their length with them. */
interface Salted {
  readonly saltAlphabet?: SaltAlphabet | undefined;
}

/** What a run asks: rows, each a request of its own, or conversations of turns. */
export type Prompts = (Dataset & Salted) | Conversations;

export interface Conversations extends Pick<Dataset, 'name' | 'skipped'>, Salted {
  conversations(): Iterable<readonly PlannedTurn[]>;
}

/**
 * Makes the requests of a dataset, row by row: memory is that of what comes out. `onProgress` hears of the rows done so
 * far, some times a second. Throws `InferometerError` (input) with the place of a row that lacks what the API needs, unless such rows are
 * skipped.
 */
export async function buildRequests(
  prompts: Prompts,
  config: RunConfig,
  { adapter, streaming, heads, onProgress }: BuildOptions,
): Promise<BuiltRequests> {
  const builder = new RequestsBuilder(prompts, config, { adapter, streaming, heads });
  let turnEndsMs = performance.now() + TURN_MS;
  for (const part of 'rows' in prompts ? prompts.rows() : prompts.conversations()) {
    if ('place' in part) builder.addRow(part);
    else builder.addConversation(part);
    if (performance.now() < turnEndsMs) continue;
    onProgress?.(builder.rowCount);
    await setImmediate();
    turnEndsMs = performance.now() + TURN_MS;
  }
  return builder.finish();
}

export interface BuildOptions {
  readonly adapter: ApiAdapter;
  readonly streaming: boolean;
  /** Of each endpoint. */
  readonly heads: readonly EncodeHead[];
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** A request that was made of a row. */
interface BuiltRequest {
  readonly row: RowValues;
  readonly body: string;
  readonly bodyBytes: number;
  readonly choices: number;
  readonly outputLimit: number | undefined;
  readonly isEcho: boolean;
  readonly salt?: string | undefined;
}

/** Stands for the messages of a request that depend on responses. */
const MESSAGES_MARK = { role: 'user', content: '\u0001 messages \u0001' };

class RequestsBuilder {
  readonly #prompts: Prompts;
  readonly #config: RunConfig;
  readonly #adapter: ApiAdapter;
  readonly #options: RequestOptions;
  readonly #heads: readonly EncodeHead[];
  readonly #arenas: readonly RequestArenaBuilder[];
  readonly #salts: RowSalts | undefined;
  readonly #turns = new TurnTableBuilder();
  readonly #frames = new PromptFrames();
  readonly #unsent = new Set<string>();
  readonly #passed = new Set<string>();
  readonly #models = new Set<string>();
  readonly #skipped: string[] = [];
  #outputLimit: number | null = 0;
  #echoes = 0;
  rowCount = 0;

  constructor(prompts: Prompts, config: RunConfig, { adapter, streaming, heads }: BuildOptions) {
    this.#prompts = prompts;
    this.#config = config;
    this.#adapter = adapter;
    this.#options = requestOptions(config, streaming, (column) => this.#unsent.add(column));
    this.#heads = heads;
    this.#arenas = heads.map(() => new RequestArenaBuilder());
    const { salt, seed } = config;
    this.#salts = salt && new RowSalts(salt, seed, heads.length, prompts.saltAlphabet);
  }

  addRow(asked: DatasetRow): void {
    const request = this.#placed(asked.place, () => {
      if (!this.#adapter.isChat && asksWithImages(asked.values)) throw noImages(this.#config.api);
      const { row, salt } = this.#saltedRow(asked);
      return { ...this.#requestOf(row), salt };
    });
    if (request === undefined) return;
    this.#append(request, true);
    // What is compared with a query is no part of the prompt, but of the tokens.
    const isScored = this.#adapter.kind === 'scores';
    this.#frames.add(isScored ? EMPTY_PROMPT_DATA : promptDataOf(request.row));
  }

  get #isText(): boolean {
    return (this.#adapter.kind ?? 'text') === 'text';
  }

  /** All of its turns, or none. */
  addConversation(planned: readonly PlannedTurn[]): void {
    const turns: { readonly request: BuiltRequest; readonly entry: TurnEntry }[] = [];
    for (const turn of this.#saltedTurns(planned)) {
      const built = this.#placed(turn.place, () => this.#turnOf(turn));
      if (built === undefined) return;
      turns.push(built);
    }
    for (const { request, entry } of turns) {
      this.#append(request, entry.live === undefined);
      // What a server counts of a history is its own to say.
      const isKnown = entry.live === undefined || (entry.position === 0 && entry.forkOf === undefined);
      this.#frames.add(isKnown ? promptDataOf(request.row) : EMPTY_PROMPT_DATA);
    }
    this.#turns.add(turns.map(({ entry }) => entry));
  }

  finish(): BuiltRequests {
    if (this.rowCount === 0) {
      throw datasetError(this.#prompts.name, `has no usable row; the first one: ${this.#skipped[0]}`);
    }
    return {
      arenas: this.#arenas.map((arena) => arena.finish()),
      promptFrames: this.#frames.finish(),
      salt: this.#salts?.finish(),
      rowCount: this.rowCount,
      turns: this.#turns.conversationCount === 0 ? undefined : this.#turns.finish(),
      skipped: this.#skipped,
      unsentColumns: [...this.#unsent],
      passedColumns: [...this.#passed].filter((name) => !this.#unsent.has(name)),
      models: [...this.#models],
      outputLimit: this.#outputLimit,
      echoes: this.#echoes,
    };
  }

  #saltedRow({ values, place, salt }: DatasetRow): {
    readonly row: RowValues;
    readonly salt?: string | undefined;
  } {
    const isDone = this.#salts === undefined || salt !== undefined;
    return isDone ? { row: values, salt } : this.#salts.salted(values, this.rowCount, { place });
  }

  /** Each conversation has one salt, in the requests that begin its histories or bring them along. */
  #saltedTurns(planned: readonly PlannedTurn[]): readonly PlannedTurn[] {
    const salts = this.#salts;
    if (salts === undefined || this.#prompts.saltAlphabet !== undefined) return planned;
    const key = this.#turns.conversationCount;
    return planned.map((turn) => {
      const { isLive, position, forkOf, place } = turn;
      if (isLive && (position > 0 || forkOf !== undefined)) return turn;
      return { ...turn, row: salts.salted(turn.row, key, { place, isConversation: true }).row };
    });
  }

  /** Undefined for what is skipped. */
  #placed<T>(place: () => string, build: () => T): T | undefined {
    try {
      return build();
    } catch (error) {
      if (!(error instanceof InferometerError)) throw error;
      const placed = datasetError(place(), error.message, { cause: error });
      if (!this.#config.skip_bad_rows) throw placed;
      this.#skipped.push(placed.message);
      return undefined;
    }
  }

  #requestOf(row: RowValues): BuiltRequest {
    const request = this.#adapter.requestBody(row, this.#options);
    const body = JSON.stringify(request);
    const bodyBytes = Buffer.byteLength(body);
    if (bodyBytes > MAX_BODY_BYTES) throw tooLong(bodyBytes);
    const choices = this.#adapter.choicesOf(request);
    if (choices > MAX_CHOICES && this.#isText) throw tooManyChoices(choices);
    const isEcho = request.echo === true && request.stream === true;
    return { row, body, bodyBytes, choices, outputLimit: outputLimitOf(request), isEcho };
  }

  #turnOf(turn: PlannedTurn): { readonly request: BuiltRequest; readonly entry: TurnEntry } {
    const { row, isLive, waitsFor, thread, position, forkOf } = turn;
    // Other APIs write messages in another way.
    if (isLive && this.#config.api !== 'chat') throw noLiveHistory(this.#config.api);
    const entry = { ...{ waitsFor, thread, position, forkOf }, delayNs: this.#delayNs(turn) };
    const request = this.#requestOf(row);
    if (!isLive) return { request, entry };
    if (request.choices > 1) throw severalChoices(request.choices);
    const around = this.#requestOf({ ...row, messages: [MESSAGES_MARK] }).body;
    const [open, tail, ...rest] = around.split(JSON.stringify(MESSAGES_MARK));
    if (open === undefined || tail === undefined || rest.length > 0) throw noLiveHistory(this.#config.api);
    const messages = (row.messages as readonly unknown[]).map((message) => JSON.stringify(message)).join(',');
    return { request, entry: { ...entry, live: { open, tail, messages } } };
  }

  /** NaN: drawn when it is needed. */
  #delayNs({ delayMs }: PlannedTurn): number {
    const { ignore_delays: isIgnored, delay_cap_ms: capMs = Infinity } = this.#config.conversations ?? {};
    // Delays are on the clock of the trace, as its arrivals are.
    const { speed = 1 } = this.#config.load;
    return delayMs === null || isIgnored ? NaN : Math.round((Math.min(delayMs, capMs) / speed) * NS_PER_MS);
  }

  /** `isWhole`: the request is known now; else it is made when it goes out. */
  #append(request: BuiltRequest, isWhole: boolean): void {
    const { row, body, bodyBytes, choices, outputLimit, isEcho, salt } = request;
    const known = this.#outputLimit;
    this.#outputLimit =
      outputLimit === undefined || known === null ? null : Math.max(known, outputLimit * choices);
    for (const [index, arena] of this.#arenas.entries()) {
      const head = isWhole ? this.#heads[index]!(bodyBytes) : '';
      if (isWhole) arena.appendText(choices, head, body, bodyBytes);
      else arena.appendText(choices, '', '', 0);
      if (salt !== undefined) this.#salts?.place(index, head.length, body, salt);
    }
    if (isEcho) this.#echoes += 1;
    for (const name in row) if (columnGroup(name) === undefined) this.#passed.add(name);
    if (typeof row.model === 'string') this.#models.add(row.model);
    this.rowCount += 1;
  }
}

function requestOptions(
  config: RunConfig,
  streaming: boolean,
  onUnsent: (column: string) => void,
): RequestOptions {
  return {
    model: config.model,
    streaming,
    includeUsage: streaming && config.usage !== 'off',
    rowDecidesUsage: config.usage === 'auto',
    extra: config.extra,
    onUnsent,
    ...(config.max_output_tokens === undefined ? {} : { maxOutputTokens: config.max_output_tokens }),
    ...(config.limit_field === undefined ? {} : { limitField: config.limit_field }),
  };
}

function severalChoices(choices: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    `the request asks for ${countText(choices)} choices; a turn whose response goes into the history can have one`,
  );
}

function noImages(api: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    `has images, which --api ${api} does not take; use an API with messages, such as --api chat`,
  );
}

function noLiveHistory(api: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    `--api ${api} cannot repeat this server's responses; use --api chat, or --history recorded`,
  );
}

function tooManyChoices(choices: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    `the request asks for ${countText(choices)} choices; the limit is ${countText(MAX_CHOICES)}`,
  );
}

function tooLong(bytes: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    `the request has ${countText(bytes)} bytes; the limit is ${countText(MAX_BODY_BYTES)}`,
  );
}
