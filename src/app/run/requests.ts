import { setImmediate } from 'node:timers/promises';
import { inputError } from '../../config/input-error.ts';
import { modelsOf } from '../../config/models.ts';
import type { RunConfig } from '../../config/schema.ts';
import { InferometerError } from '../../core/errors.ts';
import { countText } from '../../core/quantity-text.ts';
import { columnGroup } from '../../core/row-columns.ts';
import { NS_PER_MS } from '../../core/time.ts';
import { type ArenaMemory, type RequestArena, RequestArenaBuilder } from '../../dataset/arena.ts';
import { type TurnEntry, type TurnTable, TurnTableBuilder } from '../../dataset/turn-table.ts';
import type { Dataset, DatasetRow } from '../../dataset/open-dataset.ts';
import { EMPTY_PROMPT_DATA, promptDataOf } from '../../dataset/prompt-data.ts';
import { datasetError, type RowValues } from '../../dataset/row.ts';
import type { ApiAdapter, RequestOptions } from '../../protocol/adapter.ts';
import { aroundHistory, historyItems } from '../../protocol/live-history.ts';
import { outputLimitOf } from '../../protocol/row-fields.ts';
import type { SaltAlphabet } from '../../dataset/salt.ts';
import type { RepeatSalts } from '../../engine/conversations/repeat-salted-requests.ts';
import type { SaltSettings } from '../../engine/salted-requests.ts';
import { asksWithImages } from '../../dataset/row-images.ts';
import { type ConversationSalts, createConversationSalts } from './conversation-salts.ts';
import { RowModels } from './row-models.ts';
import { ThreadSystems } from './thread-systems.ts';
import { RowSalts } from './row-salts.ts';
import type { PlannedTurn } from '../../workload/dataset/planned-turns.ts';
import { PromptFrames } from './prompts.ts';

/** The rows of a run's datasets as requests. */
export interface BuiltRequests {
  /** One for each endpoint: they differ in their heads. */
  readonly arenas: readonly RequestArena[];
  /** What each row asks, as unsealed frames. */
  readonly promptFrames: readonly Uint8Array[];
  readonly rowCount: number;
  readonly parts: readonly BuiltPart[];
  /** The conversations that the rows are turns of; undefined where each row is one. */
  readonly turns: TurnTable | undefined;
  /** Salts that change each time a request is sent; undefined for none. */
  readonly salt: SaltSettings | undefined;
  /** Those that change each time a conversation is sent; undefined for none. */
  readonly repeatSalts: RepeatSalts | undefined;
  /** What is wrong with the rows that were left out, each with its place. */
  readonly skipped: readonly string[];
  /** Columns of which some row is not sent. */
  readonly unsentColumns: readonly string[];
  /** Columns that are sent as they are, and the models that rows name. */
  readonly passedColumns: readonly string[];
  readonly models: readonly string[];
  /** Which model each request is for. */
  readonly rowModels: RowModels;
  /** The largest limit of output tokens among the requests, over all their choices; null when one of them has none. */
  readonly outputLimit: number | null;
  /** Their mean, likewise. */
  readonly meanOutputLimit: number | null;
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

/** Salts that the rows have already, as these are written: generated prompts keep their length with them. */
interface Salted {
  readonly saltAlphabet?: SaltAlphabet | undefined;
}

/** What a run asks: rows, each a request of its own, or conversations of turns. */
export type Prompts = (Dataset & Salted) | Conversations;

export interface Conversations extends Pick<Dataset, 'name' | 'skipped'>, Salted {
  conversations(): Iterable<readonly PlannedTurn[]>;
}

/** What is sent, and the settings that hold for it. */
export interface RequestPart {
  readonly prompts: Prompts;
  readonly config: RunConfig;
}

/** Where the requests of a part are among all. A ticket is a row, or the conversation that rows are turns of. */
export interface BuiltPart {
  readonly firstTicket: number;
  readonly ticketCount: number;
  readonly rowCount: number;
}

/**
 * Makes the requests of datasets, one part after another and row by row: memory is that of what comes out. `onProgress` hears of the rows done so
 * far, some times a second. Throws `InferometerError` (input) with the place of a row that lacks what the API needs, unless such rows are
 * skipped.
 */
export async function buildRequests(
  parts: readonly RequestPart[],
  options: BuildOptions,
): Promise<BuiltRequests> {
  const { onProgress } = options;
  const { salt } = parts[0]!.config;
  const repeatSalts = salt?.position === 'mlcommons' ? await createConversationSalts(options) : undefined;
  const builder = new RequestsBuilder(parts, options, repeatSalts);
  let turnEndsMs = performance.now() + TURN_MS;
  for (const part of parts) {
    const { prompts } = part;
    builder.beginPart(part);
    for (const asked of 'rows' in prompts ? prompts.rows() : prompts.conversations()) {
      if ('place' in asked) builder.addRow(asked);
      else builder.addConversation(asked);
      if (performance.now() < turnEndsMs) continue;
      onProgress?.(builder.rowCount);
      await setImmediate();
      turnEndsMs = performance.now() + TURN_MS;
    }
    builder.endPart();
  }
  return builder.finish();
}

export interface BuildOptions {
  readonly adapter: ApiAdapter;
  readonly streaming: boolean;
  /** Of each endpoint. */
  readonly heads: readonly EncodeHead[];
  /** The ids of conversations go into headers. */
  readonly sendsConversationIds: boolean;
  /** For the requests; default: as much as they take. */
  readonly memory?: ArenaMemory | undefined;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** A request that was made of a row. */
interface BuiltRequest {
  readonly row: RowValues;
  /** As text, or as bytes where it is not JSON. */
  readonly body: string;
  readonly bytes: Uint8Array | undefined;
  readonly bodyBytes: number;
  readonly choices: number;
  readonly outputLimit: number | undefined;
  readonly isEcho: boolean;
  /** Where the body names the model, and what the row says of that. */
  readonly nameAt: number;
  readonly ownModel: string | undefined;
  readonly salt?: string | undefined;
}

/** What can be the value of a header. */
const HEADER_TEXT = /^[\x20-\x7e]*$/;

class RequestsBuilder {
  #part: RequestPart;
  readonly #parts: BuiltPart[] = [];
  /** What there was when the part began. */
  #begun = { ticket: 0, row: 0, skipped: 0 };
  readonly #adapter: ApiAdapter;
  readonly #options: RequestOptions;
  readonly #heads: readonly EncodeHead[];
  readonly #arenas: readonly RequestArenaBuilder[];
  readonly #salts: RowSalts | undefined;
  readonly #conversationSalts: ConversationSalts | undefined;
  readonly #sendsConversationIds: boolean;
  readonly #turns: TurnTableBuilder;
  readonly #frames: PromptFrames;
  readonly #unsent = new Set<string>();
  readonly #passed = new Set<string>();
  readonly #models = new Set<string>();
  readonly #rowModels: RowModels;
  readonly #skipped: string[] = [];
  #outputLimit: number | null = 0;
  #outputLimitSum = 0;
  #echoes = 0;
  rowCount = 0;

  constructor(
    parts: readonly RequestPart[],
    { adapter, streaming, heads, sendsConversationIds, memory }: BuildOptions,
    conversationSalts: ConversationSalts | undefined,
  ) {
    this.#conversationSalts = conversationSalts;
    this.#sendsConversationIds = sendsConversationIds;
    const [first] = parts as [RequestPart];
    this.#part = first;
    // What differs from part to part is what is sent and when.
    const { config } = first;
    this.#adapter = adapter;
    this.#rowModels = new RowModels(modelsOf(config));
    this.#options = {
      ...requestOptions(config, streaming, (column) => this.#unsent.add(column)),
      model: this.#rowModels.model,
    };
    this.#heads = heads;
    this.#arenas = heads.map(() => new RequestArenaBuilder(memory));
    this.#turns = new TurnTableBuilder(memory);
    this.#frames = new PromptFrames(memory);
    const { salt, seed } = config;
    if (salt !== undefined && salt.position !== 'mlcommons') {
      const { position, per } = salt;
      this.#salts = new RowSalts({ position, per }, seed, heads.length, saltAlphabetOf(parts));
    }
  }

  beginPart(part: RequestPart): void {
    this.#part = part;
    this.#begun = {
      ticket: this.#ticketCount,
      row: this.rowCount,
      skipped: this.#skipped.length,
    };
  }

  endPart(): void {
    const { ticket, row, skipped } = this.#begun;
    const rowCount = this.rowCount - row;
    if (rowCount === 0) {
      throw datasetError(this.#prompts.name, `has no usable row; the first one: ${this.#skipped[skipped]}`);
    }
    this.#parts.push({ firstTicket: ticket, ticketCount: this.#ticketCount - ticket, rowCount });
  }

  get #ticketCount(): number {
    return 'rows' in this.#prompts ? this.rowCount : this.#turns.conversationCount;
  }

  get #prompts(): Prompts {
    return this.#part.prompts;
  }

  get #config(): RunConfig {
    return this.#part.config;
  }

  addRow(asked: DatasetRow): void {
    const request = this.#placed(asked.place, () => {
      if (!this.#adapter.isChat && asksWithImages(asked.values)) throw noImages(this.#config.api);
      const { row, salt } = this.#saltedRow(asked);
      return { ...this.#requestOf(row), salt };
    });
    if (request === undefined) return;
    this.#append(request, true);
    // What is compared with a query, or heard, is no part of the prompt, but of the tokens.
    const isMore = this.#adapter.kind === 'scores' || this.#adapter.sendsAudio === true;
    this.#frames.add(isMore || this.#isSpilling ? EMPTY_PROMPT_DATA : promptDataOf(request.row));
  }

  /** There is no more memory for requests: nor for what they ask in the run log. */
  get #isSpilling(): boolean {
    return this.#arenas[0]!.isSpilling;
  }

  get #isText(): boolean {
    return (this.#adapter.kind ?? 'text') === 'text';
  }

  /** All of its turns, or none. */
  addConversation(planned: readonly PlannedTurn[]): void {
    const turns: { readonly request: BuiltRequest; readonly entry: TurnEntry }[] = [];
    const systems = new ThreadSystems();
    for (const turn of this.#saltedTurns(planned)) {
      const built = this.#placed(turn.place, () => this.#turnOf(turn, systems));
      if (built === undefined) return;
      turns.push(built);
    }
    for (const { request, entry } of turns) {
      this.#append(request, entry.live === undefined);
      // What a server counts of a history is its own to say.
      const isKnown = entry.live === undefined || (entry.position === 0 && entry.forkOf === undefined);
      this.#frames.add(isKnown && !this.#isSpilling ? promptDataOf(request.row) : EMPTY_PROMPT_DATA);
    }
    this.#turns.add(turns.map(({ entry }) => entry));
  }

  finish(): BuiltRequests {
    return {
      arenas: this.#arenas.map((arena) => arena.finish()),
      promptFrames: this.#frames.finish(),
      salt: this.#salts?.finish(),
      repeatSalts: this.#conversationSalts?.finish(),
      rowCount: this.rowCount,
      parts: this.#parts,
      turns: this.#turns.conversationCount === 0 ? undefined : this.#turns.finish(),
      skipped: this.#skipped,
      unsentColumns: [...this.#unsent],
      passedColumns: [...this.#passed].filter((name) => !this.#unsent.has(name)),
      models: [...this.#models],
      rowModels: this.#rowModels,
      outputLimit: this.#outputLimit,
      meanOutputLimit: this.#outputLimit === null ? null : this.#outputLimitSum / this.rowCount,
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
    const conversationSalts = this.#conversationSalts;
    if (conversationSalts !== undefined) return planned.map((turn) => conversationSalts.salted(turn));
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
    const bytes = this.#adapter.encodeBody?.(request);
    const { body, nameAt } = this.#rowModels.placed(bytes === undefined ? JSON.stringify(request) : '');
    const bodyBytes = bytes?.length ?? Buffer.byteLength(body);
    if (bodyBytes > MAX_BODY_BYTES) throw tooLong(bodyBytes);
    const choices = this.#adapter.choicesOf(request);
    if (choices > MAX_CHOICES && this.#isText) throw tooManyChoices(choices);
    const isEcho = request.echo === true && request.stream === true;
    const ownModel = this.#ownModel(request, row);
    return {
      ...{
        row,
        body,
        bytes,
        bodyBytes,
        choices,
        outputLimit: outputLimitOf(request),
        isEcho,
        nameAt,
        ownModel,
      },
    };
  }

  #ownModel(request: Readonly<Record<string, unknown>>, row: RowValues): string | undefined {
    const named = 'model' in request ? request.model : row.model;
    const isOwn = this.#adapter.namesModel && typeof named === 'string' && named !== '';
    return isOwn && named !== this.#options.model ? named : undefined;
  }

  #turnOf(
    turn: PlannedTurn,
    systems: ThreadSystems,
  ): { readonly request: BuiltRequest; readonly entry: TurnEntry } {
    const { row, isLive, waitsFor, thread, position, forkOf, conversationId, turnNumber } = turn;
    if (this.#sendsConversationIds && !HEADER_TEXT.test(conversationId ?? ''))
      throw noHeader(conversationId!);
    const entry = {
      ...{ waitsFor, thread, position, forkOf, conversationId, turnNumber },
      delayNs: this.#delayNs(turn),
    };
    const { history } = this.#adapter;
    if (!isLive) return { request: this.#requestOf(row), entry };
    if (history === undefined) throw noLiveHistory(this.#config.api);
    const own = row.messages as readonly unknown[];
    const whole = history.liftsSystem === true ? { ...row, messages: systems.with(turn, own) } : row;
    const request = this.#requestOf(whole);
    if (this.#config.conversations?.warm_trajectories === true) throw noMidway();
    if (request.choices > 1) throw severalChoices(request.choices);
    const around = aroundHistory(this.#adapter.requestBody(whole, this.#options), history);
    if (around === undefined) throw noLiveHistory(this.#config.api);
    const { body: open, nameAt } = this.#rowModels.placed(around.open);
    // Behind the messages the name of a model would move with them.
    if (this.#rowModels.placed(around.tail).nameAt >= 0) throw noLiveHistory(this.#config.api);
    const live = { open, tail: around.tail, messages: historyItems(this.#adapter, own) };
    return { request: { ...request, nameAt }, entry: { ...entry, live } };
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
    const { row, body, bytes, bodyBytes, choices, outputLimit, isEcho, salt } = request;
    const known = this.#outputLimit;
    this.#outputLimit =
      outputLimit === undefined || known === null ? null : Math.max(known, outputLimit * choices);
    this.#outputLimitSum += (outputLimit ?? 0) * choices;
    for (const [index, arena] of this.#arenas.entries()) {
      const head = isWhole ? this.#heads[index]!(bodyBytes) : '';
      if (bytes !== undefined) arena.append(choices, Buffer.concat([Buffer.from(head, 'latin1'), bytes]));
      else if (isWhole) arena.appendText(choices, head, body, bodyBytes);
      else arena.appendText(choices, '', '', 0);
      if (salt !== undefined) this.#salts?.place(index, head.length, body, salt);
      this.#conversationSalts?.place(index, head.length, body);
    }
    this.#rowModels.add({ body, nameAt: request.nameAt }, request.ownModel);
    if (isEcho) this.#echoes += 1;
    for (const name in row) if (columnGroup(name) === undefined) this.#passed.add(name);
    if (typeof row.model === 'string') this.#models.add(row.model);
    this.rowCount += 1;
  }
}

/** Of the salts that rows have already; they are replaced alike in all of them. */
function saltAlphabetOf(parts: readonly RequestPart[]): SaltAlphabet | undefined {
  const alphabets = parts.map(({ prompts }) => prompts.saltAlphabet);
  const [first] = alphabets;
  if (alphabets.every((alphabet) => (alphabet === undefined) === (first === undefined))) return first;
  throw inputError('--salt: the prompts of all phases must come from datasets, or all be synthetic');
}

function requestOptions(
  config: RunConfig,
  streaming: boolean,
  onUnsent: (column: string) => void,
): Omit<RequestOptions, 'model'> {
  return {
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
    `--api ${api} cannot repeat this server's responses; use an API of messages, such as --api chat, or --history recorded`,
  );
}

function noMidway(): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    '--warm-trajectories starts conversations partway through, before this server has said anything; use --history recorded',
  );
}

function noHeader(conversationId: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    `the id of the conversation goes into a header, so it must be printable ASCII (got ${JSON.stringify(conversationId)})`,
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
